package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARequestThatMayBeTheFormIsAPayRequest(t *testing.T) {
	t.Parallel()
	route := &Route{When: &Condition{Field: "action", Value: "pay"}}
	for name, c := range map[string]struct {
		kind, body string
		wanted     bool
	}{
		"the form":            {"application/x-www-form-urlencoded", "action=pay", true},
		"another button":      {"application/x-www-form-urlencoded", "action=save", false},
		"another script":      {"application/x-www-form-urlencoded", "Action[]=pay", true},
		"beyond the limits":   {"application/x-www-form-urlencoded", strings.Repeat("a=1&", 10_000) + "action=pay", true},
		"unreadable":          {"application/x-www-form-urlencoded", "action=save&x=%zz", true},
		"no type":             {"", "action=pay", true},
		"a lying type":        {"text/plain", "action=pay", true},
		"a type with a fault": {"application/x-www-form-urlencoded; charset", "action=pay", true},
		"nothing":             {"", "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Content-Type", c.kind)
		ask := (&Gateway{}).asked(r, ruling{}, spooled(t, []byte(c.body)))
		require.Equal(t, c.wanted, route.concerns(ask), name)
	}
}
