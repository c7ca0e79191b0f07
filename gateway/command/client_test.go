package command

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const staffToken = "token-of-ann-which-is-long-enough"

// staffServerStub is the staff listener of a gateway as the client commands see it. It records what they ask.
type staffServerStub struct {
	*httptest.Server
	asked []string // method, target and body
}

func newStaffServer(t *testing.T, answer http.HandlerFunc) *staffServerStub {
	t.Helper()
	s := &staffServerStub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.asked = append(s.asked, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)))
		if r.URL.Path != "/readyz" && r.Header.Get("Authorization") != "Bearer "+staffToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// run runs a command against the staff listener.
func (s *staffServerStub) run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	s.asked = nil
	return runCommand(t, []string{"PAYGATE_STAFF_URL=" + s.URL, "PAYGATE_STAFF_TOKEN=" + staffToken}, args...)
}

func runCommand(t *testing.T, environ []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Run(t.Context(), Env{Environ: environ, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}, args)
	return status, out.String(), errs.String()
}

const (
	journeyJSON = `{"id": "0T45QC88T55VKQVH", "route": "licence", "state": "stuck", "reference": "A-1",
		"amount_pence": 2500, "started_at": "2026-11-22T10:41:07Z", "note": "not known"}`
	wholeJSON = `{"id": "0T45QC88T55VKQVH", "state": "stuck", "reference": "A-1\u001b[2J", "amount_pence": 118000,
		"taken_pence": 118000, "refunded_pence": 500, "reserved_pence": 100, "reserved_until": "2026-07-01T11:00:00Z",
		"note": "not known", "route": "licence", "description": "Fishing licence", "started_at": "2026-07-01T11:00:00Z",
		"approval": {"what": "refund", "amount_pence": 7000, "reason": "asked", "by": "staff:ben",
			"until": "2026-07-08T11:00:00Z"},
		"messages": [{"to": "service", "what": "refunded", "amount_pence": 500}],
		"payments": [{"id": "pay1", "status": "failed", "code": "P0010"}],
		"history": [{"at": "2026-07-01T11:00:00Z", "fact": "claimed", "by": "staff:ann", "detail": "a <b>\tc"}]}`
)

func TestOrdersAskStaffListener(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, wholeJSON) })
	for _, c := range []struct {
		args  []string
		asked string
	}{
		{[]string{"show", "0T45QC88T55VKQVH"}, "GET /journeys/0T45QC88T55VKQVH"},
		{[]string{"show", "0t45qc88t55vkqvh"}, "GET /journeys/0T45QC88T55VKQVH"},
		{[]string{"check-now", "X"}, "POST /journeys/X/check"},
		{[]string{"release", "-reason", "asked", "X"}, `POST /journeys/X/release {"reason":"asked"}`},
		{[]string{"return", "-reason", "asked", "X"}, `POST /journeys/X/return {"reason":"asked"}`},
		{
			[]string{"refund", "-amount", "5.05", "-reason", "asked", "X"},
			`POST /journeys/X/refund {"amount_pence":505,"reason":"asked"}`,
		},
		{
			[]string{"refund", "-amount", "£1,180.00", "-reason", "asked", "X"},
			`POST /journeys/X/refund {"amount_pence":118000,"reason":"asked"}`,
		},
		{
			[]string{"settle", "-as", "reversed", "-reason", "gone <b>", "X"},
			`POST /journeys/X/settle {"as":"reversed","reason":"gone \u003cb\u003e"}`,
		},
	} {
		status, stdout, stderr := s.run(t, c.args...)
		require.Zero(t, status, stderr)
		require.Equal(t, []string{c.asked}, s.asked)
		require.Contains(t, stdout, "Needs a decision (stuck)")
		_, stdout, _ = s.run(t, append([]string{c.args[0], "-format", "json"}, c.args[1:]...)...)
		require.Equal(t, []string{c.asked}, s.asked)
		require.Contains(t, stdout, `"state": "stuck"`)
		require.Contains(t, stdout, `"detail": "a <b>\tc"`)
	}
}

