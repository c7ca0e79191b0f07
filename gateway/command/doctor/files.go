package doctor

import (
	"context"
	"crypto/tls"
	"os"
	"slices"
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

// soon is how long before its end a certificate should have been renewed.
const soon = 14 * 24 * time.Hour

// checkCertificates checks the certificates of the listeners that have one. Without one, something in front speaks
// https.
func (e *examination) checkCertificates() {
	s := e.Settings
	var publicHosts, staffHosts []string
	for _, o := range s.Origins {
		publicHosts = append(publicHosts, o.Hostname())
	}
	if s.StaffURL != nil {
		staffHosts = []string{s.StaffURL.Hostname()}
	}
	e.checkCertificate("certificate", "PAYGATE_TLS", s.TLSCertFile, s.TLSKeyFile, publicHosts)
	e.checkCertificate("staff certificate", "PAYGATE_STAFF_TLS", s.StaffTLSCertFile, s.StaffTLSKeyFile, staffHosts)
}

// checkCertificate checks a certificate, if there is one. setting begins the names of its settings.
func (e *examination) checkCertificate(about, setting, certFile, keyFile string, hosts []string) {
	if certFile == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		e.report(wrong, about, "%s_CERT_FILE and %s_KEY_FILE cannot be used: %v", setting, setting, err)
		return
	}
	now, end := time.Now(), pair.Leaf.NotAfter
	isNot := func(host string) bool { return pair.Leaf.VerifyHostname(host) != nil }
	switch other := slices.IndexFunc(hosts, isNot); {
	case now.After(end):
		e.report(wrong, about, "%s_CERT_FILE expired on %s", setting, end.Format(time.DateOnly))
	case now.Before(pair.Leaf.NotBefore):
		e.report(wrong, about, "%s_CERT_FILE is not valid before %s", setting,
			pair.Leaf.NotBefore.Format(time.DateTime))
	case other >= 0:
		e.report(warning, about, "%s_CERT_FILE is not for %s", setting, hosts[other])
	case end.Sub(now) < soon:
		e.report(warning, about, "%s_CERT_FILE ends on %s: renew it", setting, end.Format(time.DateOnly))
	default:
		e.report(fine, about, "valid until %s", end.Format(time.DateOnly))
	}
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
