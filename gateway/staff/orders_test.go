package staff_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/modes"
	"paygate/gateway/signin"
	"paygate/gateway/staff"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/reconcile"
	"paygate/journey/seal"
)

const (
	annsToken = "anns-token-0123456789abcdef"
	html      = "text/html"
	form      = "application/x-www-form-urlencoded"
)

var t0 = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// fakePay has payments that are reserved until they are captured or cancelled, and can be refunded.
type fakePay struct {
	journey.Payments
	payments map[string]*journey.PaymentSnapshot
	refunded []int64
	down     bool
}

func (p *fakePay) Get(_ context.Context, id string) (journey.PaymentSnapshot, error) {
	if p.down {
		return journey.PaymentSnapshot{}, errors.New("connection refused")
	}
	return *p.payments[id], nil
}

func (p *fakePay) Capture(_ context.Context, id string) error {
	p.payments[id].Status, p.payments[id].RefundStatus = journey.StatusSuccess, "available"
	p.payments[id].RefundAvailable = 2500
	return nil
}

func (p *fakePay) Cancel(_ context.Context, id string) error {
	p.payments[id].Status = journey.StatusCancelled
	return nil
}

func (p *fakePay) Refund(_ context.Context, id string, amount, _ int64) (journey.Refund, error) {
	p.refunded = append(p.refunded, amount)
	p.payments[id].RefundSubmitted += amount
	p.payments[id].RefundAvailable -= amount
	return journey.Refund{ID: fmt.Sprint("ref", len(p.refunded)), Amount: amount, Status: journey.RefundSuccess}, nil
}

func (p *fakePay) Refunds(context.Context, string) ([]journey.Refund, error) { return nil, nil }

// fakeService accepts every request.
type fakeService struct{}

func (fakeService) Deliver(context.Context, journey.Delivery) journey.Delivered {
	return journey.Delivered{Verdict: journey.VerdictAccepted, Status: 303}
}

// listener is a staff listener with its store and a simulated Pay.
type listener struct {
	*httptest.Server
	store *boltstore.Store
	pay   *fakePay
	later atomic.Int64 // nanoseconds that have passed

	options staff.Options
}

func (l *listener) now() time.Time { return t0.Add(time.Hour + time.Duration(l.later.Load())) }

// pass lets time pass.
func (l *listener) pass(d time.Duration) { l.later.Add(int64(d)) }

func newListener(t *testing.T, change func(*staff.Options)) *listener {
	t.Helper()
	sealer, err := seal.New([][]byte{make([]byte, 32)})
	require.NoError(t, err)
	l := &listener{pay: &fakePay{payments: map[string]*journey.PaymentSnapshot{}}}
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "paygate.db"),
		boltstore.Options{Sealer: sealer, Now: l.now, NoSync: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	l.store = store
	quiet := slog.New(slog.DiscardHandler)
	o := staff.Options{
		Ready: func(context.Context) error { return nil },
		SignIn: signin.Options{
			Tokens: signin.Tokens{{Member: signin.Member{Name: "ann", Role: signin.Admin}, Secret: annsToken}},
			Store:  store, Now: l.now, HashKey: make([]byte, 64), BlockKey: make([]byte, 32),
		},
		Reconciler: reconcile.New(reconcile.Options{
			Store: store, Now: l.now, Log: quiet, Ours: func(string) bool { return true },
			Wait: func(context.Context, time.Duration) error { return nil },
		}),
		Modes: modes.New(modes.Options{
			Settings: []modes.Setting{{Route: "licence", Mode: modes.On}}, Values: store, Now: l.now, Log: quiet,
		}),
		Store: store, KeepAudit: 1000 * time.Hour,
		Runner: &journey.Runner{
			Store: store, Accounts: journey.Accounts{"": l.pay}, Deliverer: fakeService{}, Now: l.now, Log: quiet,
		},
		Sweep:       func(context.Context) (map[string]int, error) { return map[string]int{"visited": 3}, nil },
		Sweeping:    func() (map[string]int, bool) { return nil, false },
		Paused:      func() map[string]time.Time { return nil },
		ServiceName: "Fishing licences", Log: quiet, Routes: []string{"licence"}, PayTool: "https://pay.example/",
	}
	if change != nil {
		change(&o)
	}
	l.options = o
	l.Server = httptest.NewServer(staff.New(o))
	t.Cleanup(l.Close)
	return l
}

