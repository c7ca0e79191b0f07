package command

import (
	"crypto/tls"
	"log/slog"
)

// Certificate returns the certificate that a listener with these files uses for its next connection.
func Certificate(certFile, keyFile string) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	c, err := loadCertificate("PAYGATE_TLS", certFile, keyFile, slog.New(slog.DiscardHandler))
	return c.get, err
}