func TestAJourneyIsToldInSentences(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, wholeJSON) })
	status, stdout, _ := s.run(t, "show", "X")
	require.Zero(t, status)
	require.Equal(t, `A-1 [2J: Needs a decision (stuck)
Fishing licence, £1,180.00, begun 1 Jul 2026 12:00 BST. Journey 0T45QC88T55VKQVH on the route licence.
Payment pay1: The card was declined (P0010).
Reserved £1.00, until 1 Jul 2026 12:00 BST.
Taken £1,180.00.
Refunded £5.00.
Note: not known
A refund of £70.00 waits for a second person until 8 Jul 2026 12:00 BST. ben asked: asked
The service has not been told: refunded, £5.00.

WHEN                  WHAT                          BY   DETAIL
1 Jul 2026 12:00 BST  Sending to the service began  ann  a <b> c
`, stdout)
}

func TestWrongUseAsksNothing(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"show"}, "one journey ID is needed"},
		{[]string{"show", "A", "B"}, "too many arguments"},
		{[]string{"show", "../mopup"}, "one journey ID is needed"},
		{[]string{"show", "A?x"}, "one journey ID is needed"},
		{[]string{"release", "-reason", "asked"}, "one journey ID is needed"},
		{[]string{"release", "A"}, "-reason is needed"},
		{[]string{"release", "-reason", " ", "A"}, "-reason is needed"},
		{[]string{"refund", "-reason", "asked", "A"}, "-amount must be pounds"},
		{[]string{"refund", "-amount", "5.005", "-reason", "asked", "A"}, "-amount must be pounds"},
		{[]string{"refund", "-amount", "-5", "-reason", "asked", "A"}, "-amount must be pounds"},
		{[]string{"settle", "-reason", "asked", "A"}, "-as must be released, reversed or retry"},
		{[]string{"settle", "-as", "given", "-reason", "asked", "A"}, "-as must be released, reversed or retry"},
		{[]string{"journeys", "-format", "xml"}, "-format must be table, json or csv"},
		{[]string{"journeys", "-limit", "-1"}, "-limit must not be negative"},
		{[]string{"show", "-format", "csv", "A"}, "-format must be text or json"},
		{[]string{"journeys", "A"}, "too many arguments"},
		{[]string{"export", "A"}, "too many arguments"},
		{[]string{"backup"}, "the name of a new file is needed"},
		{[]string{"backup", "a", "b"}, "too many arguments"},
		{[]string{"healthcheck", "A"}, "too many arguments"},
		{[]string{"mopup", "-nosuchflag"}, "Usage: paygate mopup"},
		{[]string{"verify", "-keys", "k"}, "-keys and -audience are needed"},
		{[]string{"verify", "-keys", "k", "-audience", "a", "-at", "noon"}, "-at must be a time such as"},
	} {
		status, stdout, stderr := s.run(t, c.args...)
		require.Equal(t, 2, status, c.args)
		require.Empty(t, stdout, c.args)
		require.Contains(t, stderr, c.says, c.args)
		require.Empty(t, s.asked, c.args)
	}
}

func TestClientCommandsReportProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		exit   int
		says   string
	}{
		"not allowed":      {409, `{"detail": "not in this state"}`, 1, "paygate: not in this state"},
		"wrong request":    {422, `{"detail": "3000 pence are left"}`, 2, "paygate: 3000 pence are left"},
		"no such journey":  {404, `{"detail": "there is no such journey"}`, 1, "paygate: there is no such journey"},
		"no detail":        {502, `<html>`, 1, "the staff listener answered 502 Bad Gateway"},
		"a redirect":       {303, ``, 1, "the staff listener answered 303 See Other"},
		"an answer's text": {200, `hello`, 1, "the staff listener's answer is not JSON"},
	} {
		s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/login")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		status, stdout, stderr := s.run(t, "refund", "-amount", "31", "-reason", "asked", "X")
		require.Equal(t, c.exit, status, name)
		require.Empty(t, stdout, name)
		require.Contains(t, stderr, c.says, name)
		require.Len(t, s.asked, 1, name)
	}
}

