package journey

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Sealer encrypts and authenticates what a store keeps; package seal has one.
type Sealer interface {
	Seal(label, id string, parts ...[]byte) []byte
	Open(label, id string, sealed []byte) ([]byte, error)
	OpenInPlace(label, id string, sealed []byte) ([]byte, error) // overwrites sealed
	KeyID(sealed []byte) (string, bool)                          // of the secret that sealed it
	Knows(keyID string) bool
	Newest() string // the id of the secret that seals
	// DeriveAll returns a key of n bytes for another purpose from each secret, newest first.
	DeriveAll(label string, n int) [][]byte
}

// Codec seals journeys, held requests, replies and named values, and opens them again, in the same way for every store.
type Codec struct{ Sealer }

// Part names a sealed part of a journey. It is also the label under which the part is sealed.
type Part string

// The parts that a store keeps beside the journey itself.
const (
	PartRequest Part = "request"
	PartReply   Part = "reply"
)

// Content is a [HeldRequest] or a [Reply].
type Content interface{ encode() ([][]byte, error) }

// ErrDoesNotOpen marks an [ErrDamaged] of a record that was not set aside before.
var ErrDoesNotOpen = errors.New("does not open")

// DoesNotOpen returns the error of a part that cannot be used, for the given reason.
func DoesNotOpen(part Part, id ID, reason error) error {
	return fmt.Errorf("%w: the %s of %s %w: %w", ErrDamaged, part, id, ErrDoesNotOpen, reason)
}

const partJourney Part = "journey"

// SealJourney seals a journey under the newest secret.
func (c Codec) SealJourney(j Journey) ([]byte, error) {
	plain, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("storing the journey %s: %w", j.ID, err)
	}
	return c.Seal(string(partJourney), string(j.ID), plain), nil
}

// OpenJourney opens what SealJourney sealed. The error is [ErrDoesNotOpen] if anything is wrong with it.
func (c Codec) OpenJourney(id ID, sealed []byte) (j Journey, err error) {
	plain, err := c.Open(string(partJourney), string(id), sealed)
	if err == nil {
		err = json.Unmarshal(plain, &j)
	}
	if err != nil {
		return Journey{}, DoesNotOpen(partJourney, id, err)
	}
	return j, nil
}

// SealContent seals a request or a reply under the newest secret.
func (c Codec) SealContent(part Part, id ID, content Content) ([]byte, error) {
	encoded, err := content.encode()
	if err != nil {
		return nil, fmt.Errorf("storing the %s of %s: %w", part, id, err)
	}
	return c.Seal(string(part), string(id), encoded...), nil
}

// OpenRequest opens a sealed request, which it overwrites.
func (c Codec) OpenRequest(id ID, sealed []byte) (HeldRequest, error) {
	return openContent(c, PartRequest, id, sealed, decodeHeldRequest)
}

// OpenReply opens a sealed reply, which it overwrites.
func (c Codec) OpenReply(id ID, sealed []byte) (Reply, error) {
	return openContent(c, PartReply, id, sealed, decodeReply)
}

func openContent[T Content](
	c Codec, part Part, id ID, sealed []byte, decode func([]byte) (T, error),
) (content T, err error) {
	plain, err := c.OpenInPlace(string(part), string(id), sealed)
	if err == nil {
		content, err = decode(plain)
	}
	if err != nil {
		var none T
		return none, DoesNotOpen(part, id, err)
	}
	return content, nil
}

// Renew seals a request or a reply again, under the newest secret. One that does not open is left as it is: reading it
// reports the damage.
func (c Codec) Renew(part Part, id ID, sealed []byte) []byte {
	if keyID, _ := c.KeyID(sealed); keyID == c.Newest() {
		return sealed
	}
	plain, err := c.Open(string(part), string(id), sealed)
	if err != nil {
		return sealed
	}
	return c.Seal(string(part), string(id), plain)
}

// SealValue seals a named value under the newest secret.
func (c Codec) SealValue(name string, plain []byte) []byte { return c.Seal("value", name, plain) }

// OpenValue opens what SealValue sealed. The error is [ErrDamaged] if it was altered.
func (c Codec) OpenValue(name string, sealed []byte) ([]byte, error) {
	plain, err := c.Open("value", name, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: the value %q: %w", ErrDamaged, name, err)
	}
	return plain, nil
}

// MissingSecret returns the error of a start that would leave open journeys unfinished.
func MissingSecret(open int) error {
	return fmt.Errorf("holds %d open journeys sealed under a secret that PAYGATE_SECRETS no longer lists; "+
		"put the old secret back, after the new one", open)
}
