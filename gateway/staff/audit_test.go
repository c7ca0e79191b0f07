package staff_test

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
)

// audited returns the rows of the audit, without their times and identities, as Ann downloads them.
func (l *listener) audited(t *testing.T, query string) (rows [][]string) {
	t.Helper()
	answer, text := l.do(t, http.MethodGet, "/audit.csv"+query, "")
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"at", "by", "role", "what", "journey", "search", "result", "identity"}, all[0])
	for _, row := range all[1:] {
		rows = append(rows, row[1:len(row)-1])
	}
	return rows
}

func TestAuditHasWhatStaffDidAndLookedAt(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.SignIn.Tokens, _ = o.SignIn.Tokens.Add("vera:view:veras-token-0123456789")
	})
	id := string(l.addStuck(t, "LIC1"))
	step := func(method, path, body string, headers ...string) {
		l.do(t, method, path, body, headers...)
		l.pass(time.Second)
	}
	step(http.MethodGet, "/journeys/"+id, "")
	step(http.MethodGet, "/journeys?find=Secret+Name&state=stuck&route=&limit=3", "")
	step(http.MethodPost, "/journeys", "find=Secret+Name", "Content-Type", form)
	step(http.MethodGet, "/journeys/Secret-Name", "")
	step(http.MethodPost, "/journeys/"+id+"/settle", `{"as":"reversed","reason":"Secret Name"}`,
		"Authorization", "Bearer veras-token-0123456789")
	step(http.MethodPost, "/journeys/"+id+"/settle", `{"as":"reversed","reason":"Secret Name"}`)
	step(http.MethodPost, "/journeys/"+id+"/settle", `{"as":"reversed","reason":"again"}`)
	step(http.MethodGet, "/export.csv?from=2026-11-01", "")
	step(http.MethodPost, "/mopup", "")
	step(http.MethodGet, "/nothing", "")
	step(http.MethodGet, "/journeys", "", "Authorization", "Bearer wrong")
	step(http.MethodPost, "/login", "token="+annsToken, "Content-Type", form, "Authorization", "")
	require.Equal(t, [][]string{
		{"staff:ann", "admin", "journey", id, "", "done"},
		{"staff:ann", "admin", "journeys", "", "find state", "done"},
		{"staff:ann", "admin", "journeys", "", "find", "done"},
		{"staff:ann", "admin", "journey", "", "", "refused"},
		{"staff:vera", "view", "settle", id, "", "refused"},
		{"staff:ann", "admin", "settle", id, "", "done"},
		{"staff:ann", "admin", "settle", id, "", "refused"},
		{"staff:ann", "admin", "export", "", "from", "done"},
		{"staff:ann", "admin", "mopup", "", "", "done"},
		{"staff:ann", "admin", "sign in", "", "", "done"},
		{"staff:ann", "admin", "audit", "", "", "done"},
	}, l.audited(t, ""))
	require.Empty(t, l.audited(t, "?to=2026-11-22"), "the day before")
	require.NotEmpty(t, l.audited(t, "?from=2026-11-22&to=2026-11-23"))
	answer, _ := l.do(t, http.MethodGet, "/audit.csv?from=soon", "")
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
}

// auditless is a store that cannot store the audit.
type auditless struct {
	staff.Store
	broken bool
	puts   int
}

func (s *auditless) PutAudit(ctx context.Context, e journey.AuditEntry, keepFrom time.Time) error {
	if s.puts++; s.broken {
		return errors.New("the store is full")
	}
	return s.Store.PutAudit(ctx, e, keepFrom)
}

func TestWithoutAnEntryNothingIsShownOrDone(t *testing.T) {
	t.Parallel()
	var store *auditless
	l := newListener(t, func(o *staff.Options) {
		store = &auditless{Store: o.Store}
		o.Store = store
	})
	id := l.addStuck(t, "LIC1")
	store.broken = true
	for _, path := range []string{"/journeys/" + string(id), "/journeys", "/export.csv", "/"} {
		answer, text := l.do(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, path)
		require.NotContains(t, text, "LIC1")
		require.Empty(t, answer.Header.Get("Content-Disposition"))
	}
	answer, _ := l.do(t, http.MethodPost, "/journeys/"+string(id)+"/settle", `{"as":"reversed","reason":"x"}`)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Equal(t, journey.StateStuck, l.state(t, id))
}

// TestAnOrderHasItsEntryBefore ends the process, so to speak, while an order is under way.
func TestAnOrderHasItsEntryBefore(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.Sweep = func(context.Context) (map[string]int, error) { panic(http.ErrAbortHandler) }
	})
	request, err := http.NewRequest(http.MethodPost, l.URL+"/mopup", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+annsToken)
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		answer.Body.Close()
	}
	require.Error(t, err)
	l.pass(time.Second)
	require.Equal(t, []string{"staff:ann", "admin", "mopup", "", "", ""}, l.audited(t, "")[0])
}

func TestAuditIsKeptAsLongAsJourneys(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	l.do(t, http.MethodGet, "/journeys", "")
	l.pass(1001 * time.Hour)
	l.do(t, http.MethodPost, "/mopup", "")
	l.pass(time.Second)
	require.Equal(t, "mopup", l.audited(t, "")[0][2])
}

func TestAuditTellsWhatWasCheckedFromWhatWasDone(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.addReleased(t, "LIC1")
	_, confirmed := b.check(id, "refund", url.Values{"part": {"full"}, "reason": {"goodwill"}})
	for range 2 {
		l.pass(time.Second)
		b.do("/journeys/"+string(id)+"/refund", confirmed)
	}
	var results []string
	for _, row := range l.audited(t, "") {
		if row[2] == "refund" {
			results = append(results, row[5])
		}
	}
	require.Equal(t, []string{"checked", "done", "refused"}, results)
}

// TestABackupIsRecordedBeforeTheStoreIsRead, because a store that is read cannot grow.
func TestABackupIsRecordedBeforeTheStoreIsRead(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(o *staff.Options) {
		o.Backup = o.Store.(*boltstore.Store).Backup
	})
	answer, text := l.do(t, http.MethodGet, "/backup", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	copied := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, os.WriteFile(copied, []byte(text), 0o600))
	sealer, err := seal.New([][]byte{make([]byte, 32)})
	require.NoError(t, err)
	store, err := boltstore.Open(copied, boltstore.Options{Sealer: sealer, Now: l.now, NoSync: true})
	require.NoError(t, err)
	defer store.Close()
	page, err := store.Audits(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, page, 1, "the copy has the entry of its own making")
}