func TestClientCommandsNeedTokenAndListener(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"journeys"},
		{"show", "X"},
		{"export"},
		{"mopup"},
		{"backup", filepath.Join(t.TempDir(), "new")},
		{"release", "-reason", "asked", "X"},
	} {
		status, _, stderr := runCommand(t, nil, args...)
		require.Equal(t, 2, status, args)
		require.Contains(t, stderr, "PAYGATE_STAFF_TOKEN: is needed", args)
		environ := []string{"PAYGATE_STAFF_URL=http://127.0.0.1:1", "PAYGATE_STAFF_TOKEN=x"}
		status, _, stderr = runCommand(t, environ, args...)
		require.Equal(t, 1, status, args)
		require.Contains(t, stderr, "does not answer at http://127.0.0.1:1; is the gateway running?", args)
	}
}

func TestJourneysPrintsEveryPage(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("after") == "" {
			_, _ = io.WriteString(w, `{"journeys": [`+journeyJSON+`], "next": "ONE"}`)
			return
		}
		_, _ = io.WriteString(w, `{"journeys": [`+strings.Replace(journeyJSON, "0T45", "0T46", 1)+`], "next": ""}`)
	})
	status, stdout, _ := s.run(t,
		"journeys", "-state", "stuck", "-route", "licence", "-reference", "A-1", "-payment", "p")
	require.Zero(t, status)
	const query = "limit=500&payment=p&reference=A-1&route=licence&state=stuck"
	require.Equal(t, []string{"GET /journeys?" + query, "GET /journeys?after=ONE&" + query}, s.asked)
	require.Equal(t, ""+
		"ID                STATE  REFERENCE  PRICE   BEGUN                  NOTE\n"+
		"0T45QC88T55VKQVH  stuck  A-1        £25.00  22 Nov 2026 10:41 GMT  not known\n"+
		"0T46QC88T55VKQVH  stuck  A-1        £25.00  22 Nov 2026 10:41 GMT  not known\n", stdout)

	_, stdout, _ = s.run(t, "journeys", "-limit", "1")
	require.Equal(t, []string{"GET /journeys?limit=1"}, s.asked)
	require.Equal(t, 2, strings.Count(stdout, "\n"))

	_, stdout, _ = s.run(t, "journeys", "-format", "json")
	require.Equal(t, 2, strings.Count(stdout, `"state": "stuck"`))
	_, stdout, _ = s.run(t, "journeys", "-format", "csv")
	require.Equal(t, 3, strings.Count(stdout, "\n"))
	require.Contains(t, stdout, "\n0T46QC88T55VKQVH,licence,")
}

