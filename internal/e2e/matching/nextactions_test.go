package matching

import (
	"net/http"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// Next.js runs a Server Action by its number, at any address.
func TestNextActionsRefuse(t *testing.T) {
	t.Parallel()
	call := func(target string) string {
		return "POST " + target +
			" HTTP/1.1\r\nHost: apply.example.org\r\nNext-Action: 7f01\r\nContent-Type: " +
			"application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann"
	}
	refusing := testserver.StartRaw(t, "PAYGATE_NEXT_ACTIONS=refuse", testserver.WhenPayButton)
	for _, target := range []string{"/", "/about", "/licences/apply"} {
		require.Equal(t, http.StatusBadRequest, refusing.MustBlock(t, call(target)).Status, target)
	}
	require.Contains(t, refusing.Log.String(), "PAYGATE_NEXT_ACTIONS")
	refusing.MustReach(t, "GET / HTTP/1.1\r\nHost: apply.example.org\r\nNext-Action: 7f01\r\n\r\n")
	passing := testserver.StartRaw(t, testserver.WhenPayButton)
	passing.MustReach(t, call("/about"))
	held := testserver.StartRaw(t, "PAYGATE_NEXT_ACTIONS=refuse")
	held.MustHold(t, call("/licences/apply"))
}
