// Package config turns the environment into checked settings. It is the only place that reads PAYGATE_ variables, and
// the standard variables of OpenTelemetry. It reports all faults together, by the name of the variable and never with
// the value of a secret. A variable that does not exist is a fault, because it may be a misspelt pay route, which would
// be free of charge.
//
// A variable without a value counts as not set.
package config

import (
	"cmp"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"paygate/gateway/signin"
	"paygate/journey"
)

// checker collects the faults of an environment.
type checker struct {
	environment map[string]string // without variables that have no value
	only        []string          // the settings to read; nil: all
	secretFiles []SecretFile
	faults      Faults
	faulty      map[string]bool
}

func newChecker(environ []string, only ...string) *checker {
	c := &checker{environment: map[string]string{}, only: only, faulty: map[string]bool{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && (strings.HasPrefix(name, prefix) || strings.HasPrefix(name, tracingPrefix)) {
			c.environment[name] = value
		}
	}
	c.readSecrets(declarations[Settings](prefix))
	return c
}

// readSecrets gives the settings whose secrets are files their content.
func (c *checker) readSecrets(all []declaration) {
	for _, d := range all {
		if file, given := c.environment[d.name+"_FILE"]; given && d.tag("secret") != "" && c.concerns(d.name) {
			c.readSecret(d.name, file)
		}
	}
}

// concerns reports whether a setting is to be read.
func (c *checker) concerns(name string) bool { return c.only == nil || slices.Contains(c.only, name) }

// readSecret gives a setting the content of its file.
func (c *checker) readSecret(name, file string) {
	c.secretFiles = append(c.secretFiles, SecretFile{name + "_FILE", file})
	content, err := os.ReadFile(file)
	text := strings.TrimRight(string(content), "\r\n")
	switch {
	case c.environment[name] != "":
		c.fault(name+"_FILE", "cannot be set together with %s", name)
	case err != nil:
		c.fault(name+"_FILE", "cannot be read")
	case text == "":
		c.fault(name+"_FILE", "is empty")
	default:
		c.environment[name] = text
		return
	}
	c.faulty[name] = true
}

// Load reads and checks the settings in an environment, as os.Environ returns it. The error is of type Faults.
func Load(environ []string) (Settings, error) {
	c := newChecker(environ)
	s := initial()
	read(c, &s, prefix)
	if c.faulty["PAYGATE_ROUTES"] {
		s.RouteNames = wellNamed(c.environment["PAYGATE_ROUTES"])
	}
	s.Accounts, s.Tracing = c.accounts(s), c.tracing()
	common := s.CommonTerms()
	for _, name := range s.RouteNames {
		s.Routes = append(s.Routes, c.route(name, common, s.Accounts))
	}
	c.compare(s)
	c.unknown(environ, KnownNames(s.RouteNames, s.AccountNames...))
	if c.faults.WithoutAcceptance() != nil {
		return s, c.result()
	}
	s.Audience = cmp.Or(s.Audience, s.Origins.Main().String())
	s.SecretFiles = append(c.secretFiles, keyFiles(s)...)
	s.Warnings, s.Notes = warnings(s), notes(s)
	return s, c.result()
}

// keyFiles returns the files of private keys.
func keyFiles(s Settings) []SecretFile {
	var files []SecretFile
	for _, file := range s.SigningKeys {
		files = append(files, SecretFile{"PAYGATE_SIGNING_KEYS", file})
	}
	if s.TLSKeyFile != "" {
		files = append(files, SecretFile{"PAYGATE_TLS_KEY_FILE", s.TLSKeyFile})
	}
	if s.StaffTLSKeyFile != "" {
		files = append(files, SecretFile{"PAYGATE_STAFF_TLS_KEY_FILE", s.StaffTLSKeyFile})
	}
	return files
}

// unseenFor is how long after a payment began the citizen's unseen reply or refusal is stored: as long as their ticket.
const unseenFor = 24 * time.Hour

// CommonTerms returns the terms that journeys of all routes share.
func (s Settings) CommonTerms() journey.Terms {
	return journey.Terms{
		Live:          s.Live,
		ClaimFor:      s.UpstreamTimeout + 30*time.Second,
		MopupMinAge:   time.Duration(s.MopupMinAge),
		CaptureMargin: s.CaptureMargin,
		SecondLook:    s.SecondLook,
		KeepReply:     s.KeepReply,
		KeepJourney:   s.KeepJourneys,
		UnseenFor:     unseenFor,
	}
}

// Client is what a command needs to talk to the staff listener of a running gateway.
type Client struct {
	StaffURL *url.URL
	Token    string // may be empty
	// CertFile has the only certificate that the listener may show; empty: any that the system trusts.
	CertFile string
	// Shared means that the settings name a store that this process may open beside a running gateway.
	Shared bool
}

// LoadClient reads the settings for commands that only talk to a running gateway. It needs no other settings. The error
// is of type Faults.
func LoadClient(environ []string) (Client, error) {
	c := newChecker(environ, "PAYGATE_STAFF_URL", "PAYGATE_STAFF_LISTEN", "PAYGATE_STAFF_TOKEN", "PAYGATE_STAFF_TOKENS",
		"PAYGATE_STAFF_TLS_CERT_FILE", "PAYGATE_STORE")
	tokens := c.environment["PAYGATE_STAFF_TOKENS"]
	isShared := strings.HasPrefix(c.environment["PAYGATE_STORE"], Postgres)
	delete(c.environment, "PAYGATE_STAFF_TOKENS") // a fault of theirs is no reason not to ask the gateway
	delete(c.environment, "PAYGATE_STORE")
	s := initial()
	read(c, &s, prefix)
	client := Client{StaffURL: s.StaffURL, Token: s.StaffToken, CertFile: s.StaffTLSCertFile, Shared: isShared}
	if client.StaffURL == nil {
		client.StaffURL = localURL(s.StaffListen)
		if client.CertFile != "" {
			client.StaffURL.Scheme = "https"
		}
	}
	if only, err := parseList(tokens); client.Token == "" && err == nil && len(only) == 1 {
		token, _ := signin.ParseToken(only[0])
		client.Token = token.Secret
	}
	return client, c.result()
}

// localURL returns the URL of a listener on this machine.
func localURL(address string) *url.URL {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
}

// Move is what copying everything from one store to another needs.
type Move struct {
	From, To Store
	Secrets  [][]byte // newest first, 32 bytes each
}

// LoadMove checks both stores, written as in PAYGATE_STORE, and reads PAYGATE_SECRETS or its file from an environment.
// It needs no other settings. The error is of type Faults.
func LoadMove(environ []string, from, to string) (Move, error) {
	c := newChecker(environ, "PAYGATE_SECRETS")
	s := initial()
	read(c, &s, prefix)
	source, err := parseStore(from)
	c.report("-from", err)
	target, err := parseStore(to)
	c.report("-to", err)
	if source == target && from != "" {
		c.fault("-to", "is the same store as -from")
	}
	return Move{From: source, To: target, Secrets: s.Secrets}, c.result()
}
