package signature

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// storedKey is the stored form of a key.
type storedKey struct {
	PKCS8     []byte    `json:"pkcs8"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	SignsFrom time.Time `json:"signs_from,omitzero"`
	RetiredAt time.Time `json:"retired_at,omitzero"`
}

// Marshal encodes the keys. The result contains the private keys and must be stored sealed.
func (k Keys) Marshal() ([]byte, error) {
	stored := make([]storedKey, len(k))
	for i, key := range k {
		der, err := x509.MarshalPKCS8PrivateKey(key.Private)
		if err != nil {
			return nil, fmt.Errorf("encoding a signing key: %w", err)
		}
		stored[i] = storedKey{der, key.CreatedAt, key.SignsFrom, key.RetiredAt}
	}
	return json.Marshal(stored)
}

// Unmarshal decodes what Marshal returned. It returns no keys for nil.
func Unmarshal(encoded []byte) (Keys, error) {
	if encoded == nil {
		return nil, nil
	}
	var stored []storedKey
	if err := json.Unmarshal(encoded, &stored); err != nil {
		return nil, errors.New("the stored signing keys cannot be read")
	}
	keys := make(Keys, len(stored))
	for i, s := range stored {
		parsed, err := x509.ParsePKCS8PrivateKey(s.PKCS8)
		private, ok := parsed.(crypto.Signer)
		if err != nil || !ok {
			return nil, errors.New("a stored signing key cannot be read")
		}
		if keys[i], err = newKey(private); err != nil {
			return nil, err
		}
		keys[i].CreatedAt, keys[i].SignsFrom, keys[i].RetiredAt = s.CreatedAt, s.SignsFrom, s.RetiredAt
	}
	return keys, nil
}

// Public returns the key set for verifiers (RFC 7517). Each key is in it once, even if it was listed twice, because
// verifiers look keys up by id.
func (k Keys) Public() jose.JSONWebKeySet {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range k {
		if len(set.Key(key.ID)) > 0 {
			continue
		}
		set.Keys = append(set.Keys,
			jose.JSONWebKey{Key: key.Private.Public(), KeyID: key.ID, Algorithm: key.Alg, Use: "sig"})
	}
	return set
}
