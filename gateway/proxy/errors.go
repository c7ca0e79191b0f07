package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// Cause describes an error of a connection for the log. The texts of net/http are not fit for it: they quote data that
// could not be read, which may be a cookie, and addresses with their queries.
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
		return "nothing arrived in time"
	default:
		return "the data cannot be read"
	}
}

// IsTimeout reports whether a time limit caused an error.
func IsTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
