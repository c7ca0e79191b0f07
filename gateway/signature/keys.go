// Package signature signs and verifies the headers that tell the service that a request is paid for. The assertion is a
// compact JWS bound to one request. The other headers say the same in clear text.
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

// The algorithms. Plain OpenSSL verifies RS256 on any old stack.
const (
	RS256 = "RS256"
	ES256 = "ES256"
)

// publishedFor is how long a replaced key stays published: longer than any assertion signed with it is valid.
const publishedFor = 7 * 24 * time.Hour

// announcedFor is how long a key that replaces another is published before it signs: longer than verifiers cache a key
// set, and longer than another replica needs to notice it.
const announcedFor = 10 * time.Minute

// Key is one signing key.
type Key struct {
	ID        string // short form of its thumbprint (RFC 7638): the kid in the header and the key set
	Alg       string // RS256 or ES256
	Private   crypto.Signer
	CreatedAt time.Time // zero for a key that came in a file
	SignsFrom time.Time // in the future for the next key, which is published early; zero: at once
	RetiredAt time.Time // when the next key takes over; zero for the newest
}

// Generate makes a key that may sign at once: RSA with 2048 bits, or ECDSA on P-256.
func Generate(alg string, now time.Time) (Key, error) {
	var private crypto.Signer
	var err error
	switch alg {
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return Key{}, fmt.Errorf("%q is not a signing algorithm", alg)
	}
	if err != nil {
		return Key{}, fmt.Errorf("making a signing key: %w", err)
	}
	key, err := newKey(private)
	key.CreatedAt = now
	return key, err
}

// newKey names a key by its thumbprint (RFC 7638), so that every replica gives it the same name.
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
			return "", errors.New("an ECDSA key must be on the curve P-256")
		}
		return ES256, nil
	default:
		return "", errors.New("a signing key must be RSA, or ECDSA on P-256")
	}
}

// Keys are the signing keys, newest first. All are published. They must not be changed once in use.
type Keys []Key

// Rotate returns the keys as they should be now: the first has the wanted algorithm, and is made if necessary; replaced
// keys stay as long as they are published. The very first key signs at once. A key that replaces another signs 10
// minutes later.
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

// Announce puts a new key first. It is published at once, and signs from the given time on, so that verifiers know it
// before it is used. The previous keys sign until then, and stay published for 7 more days.
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

// ErrNoKey means that there are no keys.
var ErrNoKey = errors.New("there is no key to sign with")

// Signing returns the key that signs now: the newest whose time has come. If they were all made while our clock was
// ahead, it is the oldest, because verifiers have known that one longest.
func (k Keys) Signing(now time.Time) (Key, error) {
	if len(k) == 0 {
		return Key{}, ErrNoKey
	}
	i := slices.IndexFunc(k, func(key Key) bool { return !now.Before(key.SignsFrom) })
	if i < 0 {
		i = len(k) - 1
	}
	return k[i], nil
}

func (k Keys) published(now time.Time) Keys {
	var published Keys
	for _, key := range k {
		if key.RetiredAt.IsZero() || now.Before(key.RetiredAt.Add(publishedFor)) {
			published = append(published, key)
		}
	}
	return published
}
