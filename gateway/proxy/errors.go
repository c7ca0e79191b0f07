package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// Cause describes what broke a connection. The texts of net/http are not for the log: they quote what could not be
// read, which may be a cookie, and name addresses with their queries.
func Cause(err error) string {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.As(err, &network):
		return network.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	case IsTimeout(err):
		return "nothing came in time"
	default:
		return "what came cannot be read"
	}
}

// IsTimeout reports whether a time limit caused an error.
func IsTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
