// Package config turns the environment into checked settings. It is the only place that reads PAYGATE_ variables: every
// fault is reported at once, by the variable's name and never with a secret's value, and a variable that nobody knows is
// a fault, because it may be a misspelt pay route, which would be free of charge.
//
// A variable that is set to nothing counts as not set.
package config

import (
	"cmp"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/origin"
	"paygate/journey"
	"paygate/journey/pgstore"
)

// Settings are all settings, checked.
type Settings struct {
	Upstream        *url.URL
	UpstreamSocket  string // of a service that listens at a Unix socket
	UpstreamCAFile  string
	UpstreamHost    string
	UpstreamTimeout time.Duration
	Origins         origin.List // of PAYGATE_PUBLIC_URL
	Prefix          string

	PayAPIKey         string
	Live              bool
	PayAPIURL         *url.URL
	PayCardOrigins    []string
	PayWebhookSecrets []string
	PayRate           int // creates a second
	PayRateTotal      int
	PayTimeout        time.Duration

	Secrets [][]byte // newest first, 32 bytes each
	Store   Store
	Routes  []gateway.Route

	Listen      string
	TLSCertFile string
	TLSKeyFile  string
	StaffListen string
	StaffTokens map[string]string // token by name

	TrustedProxies []netip.Prefix
	HoldMaxBytes   int64
	ReplyMaxBytes  int64
	Methods        []string
	WebSockets     bool
	RefuseCards    bool
	RefuseActions  bool

	KeepJourneys time.Duration
	MopupEvery   time.Duration
	MopupMinAge  time.Duration

	ServiceName, ServiceNameCY string
	Contact, ContactCY         string
	Language                   []gateway.LanguageSource

	LogLevel    slog.Level
	LogFormat   string
	SigningKeys []string // PEM files
	SigningAlg  string
	Audience    string

	// SecretFiles are read by Paygate and should be read by nobody else.
	SecretFiles []SecretFile
	// Warnings are settings that work and are seldom meant.
	Warnings []string
	// Notes are for a person to know, where they concern the service.
	Notes []string
}

// SecretFile is a file that a setting names.
type SecretFile struct{ Setting, Path string }

// Store says where journeys are kept.
type Store struct {
	Kind string // Bbolt or Postgres
	Path string // of the bbolt file, or the whole postgres:// URL, with its password
}

// The kinds of store.
const (
	Bbolt    = "bbolt"
	Postgres = "postgres"
)

// Load reads and checks the settings in an environment such as os.Environ gives. The error is of type Faults.
func Load(environ []string) (Settings, error) {
	c := &checker{}
	environment := environmentOf(environ)
	c.readSecretFiles(environment)
	v := parse[variables](environment, prefix)
	s := c.settings(v)

	names := c.routeNames("PAYGATE_ROUTES", v.Routes)
	common := commonTerms(c, v, s)
	for _, name := range names {
		s.Routes = append(s.Routes, c.route(name, parse[routeVariables](environment, routePrefix(name)), common, v.PayMode))
	}
	c.overlaps(s.Routes)
	c.underPrefix(s)
	c.unknown(environ, KnownNames(names))
	s.SecretFiles = secretFiles(environment, s)
	s.Warnings, s.Notes = warnings(s), notes(s)
	return s, c.result()
}

// environmentOf leaves out what is set to nothing.
func environmentOf(environ []string) map[string]string {
	environment := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, prefix) && value != "" {
			environment[name] = value
		}
	}
	return environment
}

// readSecretFiles puts the contents of X_FILE in the place of X.
func (c *checker) readSecretFiles(environment map[string]string) {
	for _, name := range secretVariables {
		file, given := environment[name+"_FILE"]
		if !given {
			continue
		}
		if _, both := environment[name]; both {
			c.fault(name+"_FILE", "is given, and so is %s; only one can be", name)
			continue
		}
		content, err := os.ReadFile(file)
		text := strings.TrimRight(string(content), "\r\n")
		switch {
		case err != nil:
			c.fault(name+"_FILE", "cannot be read")
		case text == "":
			c.fault(name+"_FILE", "is empty")
		default:
			environment[name] = text
		}
	}
}

func secretFiles(environment map[string]string, s Settings) []SecretFile {
	var files []SecretFile
	for _, name := range secretVariables {
		if file, given := environment[name+"_FILE"]; given {
			files = append(files, SecretFile{name + "_FILE", file})
		}
	}
	for _, file := range s.SigningKeys {
		files = append(files, SecretFile{"PAYGATE_SIGNING_KEYS", file})
	}
	if s.TLSKeyFile != "" {
		files = append(files, SecretFile{"PAYGATE_TLS_KEY_FILE", s.TLSKeyFile})
	}
	return files
}

