// Package signature signs what tells the service that a request is paid for, and verifies it. The assertion is a compact
// JWS bound to one request; the headers beside it say the same in clear text.
package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The algorithms. RS256 is checked by plain OpenSSL on any old stack.
const (
	RS256 = "RS256"
	ES256 = "ES256"
)

// publishedFor is how long a replaced key stays published: longer than any assertion signed with it lives.
const publishedFor = 7 * 24 * time.Hour

// announcedFor is how long a key that replaces another is published before it signs: longer than verifiers keep a key set,
// and than another replica takes to see it.
const announcedFor = 10 * time.Minute

// Key is one signing key.
type Key struct {
	ID        string // short form of its thumbprint (RFC 7638): the kid of the header and the key set
	Alg       string // RS256 or ES256
	Private   crypto.Signer
	CreatedAt time.Time // zero for a key that came in a file
	SignsFrom time.Time // later than now for the next key, which is published ahead; zero for a key that may sign at once
	RetiredAt time.Time // when the next key takes over; zero for the newest
}

// Generate makes a key that may sign at once: RSA of 2048 bits, or ECDSA on P-256.
func Generate(alg string, now time.Time) (Key, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return Key{}, fmt.Errorf("%q is no signing algorithm", alg)
	}
	if err != nil {
		return Key{}, fmt.Errorf("making a signing key: %w", err)
	}
	key, err := newKey(private)
	key.CreatedAt = now
	return key, err
}

// newKey names a key by its thumbprint (RFC 7638), so that every replica calls it the same.
func newKey(private crypto.Signer) (Key, error) {
	alg, err := algOf(private)
	if err != nil {
		return Key{}, err
	}
	thumbprint, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("naming a signing key: %w", err)
	}
	return Key{ID: base64.RawURLEncoding.EncodeToString(thumbprint[:12]), Alg: alg, Private: private}, nil
}

func algOf(private crypto.Signer) (string, error) {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < 2048 {
			return "", errors.New("an RSA key needs at least 2048 bits")
		}
		return RS256, nil
	case *ecdsa.PrivateKey:
		if key.Curve != elliptic.P256() {
			return "", errors.New("an ECDSA key has to be on the curve P-256")
		}
		return ES256, nil
	default:
		return "", errors.New("a signing key is RSA, or ECDSA on P-256")
	}
}

// Keys are the signing keys, newest first; all are published. Not to be changed once in use.
type Keys []Key

// Rotate is the keys as they should be now: one of the wanted algorithm first, made if need be, and replaced ones only as
// long as they are published. The first key of all signs at once, and one that replaces another 10 minutes later.
func (k Keys) Rotate(alg string, now time.Time) (Keys, error) {
	if len(k) > 0 && k[0].Alg == alg {
		return k.published(now), nil
	}
	from := now
	if len(k) > 0 {
		from = now.Add(announcedFor)
	}
	return k.Announce(alg, now, from)
}

// Announce puts a new key first, published at once, that signs from a later moment on: verifiers then know it before
// they meet it. The keys so far sign until then, and stay published 7 days longer.
func (k Keys) Announce(alg string, now, from time.Time) (Keys, error) {
	next, err := Generate(alg, now)
	if err != nil {
		return nil, err
	}
	next.SignsFrom = from
	announced := append(Keys{next}, k...)
	for i := 1; i < len(announced); i++ {
		if old := &announced[i]; old.RetiredAt.IsZero() || old.RetiredAt.After(from) {
			old.RetiredAt = from
		}
	}
	return announced.published(now), nil
}

// ErrNoKey: there is no key that signs at this moment.
var ErrNoKey = errors.New("there is no key to sign with")

// Signing is the key that signs now: the newest whose time has come.
func (k Keys) Signing(now time.Time) (Key, error) {
	i := slices.IndexFunc(k, func(key Key) bool { return !now.Before(key.SignsFrom) })
	if i < 0 {
		return Key{}, ErrNoKey
	}
	return k[i], nil
}

func (k Keys) published(now time.Time) Keys {
	var kept Keys
	for _, key := range k {
		if key.RetiredAt.IsZero() || now.Before(key.RetiredAt.Add(publishedFor)) {
			kept = append(kept, key)
		}
	}
	return kept
}
