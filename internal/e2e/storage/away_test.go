package storage

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/internal/testserver"
)

// startAway starts a replica while the database is away.
func (w *cluster) startAway(over ...string) *replica {
	w.t.Helper()
	return w.logs(testserver.StartProgram(w.t, w.environ(over...), "serve"), testserver.Waiting)
}

func (r *replica) staffStatus(address string) int {
	p, _ := r.Citizen().Try(http.MethodGet, r.Staff.URL+address, nil)
	return p.Status
}

func TestReplicaStartsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	w := newClusterOn(t, server.Database(t), testserver.Confirm)
	server.Stop(t)
	r := w.startAway()

	c := r.Citizen()
	require.Contains(t, c.Get("/page").Text, "the service's own page")
	for address, status := range map[string]int{"/livez": 200, "/healthz": 200, "/readyz": 503, "/metrics": 200} {
		require.Equal(t, status, r.staffStatus(address), address)
	}
	p := c.Get("/_pay/keys")
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Equal(t, "no-store", p.Header.Get("Cache-Control"))
	p = c.Post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.Contains(t, p.Text, "No money has been taken, and nothing has been sent.")

	server.Launch(t)
	r.Program.WaitForLog(testserver.Serving)
	require.Equal(t, http.StatusOK, r.staffStatus("/readyz"))
	require.Equal(t, http.StatusOK, c.Get("/_pay/keys").Status)
	c.Apply("Ann")
	r.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
}

func TestReplicaThatWaitsForTheDatabaseEndsOnSIGTERM(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	w := newClusterOn(t, server.Database(t), testserver.Confirm)
	server.Stop(t)
	r := w.startAway()
	require.NoError(t, r.Program.Cmd.Process.Signal(syscall.SIGTERM))
	require.Zero(t, r.Program.Wait(), r.Program.Logged())
	server.Launch(t)
}

// What nobody but a person can change ends a replica, also one that has waited for the database.
func TestReplicaThatWaitedEndsOnARefusal(t *testing.T) {
	t.Parallel()
	server := testpg.Own(t)
	database := server.Database(t)
	locked := server.Role(t, database, "locked_out", "s3cr3tword")
	w := newClusterOn(t, testpg.As(t, locked, "locked_out", "wr0ngword"), testserver.Confirm)
	server.Stop(t)
	r := w.startAway()
	server.Launch(t)
	require.Equal(t, 1, r.Program.Wait(), r.Program.Logged())
	lines := strings.Split(strings.TrimSpace(r.Program.Logged()), "\n")
	var last struct{ Level, Error string }
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	require.Equal(t, "ERROR", last.Level)
	require.Contains(t, last.Error, `refuses the password of the role "locked_out"`)
}