// add stores a journey to which the facts have happened, and returns its id.
func (l *listener) add(t *testing.T, reference string, facts ...journey.Fact) journey.ID {
	t.Helper()
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: reference, Description: "Licence",
		Capture: journey.CaptureOnAccept, ClaimFor: time.Minute, KeepJourney: 1000 * time.Hour,
		SecondLook: 24 * time.Hour,
	}
	id := journey.NewID(t0)
	j := journey.Hold(id, "secret-key", terms, journey.Fingerprint{Method: "POST", Path: "/apply"}, t0)
	l.pay.payments["pay"+strings.ToLower(reference)] = reserved(reference)
	created := *reserved(reference)
	created.Status = journey.StatusCreated
	require.NoError(t, l.store.Create(t.Context(), j, journey.HeldRequest{Method: "POST", Path: "/apply"}))
	for _, fact := range append([]journey.Fact{journey.PaymentCreated{Snapshot: created}}, facts...) {
		_, err := l.store.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
			next, err := j.Apply(fact, journey.ByCitizen, t0)
			return journey.Change{Journey: next}, err
		})
		require.NoError(t, err)
	}
	return id
}

func reserved(reference string) *journey.PaymentSnapshot {
	return &journey.PaymentSnapshot{
		ID: "pay" + strings.ToLower(reference), Reference: reference, Amount: 2500,
		Status: journey.StatusCapturable, DelayedCapture: true,
	}
}

// addStuck stores a journey whose delivery is unknown.
func (l *listener) addStuck(t *testing.T, reference string) journey.ID {
	t.Helper()
	return l.add(t, reference, journey.PaymentSeen{Snapshot: *reserved(reference)},
		journey.Claimed{Until: t0.Add(time.Minute)},
		journey.RequestDelivered{Number: 1, Verdict: journey.VerdictUnknown})
}

// do sends a request with Ann's token unless the headers, name and value in turn, say otherwise.
func (l *listener) do(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, l.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+annsToken)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(text)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	id := l.addStuck(t, "LIC1")
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	show := func(address string, body url.Values) (*http.Response, string) {
		method := http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
		request, err := http.NewRequestWithContext(t.Context(), method, l.URL+address, strings.NewReader(body.Encode()))
		require.NoError(t, err)
		request.Header.Set("Accept", html)
		request.Header.Set("Content-Type", form)
		answer, err := browser.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer, string(text)
	}

	address := "/journeys/" + string(id)
	answer, text := show(address, nil)
	require.Equal(t, "/login", answer.Request.URL.Path)
	require.NotContains(t, text, "LIC1")

	answer, _ = show("/login", url.Values{"token": {"wrong"}, "to": {address}})
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)

	answer, text = show("/login", url.Values{"token": {annsToken}, "to": {address}})
	require.Equal(t, address, answer.Request.URL.Path)
	require.Contains(t, text, "LIC1")
	require.Contains(t, text, "A person has to decide.")
	require.NotContains(t, text, "secret-key")

	_, text = show("/logout", url.Values{})
	require.Contains(t, text, "Staff token")
	answer, _ = show(address, nil)
	require.Equal(t, "/login", answer.Request.URL.Path)
}

func TestSignInNeverLeadsToAnotherSite(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	for to, want := range map[string]string{
		"/journeys?state=stuck": "/journeys?state=stuck", "https://evil.example/": "/", "//evil.example": "/",
		`/\evil.example`: "/", "/\tevil": "/", "journeys": "/", "": "/", "%zz": "/",
	} {
		body := url.Values{"token": {annsToken}, "to": {to}}.Encode()
		answer, _ := l.do(t, http.MethodPost, "/login", body, "Content-Type", form, "Authorization", "")
		require.Equal(t, http.StatusSeeOther, answer.StatusCode, to)
		require.Equal(t, want, answer.Header.Get("Location"), to)
	}
}

