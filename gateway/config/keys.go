package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"paygate/gateway/signature"
)

// ReadSigningKeys reads the PEM files of PAYGATE_SIGNING_KEYS, newest first.
func ReadSigningKeys(files []string) (signature.Keys, error) {
	var keys signature.Keys
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("PAYGATE_SIGNING_KEYS: file %d cannot be read", i+1)
		}
		key, err := signature.ParsePEM(text)
		if err != nil {
			return nil, fmt.Errorf("PAYGATE_SIGNING_KEYS: file %d: %w", i+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// ReadUpstreamRoots reads PAYGATE_UPSTREAM_CA_FILE. It returns a configuration that trusts the system's roots and the
// certificates in the file, or nil if there is no file.
func ReadUpstreamRoots(file string) (*tls.Config, error) {
	return readRoots("PAYGATE_UPSTREAM_CA_FILE", file)
}

// readRoots reads the file that a setting names.
func readRoots(setting, file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil // net/http's own default
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.New(setting + " cannot be read")
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New(setting + " contains no certificate")
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}
