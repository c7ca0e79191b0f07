package dial_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/dial"
)

func TestReasonSaysWhatCanBeDone(t *testing.T) {
	t.Parallel()
	for reason, err := range map[string]error{
		"no authority that is trusted here signed its certificate; PAYGATE_UPSTREAM_CA_FILE adds a root": x509.UnknownAuthorityError{},
		"its certificate is for other names than the one in PAYGATE_UPSTREAM":                            x509.HostnameError{},
		"it does not speak https there; should PAYGATE_UPSTREAM begin with http://?":                     tls.RecordHeaderError{},
		"its name cannot be resolved": &net.DNSError{},
		"nothing listens there":       &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"no answer in 15s":            context.DeadlineExceeded,
		"an odd thing":                errors.New("an odd thing"),
	} {
		require.Equal(t, reason, dial.Reason(err, 15*time.Second))
		require.Equal(t, reason, dial.Reason(&url.Error{Op: "Get", URL: "http://secret/", Err: err}, 15*time.Second))
	}
	mismatch := fmt.Errorf("http: %w", http.ErrSchemeMismatch)
	require.Contains(t, dial.Reason(mismatch, time.Second), "does not speak https")
	invalid := x509.CertificateInvalidError{Reason: x509.Expired, Detail: "long ago"}
	require.Contains(t, dial.Reason(invalid, time.Second), "its certificate is not valid: x509: certificate has expired")
}
