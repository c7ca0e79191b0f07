// Package signature signs what tells the service that a request is paid for, and verifies it. The assertion is a compact
// JWS bound to one request; the headers beside it say the same in clear text.
package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
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

// Key is one signing key.
type Key struct {
	ID        string
	Alg       string
	Private   crypto.Signer
	RetiredAt time.Time // zero while it signs
}

// Generate makes a key: RSA of 2048 bits, or ECDSA on P-256.
func Generate(alg string) (Key, error) {
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
	return newKey(private)
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

// ParsePEM reads a private key in PKCS #8, PKCS #1 or SEC 1.
func ParsePEM(text []byte) (Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return Key{}, errors.New("no PEM in it")
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return Key{}, fmt.Errorf("it holds a %s, not an unencrypted private key", block.Type)
	}
	if err != nil {
		return Key{}, errors.New("the private key in it cannot be read")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return Key{}, errors.New("a signing key is RSA, or ECDSA on P-256")
	}
	return newKey(private)
}

// Keys are the signing keys, newest first: the first signs, all are published.
type Keys []Key

// Rotate is the keys as they should be now: one of the wanted algorithm first, made if need be, and replaced ones only as
// long as they are published.
func (k Keys) Rotate(alg string, now time.Time) (Keys, error) {
	if len(k) > 0 && k[0].Alg == alg {
		return k.published(now), nil
	}
	fresh, err := Generate(alg)
	if err != nil {
		return nil, err
	}
	rotated := Keys{fresh}
	for _, old := range k {
		if old.RetiredAt.IsZero() {
			old.RetiredAt = now
		}
		rotated = append(rotated, old)
	}
	return rotated.published(now), nil
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

// storedKey is how a key is kept.
type storedKey struct {
	PKCS8     []byte    `json:"pkcs8"`
	RetiredAt time.Time `json:"retired_at,omitzero"`
}

// Marshal makes bytes to be kept sealed: the private keys lie open in them.
func (k Keys) Marshal() ([]byte, error) {
	stored := make([]storedKey, len(k))
	for i, key := range k {
		der, err := x509.MarshalPKCS8PrivateKey(key.Private)
		if err != nil {
			return nil, fmt.Errorf("keeping a signing key: %w", err)
		}
		stored[i] = storedKey{der, key.RetiredAt}
	}
	return json.Marshal(stored)
}

// Unmarshal reads what Marshal made; of nil, it makes no keys.
func Unmarshal(kept []byte) (Keys, error) {
	if kept == nil {
		return nil, nil
	}
	var stored []storedKey
	if err := json.Unmarshal(kept, &stored); err != nil {
		return nil, errors.New("the kept signing keys cannot be read")
	}
	keys := make(Keys, len(stored))
	for i, s := range stored {
		parsed, err := x509.ParsePKCS8PrivateKey(s.PKCS8)
		private, ok := parsed.(crypto.Signer)
		if err != nil || !ok {
			return nil, errors.New("a kept signing key cannot be read")
		}
		if keys[i], err = newKey(private); err != nil {
			return nil, err
		}
		keys[i].RetiredAt = s.RetiredAt
	}
	return keys, nil
}

// Public is the key set that verifiers need.
func (k Keys) Public() jose.JSONWebKeySet {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range k {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Private.Public(), KeyID: key.ID, Algorithm: key.Alg, Use: "sig"})
	}
	return set
}

// Handler serves the key set.
func (k Keys) Handler() http.Handler {
	text, err := json.Marshal(k.Public())
	if err != nil {
		panic(err) // public keys of our own making
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("Paygate-Answer", "yes")
		_, _ = w.Write(text)
	})
}