func (c *checker) settings(v variables) Settings {
	mode := c.word("PAYGATE_PAY_MODE", v.PayMode, "live", "test")
	s := Settings{
		UpstreamCAFile:  v.UpstreamCAFile,
		UpstreamHost:    c.host("PAYGATE_UPSTREAM_HOST", v.UpstreamHost),
		UpstreamTimeout: c.duration("PAYGATE_UPSTREAM_TIMEOUT", v.UpstreamTimeout),
		Origins:         c.origins("PAYGATE_PUBLIC_URL", c.required("PAYGATE_PUBLIC_URL", v.PublicURL), mode),
		Prefix:          c.ownPrefix(v.Prefix),

		PayAPIKey:         c.apiKey(v.PayAPIKey, mode),
		Live:              mode == "live",
		PayAPIURL:         c.origin("PAYGATE_PAY_API_URL", v.PayAPIURL),
		PayCardOrigins:    c.cardOrigins(v.PayCardOrigins, mode),
		PayWebhookSecrets: c.list("PAYGATE_PAY_WEBHOOK_SECRETS", v.PayWebhookSecrets),
		PayRate:           c.count("PAYGATE_PAY_RATE", v.PayRate),
		PayRateTotal:      c.count("PAYGATE_PAY_RATE_TOTAL", v.PayRateTotal),
		PayTimeout:        c.duration("PAYGATE_PAY_TIMEOUT", v.PayTimeout),

		Secrets: c.keys("PAYGATE_SECRETS", v.Secrets),
		Store:   c.store("PAYGATE_STORE", v.Store),

		Listen:      c.publicAddress("PAYGATE_LISTEN", v.Listen),
		TLSCertFile: v.TLSCertFile,
		TLSKeyFile:  v.TLSKeyFile,
		StaffListen: c.address("PAYGATE_STAFF_LISTEN", v.StaffListen),
		StaffTokens: c.staffTokens(v.StaffTokens),

		TrustedProxies: c.networks("PAYGATE_TRUSTED_PROXIES", v.TrustedProxies),
		HoldMaxBytes:   c.size("PAYGATE_HOLD_MAX_BYTES", v.HoldMaxBytes),
		ReplyMaxBytes:  c.size("PAYGATE_REPLY_MAX_BYTES", v.ReplyMaxBytes),
		Methods:        c.methods("PAYGATE_METHODS", v.Methods),
		WebSockets:     c.word("PAYGATE_WEBSOCKETS", v.WebSockets, "on", "off") == "on",
		RefuseCards:    c.word("PAYGATE_CARD_NUMBERS", v.CardNumbers, "refuse", "allow") == "refuse",
		RefuseActions:  c.word("PAYGATE_NEXT_ACTIONS", v.NextActions, "pass", "refuse") == "refuse",

		KeepJourneys: c.duration("PAYGATE_KEEP_JOURNEYS", v.KeepJourneys),
		MopupEvery:   c.duration("PAYGATE_MOPUP_EVERY", v.MopupEvery),
		MopupMinAge:  c.durationOrZero("PAYGATE_MOPUP_MIN_AGE", v.MopupMinAge),

		ServiceName:   c.text("PAYGATE_SERVICE_NAME", c.required("PAYGATE_SERVICE_NAME", v.ServiceName), 255),
		ServiceNameCY: c.text("PAYGATE_SERVICE_NAME_CY", v.ServiceNameCY, 255),
		Contact:       c.text("PAYGATE_CONTACT", v.Contact, 500),
		ContactCY:     c.text("PAYGATE_CONTACT_CY", v.ContactCY, 500),

		Language:    c.language("PAYGATE_LANGUAGE", v.Language),
		LogLevel:    c.level(v.LogLevel),
		LogFormat:   c.word("PAYGATE_LOG_FORMAT", v.LogFormat, "json", "text"),
		SigningKeys: c.list("PAYGATE_SIGNING_KEYS", v.SigningKeys),
		SigningAlg:  c.word("PAYGATE_SIGNING_ALG", v.SigningAlg, "RS256", "ES256"),
	}
	s.Upstream, s.UpstreamSocket = c.service("PAYGATE_UPSTREAM", c.required("PAYGATE_UPSTREAM", v.Upstream))
	c.encrypted("PAYGATE_PAY_API_URL", s.PayAPIURL, mode)
	if (v.TLSCertFile == "") != (v.TLSKeyFile == "") {
		c.fault("PAYGATE_TLS_CERT_FILE", "and PAYGATE_TLS_KEY_FILE are both needed, or neither")
	}
	if sameDoor(s.Listen, s.StaffListen) {
		c.fault("PAYGATE_STAFF_LISTEN", "is the address of the public door, PAYGATE_LISTEN")
	}
	s.Audience = cmp.Or(v.Audience, s.Origins.Main().String())
	return s
}

// unseenFor is how long after a payment began what its citizen has not seen is kept: as long as their ticket.
const unseenFor = 24 * time.Hour

