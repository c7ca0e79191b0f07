package paysim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEachFaultDoesWhatItSays(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct {
		status int // 0: the connection ends
		code   any
		done   bool
	}{
		"429": {429, "P0900", false}, "500": {500, "P0198", false}, "503": {503, nil, false}, "reset": {0, nil, false},
		"lost": {0, nil, true},
		"html": {201, nil, true}, "garbage": {201, nil, true}, "empty": {201, nil, true},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, Options{})
			b.AddFault(Fault{Call: "create", Kind: kind, Times: 1})
			r, err := b.try("POST", "/v1/payments", createBody(nil))
			if c.status == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				a := readAnswer(t, r)
				require.Equal(t, c.status, a.status)
				require.Equal(t, c.code, a.at("code"))
				require.Nil(t, a.at("payment_id"))
				require.Empty(t, a.header.Get("Retry-After"))
			}
			require.Equal(t, c.done, len(b.Payments()) == 1)
			require.Equal(t, kind, b.Requests()[0].Faulted)
			b.create(nil) // once is over
		})
	}
}

func TestHugeAnswerIsHuge(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.AddFault(Fault{Call: "create", Kind: "huge"})
	require.Greater(t, len(b.do("POST", "/v1/payments", createBody(nil)).text), 10<<20)
}

func TestHostileNextURLLeadsToAnotherHost(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.AddFault(Fault{Kind: "hostile_next_url"})
	made := b.create(nil)
	require.NotContains(t, made.at("_links", "next_url", "href"), b.url)
	require.NotContains(t, b.get(made.at("payment_id").(string)).at("_links", "next_url", "href"), b.url)
}

func TestStaleAnswerIsOldAndHasNoNextURL(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SearchLag: time.Minute})
	id := b.create(nil).at("payment_id").(string)
	require.NoError(t, b.Pay(id, "started"))
	b.Advance(2 * time.Minute)
	require.NoError(t, b.Pay(id, "success"))
	b.AddFault(Fault{Call: "get", Kind: "stale", Times: 1})
	stale := b.get(id)
	require.Equal(t, "started", stale.at("state", "status"))
	require.Nil(t, stale.at("_links", "next_url"))
	require.Equal(t, "success", b.get(id).at("state", "status"))
}

func TestSlowAnswerIsLate(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.AddFault(Fault{Call: "create", Kind: "slow", Delay: 30 * time.Millisecond})
	start := time.Now()
	b.create(nil)
	require.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
}

func TestClosingEndsSlowAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.AddFault(Fault{Call: "create", Kind: "slow", Delay: time.Hour})
	b.Close()
	b.Close()
	b.create(nil)
}

func TestFaultsAreCountedAndSkipped(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.AddFault(Fault{Call: "get", Kind: "500", Skip: 1, Times: 2})
	id := b.newPayment(nil)
	statuses := []int{}
	for range 4 {
		statuses = append(statuses, b.do("GET", "/v1/payments/"+id, "").status)
	}
	require.Equal(t, []int{200, 500, 500, 200}, statuses)

	b.AddFault(Fault{Call: "capture", Kind: "429"})
	require.Equal(t, 429, b.do("POST", "/v1/payments/"+id+"/capture", "{}").status)
	require.Equal(t, 204, b.do("POST", "/v1/payments/"+id+"/cancel", "{}").status, "of another call")
	b.ClearFaults()
	b.refuses(b.do("POST", "/v1/payments/"+id+"/capture", "{}"), 409, "P1003")
}

func TestEachCallHasItsOwnCodeForTrouble(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.newPayment(nil)
	b.AddFault(Fault{Kind: "500"})
	one := "/v1/payments/" + id
	for _, c := range [][3]string{
		{"POST", "/v1/payments", "P0198"},
		{"GET", "/v1/payments", "P0498"},
		{"GET", one, "P0298"},
		{"GET", one + "/events", "P0398"},
		{"POST", one + "/cancel", "P0598"},
		{"POST", one + "/capture", "P1098"},
		{"POST", one + "/refunds", "P0698"},
		{"GET", one + "/refunds", "P0898"},
	} {
		body := ""
		if c[0] == "POST" {
			body = "{}"
		}
		b.refuses(b.do(c[0], c[1], body), 500, c[2])
	}
}

func TestUnknownFaultsPanic(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, f := range []Fault{{Kind: "teapot"}, {Call: "pay", Kind: "500"}, {Kind: "500", Times: -1}} {
		require.Panics(t, func() { b.AddFault(f) })
	}
}

func TestCallsOverTheLimitGet429(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	ids := []string{}
	for range 15 {
		ids = append(ids, b.newPayment(nil))
	}
	over := b.do("POST", "/v1/payments", createBody(nil))
	b.refuses(over, 429, "P0900")
	require.Equal(t, []string{"code", "description"}, fieldsOf(over.json))
	require.Empty(t, over.header.Get("Retry-After"))

	for i := range 15 {
		require.Equal(t, 409, b.do("POST", "/v1/payments/"+ids[i]+"/capture", "{}").status,
			"captures have a counter of their own")
	}
	b.refuses(b.do("POST", "/v1/payments/"+ids[0]+"/capture", "{}"), 429, "P0900")
	for i := range 15 {
		require.Equal(t, 204, b.do("POST", "/v1/payments/"+ids[i]+"/cancel", "{}").status)
	}
	b.refuses(b.refundOf(ids[0], `{"amount":1}`), 429, "P0900")
	for range 75 {
		b.get(ids[0])
	}
	b.refuses(b.do("GET", "/v1/payments", ""), 429, "P0900")

	b.Advance(time.Second)
	b.create(nil)
	b.get(ids[0])
}

func TestLimitCanBeLifted(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{PostLimit: -1})
	id := b.newPayment(nil)
	for range 80 {
		b.newPayment(nil)
		b.get(id)
	}
}

func TestStaleIndexMayNotKnowAPaymentYet(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{SearchLag: time.Minute})
	id := b.paid(nil)
	b.AddFault(Fault{Call: "get", Kind: "stale"})
	b.refuses(b.do("GET", "/v1/payments/"+id, ""), 404, "P0200")
	b.Advance(time.Minute)
	require.Equal(t, "success", b.status(id))
}

func TestPagesOfASearchCanBeWrong(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, reference := range []string{"1", "2", "3"} {
		b.newPayment(map[string]any{"reference": reference})
	}
	for kind, want := range map[string][]string{
		"missing": {"3", "2"}, "doubled": {"3", "2", "1", "1"}, "unordered": {"1", "3", "2"},
	} {
		b.AddFault(Fault{Call: "search", Kind: kind})
		require.Equal(t, want, b.found(""), kind)
		require.Empty(t, b.found("reference=none"))
		b.ClearFaults()
	}
}

func TestAnyStatusCanBeOrdered(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for _, c := range []struct {
		fault  Fault
		status int
		code   any
	}{
		{Fault{Kind: "401"}, 401, nil},
		{Fault{Kind: "403", Code: "P0940"}, 403, "P0940"},
		{Fault{Kind: "403"}, 403, "P0941"},
		{Fault{Kind: "500"}, 500, "P1898"},
		{Fault{Kind: "503"}, 503, nil},
		{Fault{Kind: "503", Code: "P0999"}, 503, "P0999"},
	} {
		b.AddFault(c.fault)
		a := b.do("GET", "/v1/refunds", "")
		require.Equal(t, []any{c.status, c.code}, []any{a.status, a.at("code")})
		b.ClearFaults()
	}
	require.Panics(t, func() { b.AddFault(Fault{Kind: "slow", Code: "P0999"}) })
}
