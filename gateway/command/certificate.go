package command

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// certificate is that of a listener. It follows its files: a certificate that was renewed is used for the next
// connection, without a restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	seen   [2]string // what the files had when they were last read, whether it could be used or not
}

// loadCertificate reads the files. setting begins the names of their settings.
func loadCertificate(setting, certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if _, err := c.refresh(); err != nil {
		return nil, fmt.Errorf("reading %s_CERT_FILE and %s_KEY_FILE: %w", setting, setting, err)
	}
	return c, nil
}

// refresh reads the files, and loads the certificate if they are not as they were. It goes by their content: a file
// that was copied may be as old as the one before it.
func (c *certificate) refresh() (renewed bool, err error) {
	certificate, certErr := os.ReadFile(c.certFile)
	key, keyErr := os.ReadFile(c.keyFile)
	now := [2]string{string(certificate), string(key)}
	if c.loaded != nil && now == c.seen {
		return false, nil
	}
	c.seen = now
	if err := errors.Join(certErr, keyErr); err != nil {
		return false, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err == nil {
		c.loaded = &pair
	}
	return true, err
}

// get returns the certificate for a connection. If new files cannot be used, such as when only one of them has been
// replaced, the old certificate stays in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if renewed, err := c.refresh(); err != nil {
		c.log.Error("a renewed certificate cannot be used, so the old one stays in use", "file",
			c.certFile, "error", err)
	} else if renewed {
		c.log.Info("a renewed certificate is in use", "file", c.certFile)
	}
	return c.loaded, nil
}
