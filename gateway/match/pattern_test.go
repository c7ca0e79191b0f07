package match

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A wildcard of a pass matches file names as browsers write them, but not a name that some server takes for another
// path.
func TestWildcardsOfAPassMatchTheNamesThatBrowsersWrite(t *testing.T) {
	t.Parallel()
	one, err := ParsePattern("GET /download/{name}")
	require.NoError(t, err)
	rest, err := ParsePattern("GET /download/{path...}")
	require.NoError(t, err)
	held, err := ParsePattern("POST /download/{name}")
	require.NoError(t, err)
	for _, name := range []string{
		"a.pdf", "My%20file.pdf", "a(1).pdf", "o'neil.pdf", "caf%C3%A9.pdf", "caf%c3%a9.pdf", "a,b.pdf", "a+b.pdf",
		"a@2x.pdf", "a!$&'()*+,=:@b", "100%E2%82%AC",
		"%41", "a...", "...", "a%20", "%F0%9F%90%9F.png", "a%22b%22", "%3Cb%3E", "a%7Eb",
	} {
		captured, matches := one.Match("/download/" + name)
		require.True(t, matches, name)
		require.Equal(t, name, captured["name"])
		require.True(t, rest.Matches("/download/x/"+name), name)
		require.Equal(t, name == "a.pdf" || name == "a..." || name == "...", held.Matches("/download/"+name), name)
	}
	for _, name := range []string{
		"", ".", "..", "%2e", "%2e%2e", ".%2E", "a%2fb", "a%5Cb", "a%25b", "a%2500", "a%3bx", "a;x", "a%3Fb", "a%23b",
		"a%00", "a%0a", "a%7f", "a%c2%85", "a%ff", "a%c0%af", "a%ed%a0%80",
		"a%", "a%2", "a%zz", "a|b", "a{b}", "a[b]", `a"b`, "a<b", "a^b", "a`b", "a%u0041",
	} {
		require.False(t, one.Matches("/download/"+name), name)
		require.False(t, rest.Matches("/download/x/"+name+"/y"), name)
	}
}

func TestWildcardsOfAPassCoverLiterals(t *testing.T) {
	t.Parallel()
	parse := func(text string) Pattern {
		p, err := ParsePattern(text)
		require.NoError(t, err)
		return p
	}
	require.True(t, parse("GET /a/x,y").Narrower(parse("GET /a/{name}")))
	require.False(t, parse("GET /a/x,y").Clashes(parse("GET /a/{name}")))
	require.False(t, parse("POST /a/x,y").Narrower(parse("POST /a/{name}")))
	require.True(t, parse("GET /a/x,y").Narrower(parse("GET /a/{path...}")))
}
