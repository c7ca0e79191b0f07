package command

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"

	"paygate/gateway/config"
)

// staffClient returns a client for the staff listener. If a file has its certificate, the client accepts only that one,
// for whatever name: the address is usually one of loopback, which certificates do not name.
func staffClient(c config.Client) (*http.Client, error) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if c.CertFile == "" {
		return client, nil
	}
	known, err := readCertificate(c.CertFile)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{
		MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, // VerifyConnection verifies more strictly
		VerifyConnection: func(s tls.ConnectionState) error {
			if !s.PeerCertificates[0].Equal(known) {
				return errCertificate
			}
			return nil
		},
	}
	client.Transport = transport
	return client, nil
}

var errCertificate = errors.New("its certificate is not the one in PAYGATE_STAFF_TLS_CERT_FILE")

// readCertificate reads the first certificate in a file: the listener's own. Those of its issuers follow.
func readCertificate(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading PAYGATE_STAFF_TLS_CERT_FILE: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("PAYGATE_STAFF_TLS_CERT_FILE has no certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}
