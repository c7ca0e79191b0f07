package config

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/origin"
)

// required is the value, which must not be empty.
func (c *checker) required(name, value string) string {
	if strings.TrimSpace(value) == "" {
		c.fault(name, "is required")
	}
	return value
}

// word is one of a few.
func (c *checker) word(name, value string, words ...string) string {
	if !slices.Contains(words, value) {
		c.fault(name, "must be %s", strings.Join(words, " or "))
	}
	return value
}

// duration is above zero, as Go writes it.
func (c *checker) duration(name, value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		c.fault(name, "must be a duration above zero, such as 90s, 30m or 3h")
	}
	return d
}

// durationOrZero may be 0s.
func (c *checker) durationOrZero(name, value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		c.fault(name, "must be a duration, such as 3h; 0s is allowed")
	}
	return d
}

var sizePattern = regexp.MustCompile(`^([0-9]{1,15})(KiB|MiB|GiB)?$`)

// size is in bytes.
func (c *checker) size(name, value string) int64 {
	parts := sizePattern.FindStringSubmatch(value)
	if parts == nil {
		c.fault(name, "must be whole bytes, or KiB, MiB or GiB, such as 10MiB")
		return 0
	}
	n, _ := strconv.ParseInt(parts[1], 10, 64)
	factor := map[string]int64{"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[parts[2]]
	if n == 0 || n > (1<<40)/factor {
		c.fault(name, "must be above zero and at most 1024GiB")
		return 0
	}
	return n * factor
}

func (c *checker) count(name, value string) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1000 {
		c.fault(name, "must be a whole number from 1 to 1000")
	}
	return n
}

// list splits at commas; blanks around the items do not count, and empty items are a fault.
func (c *checker) list(name, value string) []string {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	items := strings.Split(value, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
		if items[i] == "" {
			c.fault(name, "has an empty item")
		}
	}
	return items
}

// origin is scheme, host and port, and nothing else.
func (c *checker) origin(name, value string) *url.URL {
	if value == "" { // said already that it is required
		return &url.URL{}
	}
	u, err := url.Parse(value)
	bad := err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || (u.Path != "" && u.Path != "/") ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http")
	if bad {
		c.fault(name, "must be an origin such as https://example.service.gov.uk, without a path")
		return &url.URL{}
	}
	return &url.URL{Scheme: u.Scheme, Host: c.host(name, u.Host)}
}

// host is a host, with a port or without, as it travels.
func (c *checker) host(name, value string) string {
	host, port := value, ""
	if at := strings.LastIndex(value, ":"); at > strings.LastIndex(value, "]") {
		host, port = value[:at], value[at:]
	}
	ascii, err := origin.ASCII(host)
	if err != nil {
		c.fault(name, "has a host name that cannot be written in ASCII")
	}
	return ascii + port
}

// service is where the legacy service is: an origin, or a Unix socket. One at a socket has no name of its own.
func (c *checker) service(name, value string) (at *url.URL, socket string) {
	socket, found := strings.CutPrefix(value, "unix:")
	if !found {
		return c.origin(name, value), ""
	}
	return &url.URL{Scheme: "http", Host: "localhost"}, c.socket(name, socket)
}

// mostSocket is how long the path of a Unix socket can be.
const mostSocket = 107

func (c *checker) socket(name, path string) string {
	if !strings.HasPrefix(path, "/") || len(path) > mostSocket {
		c.fault(name, "must be unix: and the absolute path of a socket, of at most %d bytes", mostSocket)
	}
	return path
}

// origins are those at which citizens see the service.
func (c *checker) origins(name, value, mode string) origin.List {
	var list origin.List
	for _, item := range c.list(name, value) {
		o := c.origin(name, item)
		o.Host = strings.TrimSuffix(o.Host, map[string]string{"http": ":80", "https": ":443"}[o.Scheme])
		c.encrypted(name, o, mode)
		switch {
		case o.Host != "" && list.Find(o.Host) != nil:
			c.fault(name, "has the host %s twice", o.Host)
		case o.Host != "" && mode == "live" && !origin.PayAccepts(o.Hostname()):
			c.fault(name, "%s", refusedByPay(o))
		}
		list = append(list, o)
	}
	if len(list) == 0 { // said already that it is required
		list = origin.List{&url.URL{}}
	}
	return list
}

// refusedByPay says that no payment can begin at an origin.
func refusedByPay(o *url.URL) string {
	return "GOV.UK Pay does not accept the host " + o.Hostname() + ": it must be localhost, an IP address, or a name without _ in a known top-level domain, .internal or .local"
}

// encrypted wants https, but for test mode.
func (c *checker) encrypted(name string, u *url.URL, mode string) {
	if u.Scheme == "http" && mode != "test" {
		c.fault(name, "must be https; http is for PAYGATE_PAY_MODE=test alone")
	}
}

func (c *checker) networks(name, value string) []netip.Prefix {
	var networks []netip.Prefix
	for _, item := range c.list(name, value) {
		network, err := netip.ParsePrefix(item)
		if err != nil || network.Addr().Is4In6() {
			c.fault(name, "%q is no network; write it as 10.0.0.0/8", item)
			continue
		}
		if network.Bits() == 0 {
			c.fault(name, "%q is everybody; nobody's word would be worth anything", item)
		}
		networks = append(networks, network)
	}
	return networks
}

// keys are 32 random bytes each, in base64url with padding or without.
func (c *checker) keys(name, value string) [][]byte {
	var keys [][]byte
	for i, item := range c.list(name, c.required(name, value)) {
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(item, "="))
		switch {
		case err != nil || len(key) != 32:
			c.fault(name, "secret %d must be 32 random bytes in base64url; `paygate keys` makes one", i+1)
		case weak(key):
			c.fault(name, "secret %d is not random; `paygate keys` makes one", i+1)
		case slices.ContainsFunc(keys, func(other []byte) bool { return slices.Equal(other, key) }):
			c.fault(name, "secret %d is there twice", i+1)
		default:
			keys = append(keys, key)
		}
	}
	return keys
}

// weak finds keys that somebody typed: 32 random bytes with 12 different values or fewer do not happen.
func weak(key []byte) bool {
	different := map[byte]bool{}
	for _, b := range key {
		different[b] = true
	}
	return len(different) <= 12
}

func (c *checker) text(name, value string, most int) string {
	if len([]rune(value)) > most {
		c.fault(name, "is longer than %d characters", most)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		c.fault(name, "has control characters")
	}
	return value
}

var tokenPattern = regexp.MustCompile(`^[A-Z][A-Z-]{0,30}$`)

// methods are further ones to let through.
func (c *checker) methods(name, value string) []string {
	methods := c.list(name, value)
	for _, m := range methods {
		if !tokenPattern.MatchString(m) || m == "CONNECT" || m == "TRACE" || m == "PRI" {
			c.fault(name, "%q cannot be let through", m)
		}
	}
	return methods
}

// language are the places where the service keeps the citizen's language.
func (c *checker) language(name, value string) []gateway.LanguageSource {
	var sources []gateway.LanguageSource
	for _, item := range c.list(name, value) {
		kind, at, _ := strings.Cut(item, ":")
		if !slices.Contains(gateway.LanguageKinds(), kind) || at == "" || (kind == "path") != strings.HasPrefix(at, "/") {
			c.fault(name, "%q must be cookie:NAME, query:NAME, form:NAME or path:/cy/", item)
			continue
		}
		if kind == "path" { // of whole segments
			at = strings.TrimRight(at, "/") + "/"
		}
		sources = append(sources, gateway.LanguageSource{Kind: kind, Name: at})
	}
	return sources
}
