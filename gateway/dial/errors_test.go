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
	for _, c := range []struct {
		err    error
		reason string
	}{
		{x509.UnknownAuthorityError{}, "its certificate was not signed by an authority trusted here"},
		{x509.HostnameError{}, "its certificate is not for the name in PAYGATE_UPSTREAM"},
		{
			x509.CertificateInvalidError{Reason: x509.Expired},
			"its certificate is not valid: x509: certificate has expired",
		},
		{tls.RecordHeaderError{}, "it does not speak https"},
		{fmt.Errorf("http: %w", http.ErrSchemeMismatch), "it does not speak https"},
		{&net.DNSError{}, "its name cannot be resolved"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "nothing is listening there"},
		{context.DeadlineExceeded, "no answer in 15s"},
		{errors.New("an odd thing"), "an odd thing"},
	} {
		require.Contains(t, dial.Reason(c.err, 15*time.Second), c.reason)
		wrapped := dial.Reason(&url.Error{Op: "Get", URL: "http://secret/", Err: c.err}, 15*time.Second)
		require.Contains(t, wrapped, c.reason)
		require.NotContains(t, wrapped, "secret")
	}
}
