package config

import (
	"errors"
	"maps"
	"strings"
)

// LoadSecrets reads PAYGATE_SECRETS, or the file that PAYGATE_SECRETS_FILE names, for a command that needs no other setting.
// The error is of type Faults.
func LoadSecrets(environ []string) ([][]byte, error) {
	c := &checker{}
	environment := environmentOf(environ)
	maps.DeleteFunc(environment, func(name, _ string) bool {
		return name != "PAYGATE_SECRETS" && name != "PAYGATE_SECRETS_FILE"
	})
	c.readSecretFiles(environment)
	secrets := c.keys("PAYGATE_SECRETS", parse[variables](environment, prefix).Secrets)
	return secrets, c.result()
}

// ParseStore reads a store as PAYGATE_STORE names it. The error does not quote it.
func ParseStore(value string) (Store, error) {
	switch path, isFile := strings.CutPrefix(value, "bbolt:"); {
	case isFile && path != "":
		return Store{Kind: "bbolt", Path: path}, nil
	case strings.HasPrefix(value, "postgres://"), strings.HasPrefix(value, "postgresql://"):
		return Store{Kind: "postgres", Path: value}, nil
	default:
		return Store{}, errors.New("must be bbolt:PATH or postgres://…")
	}
}
