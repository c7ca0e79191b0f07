package paysim

import (
	"net/netip"
	"regexp"
	"strings"

	"golang.org/x/net/idna"

	"paygate/journey/pay"
)

var (
	urlParts  = regexp.MustCompile(`^([^:/?#]+)://([^/?#]*)([^?#]*)(\?[^#\n]*)?(#.*)?$`)
	authority = regexp.MustCompile(
		`^(?:[\w%.~!$&'()*+,;=-]+:[\w%.~!$&'()*+,;=-]*@)?(\[[0-9a-fA-F:]+\]|[^\[\]:@]*)(:\d*)?$`)
	urlPath = regexp.MustCompile(`^(/[\w:@&?=+,.!/~*'%$;()-]*)?$`)
)

// isValidReturnURL reports whether Pay accepts an address, which commons-validator decides there (FACTS, Corrections).
func isValidReturnURL(address string) bool {
	parts := urlParts.FindStringSubmatch(address)
	if parts == nil {
		return false
	}
	scheme := strings.ToLower(parts[1])
	at := authority.FindStringSubmatch(parts[2])
	return (scheme == "http" || scheme == "https") && at != nil && isValidHost(at[1]) && isValidPath(parts[3])
}

func isValidHost(host string) bool {
	if inner, isBracketed := strings.CutPrefix(host, "["); isBracketed {
		_, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil
	}
	ascii, err := idna.Punycode.ToASCII(host)
	return err == nil && pay.AcceptsHost(ascii)
}

// isValidPath refuses one that leads above its root.
func isValidPath(path string) bool {
	up := strings.Count(path, "..")
	return urlPath.MatchString(path) && (up == 0 || strings.Count(path, "/")-1 > up)
}
