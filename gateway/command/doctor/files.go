package doctor

import (
	"context"
	"crypto/tls"
	"os"
	"time"

	"paygate/gateway/config"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
)

// checkStore checks the store without opening it for use.
func (e *examination) checkStore(ctx context.Context) {
	const about = "store"
	path := e.Settings.Store.Path
	if e.Settings.Store.Kind == config.Postgres {
		began := time.Now()
		now, err := pgstore.Look(ctx, path, 5*time.Second)
		if err != nil {
			e.report(wrong, about, "%v", err)
			return
		}
		e.report(fine, about, "PostgreSQL is there and can be used")
		compareClocks(e, "database clock", "the database's, by which all replicas go", now, began, time.Now())
		return
	}
	state, err := boltstore.Inspect(path)
	switch {
	case err != nil:
		e.report(wrong, about, "%v", err)
	case state == boltstore.Missing:
		e.report(fine, about, "%s will be created at the first start", path)
	case permissions(path)&0o077 != 0:
		e.report(warning, about, "%s can be opened by other users (%s): chmod 600", path, permissions(path))
	case state == boltstore.InUse:
		e.report(fine, about, "%s is in use by a running Paygate", path)
	default:
		e.report(fine, about, "%s can be used", path)
	}
}

// permissions returns the permissions of a file, or 0 if they cannot be read.
func permissions(path string) os.FileMode {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Mode().Perm()
}

// checkSigningKeys reads the files that a start would read.
func (e *examination) checkSigningKeys() {
	const about = "signing keys"
	files := e.Settings.SigningKeys
	if len(files) == 0 {
		e.report(fine, about, "will be made at the first start and stored")
	} else if _, err := config.ReadSigningKeys(files); err != nil {
		e.report(wrong, about, "%v", err)
	} else {
		e.report(fine, about, "%d; the first one signs", len(files))
	}
}

// checkCertificate checks the public listener's own certificate, if it has one.
func (e *examination) checkCertificate() {
	const about = "certificate"
	s := e.Settings
	if s.TLSCertFile == "" {
		return // something in front speaks https
	}
	pair, err := tls.LoadX509KeyPair(s.TLSCertFile, s.TLSKeyFile)
	if err != nil {
		e.report(wrong, about, "PAYGATE_TLS_CERT_FILE and PAYGATE_TLS_KEY_FILE cannot be used: %v", err)
		return
	}
	end := pair.Leaf.NotAfter
	if time.Now().After(end) {
		e.report(wrong, about, "PAYGATE_TLS_CERT_FILE expired on %s", end.Format(time.DateOnly))
		return
	}
	for _, o := range s.Origins {
		if pair.Leaf.VerifyHostname(o.Hostname()) != nil {
			e.report(warning, about, "PAYGATE_TLS_CERT_FILE is not for %s", o.Hostname())
			return
		}
	}
	e.report(fine, about, "valid until %s", end.Format(time.DateOnly))
}

// checkSecretFiles looks for secrets that other users could read or replace.
func (e *examination) checkSecretFiles() {
	const about = "secret files"
	closed := 0
	for _, f := range e.Settings.SecretFiles {
		info, err := os.Stat(f.Path)
		switch {
		case err != nil:
			e.report(wrong, about, "%s: %s cannot be read", f.Setting, f.Path)
		case info.Mode().Perm()&0o037 != 0:
			e.report(warning, about, "%s: %s is open to others (%s): chmod 600, or 640 if a group needs it",
				f.Setting, f.Path, info.Mode().Perm())
		default:
			closed++
		}
	}
	if closed == len(e.Settings.SecretFiles) {
		e.report(fine, about, "%d, closed to others", closed)
	}
}