// commonTerms are what the journeys of all routes share.
func commonTerms(c *checker, v variables, s Settings) journey.Terms {
	t := journey.Terms{
		Live:          s.Live,
		ClaimFor:      s.UpstreamTimeout + 30*time.Second,
		MopupMinAge:   s.MopupMinAge,
		CaptureMargin: c.duration("PAYGATE_CAPTURE_MARGIN", v.CaptureMargin),
		SecondLook:    c.duration("PAYGATE_SECOND_LOOK", v.SecondLook),
		KeepReply:     c.duration("PAYGATE_KEEP_REPLY", v.KeepReply),
		KeepJourney:   s.KeepJourneys,
		UnseenFor:     unseenFor,
	}
	if t.CaptureMargin >= journey.CaptureWindow {
		c.fault("PAYGATE_CAPTURE_MARGIN", "must be below 120h, the whole time that Pay reserves money")
	}
	return t
}

func (c *checker) apiKey(value, mode string) string {
	const name = "PAYGATE_PAY_API_KEY"
	key := c.required(name, value)
	switch {
	case strings.HasPrefix(key, "api_test_") && mode == "live":
		c.fault(name, "is a test key, and PAYGATE_PAY_MODE is live: no money would be taken")
	case strings.HasPrefix(key, "api_live_") && mode == "test":
		c.fault(name, "is a live key, and PAYGATE_PAY_MODE is test")
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		c.fault(name, "has blanks or other characters that no key has")
	}
	return key
}

func (c *checker) cardOrigins(value, mode string) []string {
	const name = "PAYGATE_PAY_CARD_ORIGINS"
	var origins []string
	for _, item := range c.list(name, value) {
		u := c.origin(name, item)
		c.encrypted(name, u, mode)
		origins = append(origins, u.String())
	}
	return origins
}

func (c *checker) store(name, value string) Store {
	switch {
	case strings.HasPrefix(value, "bbolt:") && len(value) > len("bbolt:"):
		return Store{Kind: Bbolt, Path: strings.TrimPrefix(value, "bbolt:")}
	case isPostgres(value):
		if err := pgstore.CheckURL(value); err != nil {
			c.fault(name, "%v", err)
		}
		return Store{Kind: Postgres, Path: value}
	default:
		c.fault(name, "must be bbolt:PATH or postgres://USER:PASSWORD@HOST/DATABASE")
		return Store{}
	}
}

func isPostgres(store string) bool {
	return strings.HasPrefix(store, "postgres://") || strings.HasPrefix(store, "postgresql://")
}

func (c *checker) ownPrefix(value string) string {
	segments := strings.Split(strings.TrimPrefix(value, "/"), "/")
	bad := slices.ContainsFunc(segments, func(s string) bool {
		return s == "" || strings.Trim(s, ".") == "" || strings.ContainsFunc(s, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-._~", r)
		})
	})
	if !strings.HasPrefix(value, "/") || bad {
		c.fault("PAYGATE_PREFIX", "must be a path such as /_pay: lower-case letters, digits and -._~, without a / at the end")
	}
	return value
}

// publicAddress may be a Unix socket too.
func (c *checker) publicAddress(name, value string) string {
	socket, found := strings.CutPrefix(value, "unix:")
	if !found {
		return c.address(name, value)
	}
	return "unix:" + c.socket(name, socket)
}

func (c *checker) address(name, value string) string {
	if _, port, err := net.SplitHostPort(value); err != nil || port == "" || strings.Contains(port, "/") {
		c.fault(name, "must be an address such as :8000 or 127.0.0.1:8001")
	}
	return value
}

// sameDoor tells whether two addresses to listen on cannot be had at once. Port 0 is any that is free.
func sameDoor(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	return errA == nil && errB == nil && portA == portB && portA != "0" && (hostA == hostB || isEverywhere(hostA) || isEverywhere(hostB))
}

func isEverywhere(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }

func (c *checker) staffTokens(value string) map[string]string {
	const name = "PAYGATE_STAFF_TOKENS"
	tokens := map[string]string{}
	for i, item := range c.list(name, value) {
		who, token, found := strings.Cut(item, ":")
		_, twice := tokens[who]
		switch {
		case !found || who == "" || strings.ContainsFunc(who, func(r rune) bool { return r <= ' ' || r > '~' }):
			c.fault(name, "item %d must be name:token", i+1)
		case len(token) < 16:
			c.fault(name, "the token of item %d has fewer than 16 characters", i+1)
		case twice:
			c.fault(name, "the name of item %d is there twice", i+1)
		case slices.Contains(slices.Collect(maps.Values(tokens)), token):
			c.fault(name, "the token of item %d is somebody else's too: nobody could tell who did what", i+1)
		default:
			tokens[who] = token
		}
	}
	return tokens
}

func (c *checker) level(value string) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(value)); err != nil {
		c.fault("PAYGATE_LOG_LEVEL", "must be debug, info, warn or error")
	}
	return level
}

// underPrefix: our own addresses and pay routes must not meet.
func (c *checker) underPrefix(s Settings) {
	for _, r := range s.Routes {
		for _, p := range patternsOf(r) {
			if path := p.Path(); path == s.Prefix || strings.HasPrefix(path, s.Prefix+"/") {
				c.fault(routePrefix(r.Name)+"MATCH", "%s is under PAYGATE_PREFIX, where only Paygate's own addresses live", p)
			}
		}
	}
}
