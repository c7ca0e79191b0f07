package dial

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// Reason says, without the address, why the service gave no answer within a timeout, and what can be done.
func Reason(err error, timeout time.Duration) string {
	var (
		untrusted x509.UnknownAuthorityError
		otherName x509.HostnameError
		invalid   x509.CertificateInvalidError
		notTLS    tls.RecordHeaderError
		noName    *net.DNSError
		wrapped   *url.Error
	)
	switch {
	case errors.As(err, &untrusted):
		return "its certificate was not signed by an authority trusted here; PAYGATE_UPSTREAM_CA_FILE adds a root"
	case errors.As(err, &otherName):
		return "its certificate is not for the name in PAYGATE_UPSTREAM"
	case errors.As(err, &invalid):
		return "its certificate is not valid: " + invalid.Error()
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &notTLS):
		return "it does not speak https; should PAYGATE_UPSTREAM begin with http://?"
	case errors.As(err, &noName):
		return "its name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing is listening there"
	case IsTimeout(err):
		return "no answer in " + timeout.String()
	case errors.As(err, &wrapped):
		return wrapped.Err.Error()
	default:
		return err.Error()
	}
}

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
