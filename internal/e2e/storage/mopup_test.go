package storage

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestMopupCommandOnPostgreSQL(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	a := w.start("PAYGATE_MOPUP_MIN_AGE=0s")
	c := a.Citizen()
	c.Apply("Ann")
	a.EndPayment("success")
	a.Program.Kill() // no replica serves

	mopup := w.mopup("PAYGATE_MOPUP_MIN_AGE=0s")
	require.Zero(t, mopup.Wait(), mopup.Logged())
	require.Regexp(t, `(?m)^visited +1\nreleased +1\ncaptured +0\nreturned +0\nabandoned +0\nwaiting +0\n`+
		`stuck +0\nfailed +0$`, mopup.Stdout.String())
	require.Len(t, w.service.Requests(http.MethodPost), 1)
	require.Equal(t, "mopup", w.service.Requests(http.MethodPost)[0].Header.Get("Paygate-Via"))
	require.Equal(t, "success", a.Payments()[0].Status)

	// It reports what is stuck each time, until staff have settled it.
	b := w.start("PAYGATE_MOPUP_MIN_AGE=0s")
	w.service.SetAnswer(testserver.BreakOff)
	b.Citizen().Apply("Ben")
	b.EndPayment("success")
	for _, counted := range []string{"1", "0"} {
		mopup = w.mopup("PAYGATE_MOPUP_MIN_AGE=0s")
		require.Equal(t, 3, mopup.Wait(), mopup.Logged())
		require.Regexp(t, `(?m)^stuck +`+counted+`$`, mopup.Stdout.String())
		require.Contains(t, mopup.Logged(), "wait for a person")
	}

	require.Equal(t, 2, w.mopup("PAYGATE_SERVICE_NAME=").Wait(),
		"it needs settings")
}

func TestConcurrentMopupsShareWork(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	a := w.start("PAYGATE_MOPUP_MIN_AGE=0s")
	const citizens = 30
	for range citizens {
		a.Citizen().Apply("Ann")
	}
	// The other citizens are still paying: a mop-up can only ask Pay about them.
	for _, p := range a.Payments()[:citizens/2] {
		require.NoError(t, w.pay.Pay(p.ID, "success"))
	}
	reads := func() (count int) {
		for _, r := range w.pay.Requests() {
			if r.Call == "get" {
				count++
			}
		}
		return count
	}
	before := reads()
	blocking := newBlockingService()
	w.atPay.set(func(_ http.ResponseWriter, r *http.Request) { blocking.await(r) })
	both := []*testserver.Program{
		w.mopup(),
		w.mopup(),
	}
	for range 6 { // each mop-up is at three journeys, and never at more of one route
		<-blocking.came
	}
	close(blocking.resume)
	visited := 0
	for _, p := range both {
		require.Zero(t, p.Wait(), p.Logged())
		visited += printedCount(t, p, "visited")
	}
	require.Equal(t, citizens, visited)
	require.Equal(t, citizens, reads()-before, "Pay was asked about each payment once")
	require.Equal(t, citizens/2, printedCount(t, both[0], "released")+printedCount(t, both[1], "released"))
	require.Len(t, w.service.Requests(http.MethodPost), citizens/2)

	next := w.mopup()
	require.Zero(t, next.Wait(), next.Logged())
	require.Equal(t, citizens/2, printedCount(t, next, "waiting"), "the next mop-up visits what is still open")
}

func TestBackupOnPostgreSQLPointsToPgDump(t *testing.T) {
	t.Parallel()
	w := newCluster(t, testserver.Confirm)
	a := w.start()
	p := a.Ann().Do(http.MethodGet, "/backup", nil)
	require.Equal(t, http.StatusNotFound, p.Status)
	require.Contains(t, p.Text, "pg_dump")
	backup := testserver.StartProgram(t,
		[]string{"PAYGATE_STAFF_URL=" + a.Staff.URL, "PAYGATE_STAFF_TOKEN=" + testserver.AnnsToken}, "backup",
		t.TempDir()+"/copy.db")
	require.Equal(t, 1, backup.Wait())
	require.Contains(t, backup.Logged(), "use pg_dump")
}

// printedCount returns a count that the mop-up command printed.
func printedCount(t *testing.T, p *testserver.Program, name string) int {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + ` +([0-9]+)$`).FindStringSubmatch(p.Stdout.String())
	require.Len(t, found, 2, p.Stdout.String())
	n, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return n
}

// mopup starts the mop-up command.
func (w *cluster) mopup(over ...string) *testserver.Program {
	w.t.Helper()
	return testserver.StartProgram(w.t, w.environ(over...), "mopup")
}
