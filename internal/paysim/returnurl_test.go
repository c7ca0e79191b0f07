package paysim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReturnURLsAreThoseOfPay(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"https://example.gov.uk/back", "HTTP://EXAMPLE.ORG", "http://localhost:8000/back",
		"http://paygate:8000/_pay/return",
		"https://service.internal/back?a=<b>&c=d#e", "https://a.local", "http://127.0.0.1:8000/", "http://[::1]:8000/",
		"https://user:word@example.org/", "https://user:@example.org/", "https://example.org:/",
		"https://example.org./a",
		"https://münchen.de/", "https://example.org/a//b/%20c~d;e(f)'!*$", "https://example.org/a/b/../c",
		"https://example.org?a",
	} {
		require.True(t, isValidReturnURL(address), address)
	}
	for _, address := range []string{
		"", "back", "ftp://example.org/", "https:///back", "https://", "//example.org/", "https:example.org",
		"https://x.test/", "https://x.example/", "https://exa_mple.gov.uk/", "https://example.unknown/",
		"https://-a.org/",
		"https://user@example.org/", "https://example.org:80a/", "https://a b.org/", "https://256.1.1.1/",
		"https://[::g]/",
		"https://example.org/a b", "https://example.org/<a>", `https://example.org/a"b`, "https://example.org/é",
		"https://example.org/../a", "https://example.org/..", "https://example.org/?a\nb", "https://a..org/",
	} {
		require.False(t, isValidReturnURL(address), address)
	}
}
