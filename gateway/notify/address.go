package notify

import (
	"regexp"
	"strings"

	"paygate/gateway/origin"
)

const (
	maxAddress = 254 // RFC 5321 section 4.5.3.1, without the angle brackets
	maxLocal   = 64
)

var (
	localPattern  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
)

// Address returns the one e-mail address that a form field contains, or "" if it contains anything else: no address,
// several, or what could change the header of an e-mail.
func Address(text string) string {
	text = strings.TrimSpace(text)
	local, domain, _ := strings.Cut(text, "@")
	domain, err := origin.ASCII(domain)
	address := local + "@" + domain
	switch {
	case err != nil, len(local) > maxLocal, len(address) > maxAddress,
		!localPattern.MatchString(local), !domainPattern.MatchString(domain):
		return ""
	}
	return address
}
