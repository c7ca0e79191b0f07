package staff_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
	"paygate/gateway/staff"
	"paygate/journey"
)

// promised are the roles that the documents promise: view looks, exports and checks; admin takes backups and compares.
var promised = map[string]signin.Role{
	"GET /{$}": signin.View, "GET /journeys": signin.View, "POST /journeys": signin.View,
	"GET /journeys/{id}": signin.View, "POST /journeys/{id}/check": signin.View,
	"GET /finance": signin.View, "GET /export.csv": signin.View, "GET /refunds.csv": signin.View,
	"GET /reconcile": signin.View, "GET /routes": signin.View, "/": signin.View,
	"POST /journeys/{id}/release": signin.Refund, "POST /journeys/{id}/refund": signin.Refund,
	"POST /journeys/{id}/settle": signin.Refund, "POST /journeys/{id}/return": signin.Refund,
	"POST /journeys/{id}/approve": signin.Refund, "POST /journeys/{id}/reject": signin.Refund,
	"POST /mopup": signin.Refund,
	"GET /backup": signin.Admin, "POST /reconcile": signin.Admin, "POST /reconcile/adopt": signin.Admin,
	"POST /routes/{name}": signin.Admin, "GET /person": signin.Admin, "POST /person": signin.Admin,
	"POST /person/erase":         signin.Admin,
	"GET /journeys/{id}/release": signin.Refund, "GET /journeys/{id}/refund": signin.Refund,
	"GET /journeys/{id}/settle": signin.Refund, "GET /journeys/{id}/return": signin.Refund,
	"GET /mopup": signin.View, "GET /audit.csv": signin.View, "GET /resume": signin.View,
}

func tokenOf(role signin.Role) string { return "token-of-the-role-" + role.String() }

func TestEveryAddressNeedsItsRole(t *testing.T) {
	t.Parallel()
	roles := staff.Roles()
	require.Equal(t, promised, roles)
	l := newListener(t, func(o *staff.Options) {
		o.Backup = func(context.Context, io.Writer) error { return nil }
		for _, role := range []signin.Role{signin.View, signin.Refund, signin.Admin} {
			o.SignIn.Tokens, _ = o.SignIn.Tokens.Add(role.String() + "er:" + role.String() + ":" + tokenOf(role))
		}
	})
	id := l.addStuck(t, "LIC1")
	for pattern, needed := range roles {
		method, path, found := strings.Cut(pattern, " ")
		if !found {
			method, path = http.MethodGet, pattern
		}
		path = strings.NewReplacer("{id}", string(id), "{name}", "licence", "{$}", "").Replace(path)
		for _, role := range []signin.Role{signin.View, signin.Refund, signin.Admin} {
			answer, text := l.do(t, method, path, "[", "Authorization", "Bearer "+tokenOf(role))
			if role < needed {
				require.Equal(t, http.StatusForbidden, answer.StatusCode, "%s as %s", pattern, role)
				require.Contains(t, text, "This needs the role "+needed.String()+". You have the role "+role.String())
			} else {
				require.NotEqual(t, http.StatusForbidden, answer.StatusCode, "%s as %s", pattern, role)
			}
		}
	}
}

func TestARoleTooLowDoesNothing(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Tokens,
			_ = o.SignIn.Tokens.Add("vera:view:veras-token-0123456789")
	})
	id := l.addStuck(t, "LIC1")
	answer, _ := l.do(t, http.MethodPost, "/journeys/"+string(id)+"/settle", `{"reason":"x","as":"reversed"}`,
		"Authorization", "Bearer veras-token-0123456789")
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	j, err := l.store.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, journey.StateStuck, j.State)
}
