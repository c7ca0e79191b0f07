package metrics_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/metrics"
	"paygate/internal/testserver"
)

func TestCertificatesAndDisksAreWatched(t *testing.T) {
	t.Parallel()
	certFile, keyFile := testserver.WriteCertificate(t, "service.example") // valid for an hour
	m := metrics.New(&fakeStore{}, nil, nil, time.Now)
	m.AddCertificate("public", certFile, keyFile, func() time.Time { return time.Now().Add(2 * time.Hour) })
	m.AddCertificate("staff", "", "", time.Now)
	m.AddCertificate("other", keyFile, keyFile, time.Now)
	m.AddDisk("store", t.TempDir())
	m.AddDisk("spool", filepath.Join(t.TempDir(), "gone"))

	_, text := scrape(t, m)
	require.Regexp(t, `paygate_certificate_remaining_seconds{listener="public"} -3[56]\d\d`, text)
	lines := strings.Split(text, "\n")
	require.Contains(t, lines, `paygate_certificate_remaining_seconds{listener="staff"} +Inf`)
	require.Contains(t, lines, `paygate_certificate_remaining_seconds{listener="other"} 0`)
	require.Regexp(t, `paygate_disk_free_ratio{use="store"} (0|1|[0-9.e-]+)\n`, text)
	require.Contains(t, lines, `paygate_disk_free_ratio{use="spool"} NaN`)
}
