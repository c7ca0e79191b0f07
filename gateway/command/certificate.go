package command

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is that of a listener. It follows its files: a certificate that was renewed is used for the next
// connection, without a restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	as     [2]time.Time // when the files that are loaded were written
	failed [2]time.Time // and those that could not be used
}

// loadCertificate reads the files. setting begins the names of their settings.
func loadCertificate(setting, certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(c.written()); err != nil {
		return nil, fmt.Errorf("reading %s_CERT_FILE and %s_KEY_FILE: %w", setting, setting, err)
	}
	return c, nil
}

// written returns when the files were written; the zero time for one that is missing.
func (c *certificate) written() (at [2]time.Time) {
	for i, file := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(file); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

func (c *certificate) load(as [2]time.Time) error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err == nil {
		c.loaded, c.as = &pair, as
	}
	return err
}

// get returns the certificate for a connection. If new files cannot be used, such as when only one of them has been
// replaced, the old certificate stays in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.written()
	if now == c.as || now == c.failed {
		return c.loaded, nil
	}
	if err := c.load(now); err != nil {
		c.failed = now
		c.log.Error("a renewed certificate cannot be used, so the old one stays in use", "file", c.certFile, "error", err)
	} else {
		c.log.Info("a renewed certificate is in use", "file", c.certFile)
	}
	return c.loaded, nil
}
