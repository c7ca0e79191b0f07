package config

import "maps"

// Move is what moving everything from one store to another needs.
type Move struct {
	From, To Store
	Secrets  [][]byte // newest first, 32 bytes each
}

// LoadMove checks both stores, written as in PAYGATE_STORE, and reads PAYGATE_SECRETS or its file from an environment: no other
// setting has to be there. The error is of type Faults.
func LoadMove(environ []string, from, to string) (Move, error) {
	c := &checker{}
	environment := environmentOf(environ)
	maps.DeleteFunc(environment, func(name, _ string) bool {
		return name != "PAYGATE_SECRETS" && name != "PAYGATE_SECRETS_FILE"
	})
	c.readSecretFiles(environment)
	m := Move{
		From: c.store("-from", from), To: c.store("-to", to),
		Secrets: c.keys("PAYGATE_SECRETS", parse[variables](environment, prefix).Secrets),
	}
	if m.From == m.To && from != "" {
		c.fault("-to", "is the same store as -from")
	}
	return m, c.result()
}
