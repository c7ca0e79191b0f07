// Package seal encrypts personal data before it is stored: AES-256-GCM under a key of its own for every record,
// derived by HKDF-SHA-256 from the newest of an ordered list of secrets. Any secret of the list opens what it sealed.
//
// An envelope is version (1 byte) | key id (8) | salt (32) | nonce (12) | ciphertext and tag (16). The record's label
// and id are bound into key and authentication, so that an envelope moved to another record does not open.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	version   = 1
	idBytes   = 8
	saltBytes = 32
	header    = 1 + idBytes + saltBytes
	overhead  = 12 + 16 // nonce and tag
)

// NewSecret returns a random secret as the settings write it: 32 bytes in base64url.
func NewSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(secret)
}

// fingerprint is the HKDF info for key ids. It differs from the form of labels, so that no derived key is a key id.
const fingerprint = "paygate-secret-fingerprint"

var (
	// ErrUnknownKey reports a record sealed under a secret that is not listed, or no longer listed.
	ErrUnknownKey = errors.New("sealed under a secret that is not listed")
	// ErrDamaged reports an envelope that was altered, truncated, or made for another record.
	ErrDamaged = errors.New("the sealed record is damaged")
)

// Sealer seals and opens records. It is safe for concurrent use.
type Sealer struct {
	keys []key // newest first
}

type key struct {
	id     string // idBytes raw
	secret []byte
}

// New returns a Sealer. The secrets are 32 bytes each, newest first, and all different.
func New(secrets [][]byte) (*Sealer, error) {
	s := &Sealer{}
	if len(secrets) == 0 {
		return nil, errors.New("no secret to seal with")
	}
	for _, secret := range secrets {
		if len(secret) != 32 {
			return nil, fmt.Errorf("a secret has %d bytes instead of 32", len(secret))
		}
		id := derive(secret, nil, fingerprint, idBytes)
		if _, known := s.find(string(id)); known {
			return nil, errors.New("a secret is listed twice")
		}
		s.keys = append(s.keys, key{string(id), bytes.Clone(secret)})
	}
	return s, nil
}

// Seal encrypts the concatenated parts under the newest secret, for the record with this label and id.
// It copies them once, into the envelope.
func (s *Sealer) Seal(label, id string, parts ...[]byte) []byte {
	newest := s.keys[0]
	size := header + overhead
	for _, part := range parts {
		size += len(part)
	}
	out := make([]byte, header, size)
	out[0] = version
	copy(out[1:], newest.id)
	salt := out[1+idBytes : header]
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	plain := out[header:]
	for _, part := range parts {
		plain = append(plain, part...)
	}
	return newest.gcm(salt, label, id).Seal(out, nil, plain, bind(label, id))
}

// Open decrypts what Seal made for the same label and id. Errors are [ErrUnknownKey] and [ErrDamaged]; after an error
// it returns no part of the text.
func (s *Sealer) Open(label, id string, sealed []byte) ([]byte, error) {
	return s.open(nil, label, id, sealed)
}

// OpenInPlace is like Open, but writes the text over the envelope, which is lost even after an error.
func (s *Sealer) OpenInPlace(label, id string, sealed []byte) ([]byte, error) {
	if len(sealed) < header {
		return nil, ErrDamaged
	}
	return s.open(sealed[header:header], label, id, sealed)
}

// open appends the plain text to dst.
func (s *Sealer) open(dst []byte, label, id string, sealed []byte) ([]byte, error) {
	if len(sealed) < header || sealed[0] != version {
		return nil, ErrDamaged
	}
	k, known := s.find(string(sealed[1 : 1+idBytes]))
	if !known {
		return nil, ErrUnknownKey
	}
	plain, err := k.gcm(sealed[1+idBytes:header], label, id).Open(dst, nil, sealed[header:], bind(label, id))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// KeyID returns the hexadecimal id of the secret that sealed something. The id does not reveal the secret. KeyID
// reports false if sealed is not an envelope.
func (s *Sealer) KeyID(sealed []byte) (string, bool) {
	if len(sealed) < header || sealed[0] != version {
		return "", false
	}
	return hex.EncodeToString(sealed[1 : 1+idBytes]), true
}

// Knows reports whether the secret with this id is listed.
func (s *Sealer) Knows(keyID string) bool {
	raw, err := hex.DecodeString(keyID)
	if err != nil {
		return false
	}
	_, known := s.find(string(raw))
	return known
}

// Newest returns the id of the secret that seals.
func (s *Sealer) Newest() string { return hex.EncodeToString([]byte(s.keys[0].id)) }

// Derive returns a key of n bytes, at most 8,160, for another purpose, made from the newest secret.
func (s *Sealer) Derive(label string, n int) []byte { return s.DeriveAll(label, n)[0] }

// DeriveAll returns a key of n bytes for another purpose from each secret, newest first.
func (s *Sealer) DeriveAll(label string, n int) [][]byte {
	keys := make([][]byte, len(s.keys))
	for i, k := range s.keys {
		keys[i] = derive(k.secret, nil, info(label), n)
	}
	return keys
}

func (s *Sealer) find(id string) (key, bool) {
	for _, k := range s.keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}

// gcm returns the cipher of one record. With a key per record, random nonces do not collide.
func (k key) gcm(salt []byte, label, id string) cipher.AEAD {
	block, err := aes.NewCipher(derive(k.secret, salt, info(label)+id, 32))
	if err != nil {
		panic(err) // 32 bytes are always valid
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func derive(secret, salt []byte, info string, n int) []byte {
	out, err := hkdf.Key(sha256.New, secret, salt, info, n)
	if err != nil {
		panic(err) // only for more than 8,160 bytes
	}
	return out
}

func info(label string) string { return "paygate " + label + " v1" }

// bind joins version, label and id so that no two records have the same bytes; the tag authenticates them.
func bind(label, id string) []byte {
	out := binary.AppendUvarint([]byte{version}, uint64(len(label)))
	return append(append(out, label...), id...)
}
