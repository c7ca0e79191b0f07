package signature

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
)

// ParsePEM reads the first private key in PKCS #8, PKCS #1 or SEC 1. It refuses public, encrypted and weak keys. Errors
// never quote the text.
func ParsePEM(text []byte) (Key, error) {
	block, rest := pem.Decode(text)
	for block != nil && block.Type == "EC PARAMETERS" { // openssl ecparam -genkey writes the curve's name first
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return Key{}, errors.New("it contains no PEM block with a key")
	}
	private, err := parsePrivate(block)
	if err != nil {
		return Key{}, err
	}
	return newKey(private)
}

func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("its key is encrypted; Paygate needs one without a passphrase")
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
		return nil, errors.New("it does not contain a private key")
	}
	if err != nil {
		return nil, errors.New("its private key cannot be read")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("a signing key must be RSA, or ECDSA on P-256")
	}
	return private, nil
}
