package paysim

import (
	"crypto/rand"
	"fmt"
)

// newID returns an id like Pay's: 26 characters of lower-case base-32-hex (FACTS 1.2).
func newID() string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv"
	var random [26]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	for i := range random {
		random[i] = alphabet[random[i]&31]
	}
	return string(random[:])
}

// newProviderID returns an id like those of a provider: Stripe's begin with pi_, the others' are UUIDs.
func newProviderID(provider string) string {
	if provider == "stripe" {
		return "pi_" + newID()[:24]
	}
	return newUUID()
}

// token is a next_url. It works once, except in browsers that have opened its payment (FACTS 4.1).
type token struct {
	payment *payment
	used    bool
}

// newToken creates another next_url. Older ones remain valid (FACTS 3.5).
func (s *Simulator) newToken(p *payment) string {
	name := newUUID()
	s.tokens[name] = &token{payment: p}
	return name
}

func newUUID() string {
	var random [16]byte
	_, _ = rand.Read(random[:])
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
}
