package matching

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

// A service may take the method from a form, so a form on a route that takes nothing must not name that of one that
// does.
func TestAFreeRouteDoesNotOpenAnotherMethodsRoute(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "free", "shadow"} {
		d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/{id}",
			"PAYGATE_ROUTE_LICENCE_MODE="+mode, "PAYGATE_ROUTE_IMMEDIATE_MATCH=PUT /licences/{id}")
		for target, form := range map[string]string{
			"/licences/7":             "_method=PUT&a=1",
			"/licences/8?_method=PUT": "a=1",
		} {
			require.Equal(t, http.StatusUnprocessableEntity, d.MustBlock(t, post(target, formType, form)).Status, mode)
		}
		if mode != "on" {
			d.MustReach(t, post("/licences/9", formType, "a=1"))
		}
	}
}
