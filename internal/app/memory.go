package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"paygate/gateway/config"
	"paygate/gateway/metrics"
	"paygate/gateway/spool"
	"paygate/internal/memlimit"
)

// How long a request waits for memory. Holding and delivering large requests have separate limits, so that neither
// waits for the other. A citizen waits for the first; shutdown waits for the second.
const (
	citizenWait  = 45 * time.Second
	deliveryWait = 20 * time.Second
)

// newMemoryLimit returns a limit for a few requests of the usual size. A request that is being held is in memory up to
// three times: as it arrived, sealed, and in the page that the store writes.
func newMemoryLimit(timeout time.Duration) *memlimit.Limit {
	return memlimit.New(memlimit.Options{Bytes: 24 << 20, Free: spool.InMemory, Timeout: timeout})
}

// newSpool returns a spool in the first writable folder: the store's, often the only one in a container, or the
// system's folder for temporary files.
func newSpool(ctx context.Context, s config.Store, log *slog.Logger) *spool.Spool {
	bodies := spool.New(spool.Options{
		Folders: spoolFolders(s), MaxOnDisk: 4 << 30,
		Acquire: newMemoryLimit(citizenWait).Acquire,
	})
	if !bodies.OnDisk() {
		log.WarnContext(ctx,
			"no folder is writable, so only a few large requests can be received at a time; set TMPDIR to one that is")
	}
	return bodies
}

func spoolFolders(s config.Store) []string {
	if s.Kind == config.Bbolt {
		return []string{filepath.Dir(s.Path), os.TempDir()}
	}
	return []string{os.TempDir()}
}

// watchMachine adds the metrics of certificates and disks.
func watchMachine(counted *metrics.Metrics, s config.Settings, now func() time.Time) {
	counted.AddCertificate("public", s.TLSCertFile, s.TLSKeyFile, now)
	counted.AddCertificate("staff", s.StaffTLSCertFile, s.StaffTLSKeyFile, now)
	counted.AddDisk("spool", spoolFolders(s.Store)[0])
	if s.Store.Kind == config.Bbolt {
		counted.AddDisk("store", filepath.Dir(s.Store.Path))
	}
}
