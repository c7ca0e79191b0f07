package delivery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOverlayPutsNewCookiesOverHeldOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ held, fresh, sent string }{
		{"", "", ""},
		{"a=1", "", "a=1"},
		{"", "a=1; b=2", "a=1; b=2"},
		{"a=1; b=2", "b=3", "a=1; b=3"},
		{"a=1", "b=2; a=3", "a=3; b=2"},
		{"sid=A; sid=B", "sid=A; sid=B", "sid=A; sid=B"},
		{"sid=A; x=1; sid=B", "sid=C; sid=B", "sid=C; x=1; sid=B"}, // one of two was replaced
		{"sid=A; sid=B", "sid=A; sid=C", "sid=A; sid=C"},
		{"sid=A; sid=B", "sid=B; sid=A", "sid=B; sid=A"}, // the browser's own order counts where it sends them all
		{"sid=A; sid=B", "sid=B", "sid=A; sid=B"},        // the other one is SameSite=Strict, and stayed behind
		{"sid=A; sid=B", "sid=A", "sid=A; sid=B"},
		{"sid=A; sid=B", "sid=C", "sid=C; sid=B"},
		{"sid=A; sid=B; sid=C", "sid=X; sid=C", "sid=X; sid=B; sid=C"},
		{"sid=A; sid=A", "sid=A", "sid=A; sid=A"},
		{"a=1; sid=B; b=2", "sid=A; sid=B", "a=1; sid=A; sid=B; b=2"}, // a new one at a longer path comes first
		{`prefs={"a":1,"b":2}; c`, `prefs={"a":2}; c`, `prefs={"a":2}; c`},
		{"a=1; A=2", "A=3", "a=1; A=3"},
		{"a =1", "a=2", "a=2"},
	} {
		require.Equal(t, c.sent, overlay(c.held, c.fresh), "%q over %q", c.fresh, c.held)
	}
}

// The headers have as many cookies as fit, with many names and with one.
func TestOverlayIsFastWithManyCookies(t *testing.T) {
	t.Parallel()
	var names, one strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&names, "n%d; ", i)
		fmt.Fprintf(&one, "n=%d; ", i)
	}
	require.Len(t, pairs(overlay(names.String(), names.String())), 10_000)
	require.Len(t, pairs(overlay(one.String(), one.String())), 10_000)
	require.Len(t, pairs(overlay(one.String(), strings.TrimPrefix(one.String(), "n=0; "))), 10_000)
	require.Len(t, pairs(overlay("n=x", one.String())), 10_000)
}
