package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"paygate/gateway/config"
	"paygate/gateway/spool"
	"paygate/internal/memlimit"
)

// How long a request waits for memory. Large requests that are held and those that are delivered have limits of their
// own, so that neither waits for the other. A citizen waits for the first, the end of the process for the second.
const (
	citizenWait  = 45 * time.Second
	deliveryWait = 20 * time.Second
)

// newMemoryLimit returns a limit of a few requests of the usual size. A request that is held is in memory up to three
// times: as it came, sealed, and in the page that the store writes.
func newMemoryLimit(timeout time.Duration) *memlimit.Limit {
	return memlimit.New(memlimit.Options{Bytes: 24 << 20, Free: spool.InMemory, Timeout: timeout})
}

// newSpool returns a spool in the first folder that takes files: beside the store, which is the only place in a
// container that can be written, or where the system has its temporary files.
func newSpool(ctx context.Context, s config.Store, log *slog.Logger) *spool.Spool {
	folders := []string{os.TempDir()}
	if s.Kind == config.Bbolt {
		folders = []string{filepath.Dir(s.Path), os.TempDir()}
	}
	bodies := spool.New(spool.Options{Folders: folders, MaxOnDisk: 4 << 30,
		Acquire: newMemoryLimit(citizenWait).Acquire})
	if !bodies.OnDisk() {
		log.WarnContext(ctx,
			"no folder takes files, so that few large requests can come in at a time; TMPDIR may name one")
	}
	return bodies
}
