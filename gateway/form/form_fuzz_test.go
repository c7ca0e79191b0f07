package form_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"paygate/gateway/form"
)

// FuzzForm compares conditions with readers as lenient as those of services: what one of them reads as action=pay is
// never free.
func FuzzForm(f *testing.F) {
	for _, d := range disguises() {
		r, body := submitted(f, d.head, d.body)
		f.Add(r.Header.Get("Content-Type"), body)
	}
	for _, d := range honest(f) {
		r, body := submitted(f, d.head, d.body)
		f.Add(r.Header.Get("Content-Type"), body)
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		r := &http.Request{Header: http.Header{"Content-Type": {kind}}}
		if payNow.Fits(submissionOf(t, r, "", body)) != form.Unmet {
			return
		}
		for name, reader := range map[string]func(kind, body string) bool{"pairs": readsPairs, "parts": readsParts} {
			if reader(kind, string(body)) {
				t.Fatalf("read as %s, %q %q is action=pay", name, kind, body)
			}
		}
	})
}

// readsPairs is a lenient reader of urlencoded forms.
func readsPairs(kind, body string) bool {
	if kind = strings.ToLower(kind); kind != "" && !strings.Contains(kind, "urlencoded") {
		return false
	}
	for _, pair := range regexp.MustCompile("[&;]").Split(body, -1) {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		name, _, _ = strings.Cut(strings.TrimSpace(name), "\x00")
		if strings.EqualFold(strings.Trim(name, "[]"), "action") && strings.EqualFold(strings.TrimSpace(value), "pay") {
			return true
		}
	}
	return false
}

var (
	anyBoundary = regexp.MustCompile(`(?i)boundary=\s*["']?([^"',;\s]+)`)
	anyName     = regexp.MustCompile(`(?i)\bname=\s*["']?([^"';\r\n]*)`)
	blankLine   = regexp.MustCompile(`\r?\n\r?\n`)
)

// readsParts is a lenient reader of multipart forms: it accepts any boundary in the type, a delimiter anywhere, and any
// name in the header of a part.
func readsParts(kind, body string) bool {
	if !strings.Contains(strings.ToLower(kind), "multipart/form-data") {
		return false
	}
	for _, boundary := range anyBoundary.FindAllStringSubmatch(kind, -1) {
		for _, piece := range strings.Split("\n"+body, "\n--"+boundary[1])[1:] {
			header := blankLine.Split(piece, 2)
			if len(header) < 2 || strings.TrimSpace(header[1]) != "pay" {
				continue
			}
			for _, name := range anyName.FindAllStringSubmatch(header[0], -1) {
				if strings.EqualFold(strings.TrimSpace(name[1]), "action") {
					return true
				}
			}
		}
	}
	return false
}

var escapes = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unescape decodes once, and leaves broken escapes as they are.
func unescape(text string) string {
	return escapes.ReplaceAllStringFunc(strings.ReplaceAll(text, "+", " "), func(escape string) string {
		decoded, _ := url.PathUnescape(escape)
		return decoded
	})
}
