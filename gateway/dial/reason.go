package dial

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
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
		slow      net.Error
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
	case errors.As(err, &slow) && slow.Timeout():
		return "no answer in " + timeout.String()
	case errors.As(err, &wrapped):
		return wrapped.Err.Error()
	default:
		return err.Error()
	}
}