func TestJourneysSince(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"journeys": [], "next": ""}`)
	})
	s.run(t, "journeys", "-since", "2026-11-22", "-until", "2026-11-23")
	require.Equal(t, []string{"GET /journeys?limit=500&since=2026-11-22&until=2026-11-23"}, s.asked)
	_, stdout, _ := s.run(t, "journeys", "-since", "24h", "-format", "json")
	require.Equal(t, "[]\n", stdout)
	_, since, _ := strings.Cut(strings.ReplaceAll(s.asked[0], "%3A", ":"), "since=")
	yesterday, err := time.Parse(time.RFC3339, since)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(-24*time.Hour), yesterday, time.Minute)
}

func TestExportReportsWhetherItIsWhole(t *testing.T) {
	t.Parallel()
	const trailers = "Paygate-Export-Rows,Paygate-Export-Amount-Pence," +
		"Paygate-Export-Taken-Pence,Paygate-Export-Refunded-Pence"
	breaksOff := false
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", trailers)
		_, _ = io.WriteString(w, "id,route\nX,licence\n")
		if breaksOff {
			return
		}
		for i, name := range strings.Split(trailers, ",") {
			w.Header().Set(name, fmt.Sprint(i+1))
		}
	})
	status, stdout, stderr := s.run(t, "export", "-from", "2026-11-01", "-to", "2026-12-01")
	require.Zero(t, status)
	require.Equal(t, []string{"GET /export.csv?from=2026-11-01&to=2026-12-01"}, s.asked)
	require.Equal(t, "id,route\nX,licence\n", stdout)
	require.Equal(t, "journeys 1, asked £0.02, taken £0.03, refunded £0.04\n", stderr)
	_, _, stderr = s.run(t, "export", "-refunds", "-from", "2026-11-01", "-by", "settled", "-units", "pounds")
	require.Equal(t, []string{"GET /refunds.csv?by=settled&from=2026-11-01&units=pounds"}, s.asked)
	require.Contains(t, stderr, "refunds 1, ")

	breaksOff = true
	status, stdout, stderr = s.run(t, "export")
	require.Equal(t, 1, status)
	require.Equal(t, "id,route\nX,licence\n", stdout)
	require.Contains(t, stderr, "the export is incomplete")
}

func TestBackupIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	size := "5"
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "Paygate-Backup-Bytes")
		_, _ = io.WriteString(w, "store")
		w.Header().Set("Paygate-Backup-Bytes", size)
	})
	folder := t.TempDir()
	file := filepath.Join(folder, "copy.db")
	status, stdout, _ := s.run(t, "backup", file)
	require.Zero(t, status)
	require.Equal(t, "5 bytes\n", stdout)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "store", string(text))
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	status, _, stderr := s.run(t, "backup", file)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "already exists")
	require.Empty(t, s.asked)

	size = "6"
	status, _, stderr = s.run(t, "backup", filepath.Join(folder, "second.db"))
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "the backup is incomplete")
	names, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, names, 1, "nothing is left of an incomplete backup")
}

func TestHealthcheckReportsReadiness(t *testing.T) {
	t.Parallel()
	ready := http.StatusOK
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(ready)
		_, _ = io.WriteString(w, "draining\n")
	})
	environ := []string{"PAYGATE_STAFF_URL=" + s.URL} // no token is needed
	status, stdout, _ := runCommand(t, environ, "healthcheck", "-ready")
	require.Zero(t, status)
	require.Equal(t, "draining\n", stdout)
	require.Equal(t, []string{"GET /readyz"}, s.asked)
	ready = http.StatusServiceUnavailable
	status, _, stderr := runCommand(t, environ, "healthcheck", "-ready")
	require.Equal(t, 1, status)
	require.Equal(t, "paygate: not ready: draining\n", stderr)
	status, _, stderr = runCommand(t, []string{"PAYGATE_STAFF_URL=http://127.0.0.1:1"}, "healthcheck")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "the staff listener does not answer")
	_, _, _ = runCommand(t, environ, "healthcheck")
	require.Equal(t, "GET /livez", s.asked[len(s.asked)-1])
}

func TestMopupExitsWith3WhileAnythingIsStuck(t *testing.T) {
	t.Parallel()
	list := `{"journeys": [` + journeyJSON + `]}`
	s := newStaffServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mopup" {
			_, _ = io.WriteString(w, `{"visited": 3, "released": 2, "stuck": 1}`)
			return
		}
		_, _ = io.WriteString(w, list)
	})
	status, stdout, stderr := s.run(t, "mopup")
	require.Equal(t, 3, status)
	require.Equal(t, []string{"POST /mopup", "GET /journeys?limit=1&state=stuck"}, s.asked)
	require.Equal(t, "visited    3\nreleased   2\ncaptured   0\nreturned   0\n"+
		"abandoned  0\nwaiting    0\nstuck      1\nfailed     0\n", stdout)
	require.Contains(t, stderr, "paygate journeys -state stuck")
	list = `{"journeys": []}`
	status, _, _ = s.run(t, "mopup")
	require.Zero(t, status)
}
