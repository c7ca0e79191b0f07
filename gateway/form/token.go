package form

import (
	"regexp"
	"slices"
	"strings"
)

// formTokens are the names of fields that a framework creates for each copy of a form, or for each session: against
// forgery, or for the state of the form. They are in lower case, with letters and digits only.
var formTokens = []string{
	"csrfmiddlewaretoken", "authenticitytoken", "token", "requestverificationtoken", "formkey", "formtoken",
	"formbuildid", "wpnonce", "nonce", "sourcepage", "strutstoken", "strutstokenname", "viewstate",
	"viewstategenerator", "viewstateencrypted", "viewstatefieldcount", "eventvalidation", "previouspage",
	"javaxfacesviewstate", "jakartafacesviewstate", "synchronizertoken", "synchronizeruri",
	"orgapachestrutstaglibhtmltoken", "antiforgerytoken", "securitytoken", "securityid",
}

var (
	notLetters    = regexp.MustCompile(`[^a-z0-9]+`)
	viewStatePart = regexp.MustCompile(`^__viewstate[0-9]+$`)
	joomlaToken   = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// isFormToken reports whether a field holds a form token. In a bracketed name, the last part counts: form[_token].
func isFormToken(name string) bool {
	if len(name) > 100 {
		return false
	}
	name = strings.TrimRight(strings.ToLower(name), "]")
	last := name[strings.LastIndexAny(name, "[$")+1:]
	letters := notLetters.ReplaceAllLiteralString(last, "")
	return slices.Contains(formTokens, letters) || strings.Contains(letters, "csrf") ||
		strings.Contains(letters, "xsrf") || viewStatePart.MatchString(last) || joomlaToken.MatchString(last)
}