func TestWithoutATokenNothingIsShown(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	id := string(l.addStuck(t, "LIC1"))
	for _, token := range []string{"", "Bearer", "Bearer wrong", "Bearer " + annsToken + "x", "Basic " + annsToken} {
		l.pass(time.Minute) // refused sign-ins are braked
		for _, path := range []string{"/journeys", "/journeys/" + id, "/export.csv", "/backup", "/nothing"} {
			answer, text := l.do(t, http.MethodGet, path, "", "Authorization", token)
			require.Equal(t, http.StatusUnauthorized, answer.StatusCode, "%s %s", token, path)
			require.Equal(t, `Bearer realm="paygate"`, answer.Header.Get("WWW-Authenticate"))
			require.NotContains(t, text, "LIC1")
		}
		answer, _ := l.do(t, http.MethodPost, "/journeys/"+id+"/settle", `{"as":"reversed","reason":"x"}`,
			"Authorization", token)
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	stuck, paying := l.addStuck(t, "LIC1"), l.add(t, "LIC2")
	for query, want := range map[string][]journey.ID{
		"?state=stuck": {stuck}, "?reference=lic2": {paying}, "?payment=paylic1": {stuck}, "?route=other": {},
		"?find=LIC2": {paying}, "?find=paylic1": {stuck}, "?find=" + string(stuck): {stuck},
		"?since=2026-11-23": {}, "?until=2026-11-22": {}, "?state=paying&since=2026-11-22T10:00:00Z": {paying},
	} {
		answer, text := l.do(t, http.MethodGet, "/journeys"+query, "")
		require.Equal(t, http.StatusOK, answer.StatusCode, text)
		var page struct {
			Journeys []struct{ ID journey.ID }
			Next     *string
		}
		require.NoError(t, json.Unmarshal([]byte(text), &page))
		found := []journey.ID{}
		for _, j := range page.Journeys {
			found = append(found, j.ID)
		}
		require.Equal(t, want, found, query)
		require.NotNil(t, page.Next, "it is there even on the last page")
	}
	_, text := l.do(t, http.MethodGet, "/journeys?limit=1", "")
	require.Regexp(t, `"next":"[0-9A-Z]{16}"`, text)
	for _, wrong := range []string{
		"limit=0", "limit=501", "limit=x", "state=none", "since=yesterday",
		"until=22.11.2026",
	} {
		answer, text := l.do(t, http.MethodGet, "/journeys?"+wrong, "")
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, wrong)
		require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"), text)
	}
	_, text = l.do(t, http.MethodGet, "/journeys", "", "Accept", html)
	require.Contains(t, text, "LIC1")
	require.Contains(t, text, "£25.00")
}

func TestShow(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	id := string(l.addStuck(t, "LIC1"))
	_, text := l.do(t, http.MethodGet, "/journeys/"+id, "")
	for _, want := range []string{`"reference":"LIC1"`, `"state":"stuck"`, `"history":[`, `"payments":[`} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "secret-key")
	answer, _ := l.do(t, http.MethodGet, "/journeys/NONE", "")
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	answer, text = l.do(t, http.MethodGet, "/", "", "Accept", html)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, text, "What needs a person")
	require.Contains(t, text, "LIC1")
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
}

func TestOrdersWithBadInputDoNothing(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	id := l.addStuck(t, "LIC1")
	long := strings.Repeat("x", 501)
	for _, c := range []struct{ order, contentType, body string }{
		{"release", "application/json", `{}`},
		{"release", "application/json", `{"reason":"  "}`},
		{"release", "application/json", `{"reason":"x","unknown":1}`},
		{"release", "application/json", `not JSON`},
		{"release", "text/plain", "reason=x"},
		{"release", form, "reason=" + long},
		{"release", form, "reason=a%00b"},
		{"release", form, "reason=%ff"},
		{"settle", form, "reason=x"},
		{"settle", form, "reason=x&as=stuck"},
		{"refund", form, "reason=x"},
		{"refund", form, "reason=x&amount=0"},
		{"refund", form, "reason=x&amount=5.5"},
		{"refund", form, "reason=x&amount_pence=-1"},
		{"refund", form, "reason=x&amount_pence=1.5"},
		{"refund", form, "reason=x&amount_pence=1&refunded_pence=none"},
	} {
		path := "/journeys/" + string(id) + "/" + c.order
		answer, text := l.do(t, http.MethodPost, path, c.body, "Content-Type", c.contentType)
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, "%s %s: %s", c.order, c.body, text)
	}
	j, err := l.store.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, journey.StateStuck, j.State)
	require.Empty(t, l.pay.refunded)
}

