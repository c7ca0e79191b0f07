package signature

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// ParsePEM reads the first private key in PKCS #8, PKCS #1 or SEC 1. Public, encrypted and weak keys are refused; no error
// repeats what the text holds.
func ParsePEM(text []byte) (Key, error) {
	block, rest := pem.Decode(text)
	for block != nil && block.Type == "EC PARAMETERS" { // openssl ecparam -genkey writes the curve's name first
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return Key{}, errors.New("no PEM block of a key in it")
	}
	private, err := parsePrivate(block)
	if err != nil {
		return Key{}, err
	}
	return newKey(private)
}

func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the key in it is encrypted; Paygate needs it without a passphrase")
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
		return nil, errors.New("it holds something else than a private key")
	}
	if err != nil {
		return nil, errors.New("the private key in it cannot be read")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("a signing key is RSA, or ECDSA on P-256")
	}
	return private, nil
}

// PEM is the private key in PKCS #8, as [ParsePEM] reads it. A secret.
func (k Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, fmt.Errorf("writing a signing key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// PublicPEM is the public half, for verifiers that do not read key sets.
func (k Key) PublicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	if err != nil {
		return nil, fmt.Errorf("writing a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