func TestOrders(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	order := func(id journey.ID, name, body string) (int, string) {
		answer, text := l.do(t, http.MethodPost, "/journeys/"+string(id)+"/"+name, body)
		return answer.StatusCode, text
	}
	released := l.addStuck(t, "LIC1")
	status, text := order(released, "release", `{"reason":"the citizen called"}`)
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"state":"released"`)
	require.Contains(t, text, `"by":"staff:ann"`)
	require.Contains(t, text, "the citizen called")
	status, _ = order(released, "release", `{"reason":"again"}`)
	require.Equal(t, http.StatusConflict, status)

	status, text = order(released, "refund", `{"reason":"goodwill","amount_pence":500,"refunded_pence":0}`)
	require.Equal(t, http.StatusOK, status, text)
	status, text = order(released, "refund", `{"reason":"goodwill","amount_pence":500,"refunded_pence":0}`)
	require.Equal(t, http.StatusConflict, status, "the same order was sent twice")
	require.Contains(t, text, "Money has been refunded since you looked.")
	status, _ = order(released, "refund", `{"reason":"all of it","amount_pence":2001}`)
	require.Equal(t, http.StatusUnprocessableEntity, status, "2000 pence are left")
	require.Equal(t, []int64{500}, l.pay.refunded)

	reversed := l.addStuck(t, "LIC2")
	status, text = order(reversed, "settle", `{"reason":"not given","as":"reversed"}`)
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"state":"reversed"`)

	l.pay.down = true
	status, _ = order(l.addStuck(t, "LIC3"), "settle", `{"reason":"not given","as":"reversed"}`)
	require.Equal(t, http.StatusBadGateway, status)
	status, _ = order("NONE", "check", "")
	require.Equal(t, http.StatusNotFound, status)
}

func TestRequestsFromAnotherSiteAreRefused(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	id := l.addStuck(t, "LIC1")
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		for _, path := range []string{"/login", "/logout", "/mopup", "/journeys/" + string(id) + "/settle"} {
			answer, _ := l.do(t, http.MethodPost, path, `{"as":"reversed","reason":"x"}`, header...)
			require.Equal(t, http.StatusForbidden, answer.StatusCode, path)
		}
	}
	j, err := l.store.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, journey.StateStuck, j.State)
}

func TestMopupAnswersItsCounts(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	_, text := l.do(t, http.MethodPost, "/mopup", "")
	require.JSONEq(t, `{"visited":3}`, text)
	answer, _ := l.do(t, http.MethodPost, "/mopup", "", "Accept", html)
	require.Equal(t, "/", answer.Header.Get("Location"))
}

func TestExportEndsWithItsTotals(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	l.addStuck(t, "LIC1")
	l.add(t, "LIC2")
	answer, text := l.do(t, http.MethodGet, "/export.csv?from=2026-11-22&to=2026-11-23", "")
	require.Equal(t, `attachment; filename="paygate-2026-11-22-to-2026-11-23.csv"`,
		answer.Header.Get("Content-Disposition"))
	require.Len(t, strings.Split(strings.TrimSpace(text), "\n"), 3, "a header and two rows")
	require.Equal(t, "2", answer.Trailer.Get("Paygate-Export-Rows"))
	require.Equal(t, "5000", answer.Trailer.Get("Paygate-Export-Amount-Pence"))
	require.Equal(t, "0", answer.Trailer.Get("Paygate-Export-Taken-Pence"))
	for _, wrong := range []string{"from=x", "to=22.11.2026", "from=2026-11-23&to=2026-11-22"} {
		answer, _ := l.do(t, http.MethodGet, "/export.csv?"+wrong, "")
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, wrong)
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	answer, _ := l.do(t, http.MethodGet, "/backup", "")
	require.Equal(t, http.StatusNotFound, answer.StatusCode, "a database has backups of its own")

	l = newListener(t, func(o *staff.Options) {
		o.Backup = func(_ context.Context, to io.Writer) error {
			_, err := io.WriteString(to, "the whole file")
			return err
		}
	})
	answer, text := l.do(t, http.MethodGet, "/backup", "")
	require.Equal(t, "the whole file", text)
	require.Equal(t, "14", answer.Trailer.Get("Paygate-Backup-Bytes"))
}
