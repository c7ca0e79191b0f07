package paying

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStaffSeeWholeHistory(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	c.ReturnFromPay()
	w := h.Ann().Journey(c.Journeys()[0].ID)
	require.Equal(t, journey.StateReleased, w.State)
	require.EqualValues(t, 2500, w.AmountPence)
	require.EqualValues(t, 2500, *w.TotalPence)
	require.Equal(t, "success", w.PaymentStatus)
	require.Equal(t, h.Payments()[0].ID, w.PaymentID)
	require.Len(t, w.Payments, 1)
	var facts []string
	for _, e := range w.History {
		facts = append(facts, e.Fact)
	}
	require.Equal(t, []string{"held", "payment_created", "payment_seen", "claimed", "delivered", "captured"}, facts)
	for _, secret := range []string{"Ann", "ann@example.org", "/secure/", testserver.AnnsToken} {
		require.NotContains(t, h.Ann().Do(http.MethodGet, "/journeys/"+string(w.ID), nil).Text, secret)
	}
}

func TestStaffFindJourneys(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	for n := range 3 {
		c.Post("/fines/pay", url.Values{"case": {strconv.Itoa(n)}})
		h.EndPayment("declined")
		c.ReturnFromPay()
	}
	c.Apply("Ann")
	ann := h.Ann()
	find := func(query string) (found []export.Record, next string) {
		var list struct {
			Journeys []export.Record
			Next     string
		}
		p := ann.Do(http.MethodGet, "/journeys?"+query, nil)
		require.Equal(t, http.StatusOK, p.Status, p.Text)
		require.NoError(t, json.Unmarshal([]byte(p.Text), &list))
		return list.Journeys, list.Next
	}
	all, next := find("")
	require.Len(t, all, 4)
	require.Empty(t, next)
	require.Equal(t, journey.StatePaying, all[0].State, "newest first")
	for query, wanted := range map[string]int{
		"state=unpaid": 3, "state=stuck": 0, "route=licence": 1, "route=none": 0,
		"reference=" + strings.ToLower(all[0].Reference): 1, "payment=" + all[1].PaymentID: 1, "payment=none": 0,
		"since=2020-01-01": 4, "until=2020-01-01": 0, "since=2099-01-01T00:00:00Z": 0, "limit=500": 4,
		"find=" + string(all[2].ID): 1, "find=" + all[2].Reference: 1, "find=" + all[2].PaymentID: 1, "find=nothing": 0,
	} {
		found, _ := find(query)
		require.Len(t, found, wanted, query)
	}
	first, next := find("limit=3")
	require.Len(t, first, 3)
	rest, end := find("limit=3&after=" + next)
	require.Len(t, rest, 1)
	require.Empty(t, end)
	for _, wrong := range []string{"state=paid", "limit=0", "limit=501", "limit=x", "since=yesterday",
		"until=2026-13-01"} {
		require.Equal(t, http.StatusUnprocessableEntity, ann.Do(http.MethodGet, "/journeys?"+wrong, nil).Status, wrong)
	}
}

func TestStaffListenerRequiresToken(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	id := c.Journeys()[0].ID
	for _, token := range []string{"", "wrong", testserver.AnnsToken + "x",
		testserver.AnnsToken[:len(testserver.AnnsToken)-1], "ann:" + testserver.AnnsToken} {
		stranger := testserver.StaffClient{H: h, Token: token}
		for _, address := range []string{"/journeys", "/journeys/" + id, "/export.csv", "/backup", "/", "/nothing"} {
			p := stranger.Do(http.MethodGet, address, nil)
			require.Equal(t, http.StatusUnauthorized, p.Status, address)
			require.NotContains(t, p.Text, id)
			require.Equal(t, `Bearer realm="paygate"`, p.Header.Get("WWW-Authenticate"))
		}
		for _, address := range []string{"/journeys/" + id + "/check", "/journeys/" + id + "/settle", "/mopup"} {
			require.Equal(t, http.StatusUnauthorized,
				stranger.Do(http.MethodPost, address, testserver.WithReason()).Status, address)
		}
		for _, address := range []string{"/healthz", "/readyz", "/metrics"} {
			require.Equal(t, http.StatusOK, stranger.Do(http.MethodGet, address, nil).Status, address)
		}
	}
	for _, address := range []string{"/journeys", "/metrics", "/healthz", "/login"} {
		require.Contains(t, h.Citizen().Get(address).Text, "the service's own page", "none of it is at the public door")
	}
}

func TestStaffReleaseStuckJourney(t *testing.T) {
	t.Parallel()
	h, c, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/licences/apply")
	ann := h.Ann()
	require.Equal(t, "capturable", h.Payments()[0].Status, "never captured until known")
	h.Service.SetAnswer(testserver.Confirm)
	w, status, text := ann.Order(id, "release", testserver.WithReason())
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReleased, w.State)
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, "staff", posts[1].Header.Get("Paygate-Via"))
	require.Equal(t, "2", posts[1].Header.Get("Paygate-Attempt"))
	require.Equal(t, posts[0].Header.Get("Paygate-Journey"), posts[1].Header.Get("Paygate-Journey"))
	require.Equal(t, "success", h.Payments()[0].Status)
	ordered := w.History[len(w.History)-4]
	require.Equal(t, "release_ordered", ordered.Fact)
	require.Equal(t, journey.ByStaff("ann"), ordered.By)
	require.Equal(t, "the citizen called", ordered.Detail)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page", "the citizen sees it too")

	_, status, _ = ann.Order(id, "release", testserver.WithReason())
	require.Equal(t, http.StatusConflict, status, "given is given")
	require.Len(t, h.Service.Requests(http.MethodPost), 2)
}

func TestStaffReleaseRequiresConfirmedPayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	id := c.Journeys()[0].ID
	_, status, _ := h.Ann().Order(id, "release", testserver.WithReason())
	require.Equal(t, http.StatusConflict, status)
	require.Empty(t, h.Service.Requests(http.MethodPost))

	h.EndPayment("success")
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500", Times: 1})
	_, status, _ = h.Ann().Order(id, "release", testserver.WithReason())
	require.Equal(t, http.StatusBadGateway, status, "Pay could not be asked")
	require.Empty(t, h.Service.Requests(http.MethodPost))

	w, status, text := h.Ann().Order(id, "release", testserver.WithReason())
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReleased, w.State)
}

func TestStaffSettleStuckJourney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		route, as string
		wanted    journey.State
		payment   paysim.PaymentView
		posts     int
	}{
		{"/licences/apply", "released", journey.StateReleased, paysim.PaymentView{Status: "success"}, 1},
		{"/licences/apply", "reversed", journey.StateReversed, paysim.PaymentView{Status: "cancelled"}, 1},
		{"/licences/apply", "retry", journey.StateReleased, paysim.PaymentView{Status: "success"}, 2},
		{"/fines/pay", "released", journey.StateReleased, paysim.PaymentView{Status: "success"}, 1},
		{"/fines/pay", "reversed", journey.StateReversed, paysim.PaymentView{Status: "success", Refunded: 3000}, 1},
		{"/fines/pay", "retry", journey.StateReleased, paysim.PaymentView{Status: "success"}, 2},
	} {
		t.Run(c.route+" "+c.as, func(t *testing.T) {
			t.Parallel()
			h, _, id := testserver.NewStuck(t, testserver.UnlimitedPay, c.route)
			h.Service.SetAnswer(testserver.Confirm)
			w, status, text := h.Ann().Order(id, "settle", testserver.WithReason("as", c.as))
			require.Equal(t, http.StatusOK, status, text)
			require.Equal(t, c.wanted, w.State, text)
			paid := h.Payments()[0]
			require.Equal(t, c.payment.Status, paid.Status)
			require.Equal(t, c.payment.Refunded, paid.Refunded)
			require.Len(t, h.Service.Requests(http.MethodPost), c.posts)
			_, status, _ = h.Ann().Order(id, "settle", testserver.WithReason("as", c.as))
			require.Equal(t, http.StatusConflict, status, "at rest is at rest")
		})
	}
}

func TestSettleStaysStuckWhenPayFails(t *testing.T) {
	t.Parallel()
	for as, call := range map[string]string{"released": "capture", "reversed": "cancel"} {
		t.Run(as, func(t *testing.T) {
			t.Parallel()
			h, _, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/licences/apply")
			h.Pay.AddFault(paysim.Fault{Call: call, Kind: "500", Times: 1})
			_, status, text := h.Ann().Order(id, "settle", testserver.WithReason("as", as))
			require.Equal(t, http.StatusBadGateway, status, text)
			w := h.Ann().Journey(id)
			require.Equal(t, journey.StateStuck, w.State)
			require.NotEmpty(t, w.Note)
			require.Equal(t, "capturable", h.Payments()[0].Status)
			w, status, text = h.Ann().Order(id, "settle", testserver.WithReason("as", as))
			require.Equal(t, http.StatusOK, status, text)
			require.True(t, w.State.AtRest(), w.State)
		})
	}
}

func TestStaffRefund(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	id := c.Journeys()[0].ID
	ann := h.Ann()
	_, status, _ := ann.Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusConflict, status, "nothing is paid yet")
	h.EndPayment("success")
	c.ReturnFromPay()
	for _, wrong := range []map[string]any{
		testserver.WithReason("amount_pence", 3001), testserver.WithReason("amount_pence", 0),
		testserver.WithReason("amount_pence", -1), testserver.WithReason(),
		{"amount_pence": 5},
		{"amount_pence": 5, "reason": " "},
		testserver.WithReason("amount_pence", 5, "reason", strings.Repeat("x", 501)),
		testserver.WithReason("amount", "5"),
	} {
		_, status, text := ann.Order(id, "refund", wrong)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%v %s", wrong, text)
	}
	w, status, text := ann.Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 500, w.RefundedPence)
	require.Equal(t, journey.StateReleased, w.State)
	_, status, _ = ann.Order(id, "refund", testserver.WithReason("amount_pence", 2501))
	require.Equal(t, http.StatusUnprocessableEntity, status, "above what is left")
	_, status, _ = ann.Order(id, "refund", testserver.WithReason("amount_pence", 500, "refunded_pence", 0))
	require.Equal(t, http.StatusConflict, status, "the form was sent twice")
	w, status, _ = ann.Order(id, "refund", testserver.WithReason("amount_pence", 2500, "refunded_pence", 500))
	require.Equal(t, http.StatusOK, status)
	require.EqualValues(t, 3000, w.RefundedPence)
	require.EqualValues(t, 3000, h.Payments()[0].Refunded)
}

func TestConcurrentRefundsMakeOne(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	statuses := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p := h.Ann().Do(http.MethodPost, "/journeys/"+id+"/refund", testserver.WithReason("amount_pence", 2000))
			mu.Lock()
			defer mu.Unlock()
			statuses[p.Status]++
		})
	}
	all.Wait()
	require.Equal(t, 1, statuses[http.StatusOK], statuses)
	require.Equal(t, 8, statuses[http.StatusOK]+statuses[http.StatusConflict]+statuses[http.StatusUnprocessableEntity],
		statuses)
	require.EqualValues(t, 2000, h.Payments()[0].Refunded)
}

func TestRefundWithLostAnswerIsNotRepeated(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	h.Pay.AddFault(paysim.Fault{Call: "refund", Kind: "lost", Times: 1})
	_, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusBadGateway, status, text)
	_, status, _ = h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusConflict, status, "until Pay was read again")
	require.EqualValues(t, 500, h.Payments()[0].Refunded)

	h.Pay.Advance(2 * time.Minute)
	h.Sweep()
	w := h.Ann().Journey(id)
	require.EqualValues(t, 500, w.RefundedPence, "it was read")
	require.Contains(t, w.History[len(w.History)-1].Detail, "500 pence are refunded in total")
	_, status, text = h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 2500, "refunded_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 3000, h.Payments()[0].Refunded)
}

func TestSettleIsFinishedWhenPayAllowsRefund(t *testing.T) {
	t.Parallel()
	h, _, id := testserver.NewStuck(t, paysim.Options{PostLimit: -1, RefundDelay: time.Hour}, "/fines/pay")
	w, status, text := h.Ann().Order(id, "settle", testserver.WithReason("as", "reversed"))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateRefused, w.State)
	w, status, text = h.Ann().Order(id, "check", nil)
	require.Equal(t, http.StatusOK, status, "Pay was asked, and answered that it is too early: %s", text)
	require.Contains(t, w.Note, "a refund must wait")
	h.Pay.Advance(time.Hour)
	p := h.Ann().Do(http.MethodPost, "/mopup", nil)
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	require.Contains(t, p.Text, `"returned":1`, "a sweep by hand waits for no back-off")
	require.Equal(t, journey.StateReversed, h.Ann().Journey(id).State)
}

func TestStaffListenerRejectsInvalidRequests(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	ann := h.Ann()
	for _, c := range []struct {
		method, path string
		body         any
		status       int
	}{
		{http.MethodGet, "/journeys/NONE", nil, 404},
		{http.MethodPost, "/journeys/NONE/check", nil, 404},
		{http.MethodPost, "/journeys/NONE/release", testserver.WithReason(), 404},
		{http.MethodPost, "/journeys/NONE/settle", testserver.WithReason("as", "released"), 404},
		{http.MethodPost, "/journeys/NONE/settle", testserver.WithReason("as", "given"), 422},
		{http.MethodPost, "/journeys/NONE/settle", "{", 422},
		{http.MethodPost, "/journeys/NONE/settle", "[]", 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"x","amount_pence":1.5}`, 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"x","amount_pence":99999999999999999999}`, 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"` + strings.Repeat("x", 70_000) + `"}`, 422},
		{http.MethodPost, "/journeys/NONE/release", map[string]any{}, 422},
		{http.MethodPost, "/journeys/NONE/refund", map[string]any{"reason": " \t", "amount_pence": 1}, 422},
		{http.MethodPost, "/journeys/NONE/settle", map[string]any{"as": "released"}, 422},
		{http.MethodPost, "/journeys/NONE/burn", testserver.WithReason(), 404},
		{http.MethodGet, "/export.csv?from=tomorrow", nil, 422},
		{http.MethodGet, "/export.csv?from=2026-02-01&to=2026-01-01", nil, 422},
	} {
		p := ann.Do(c.method, c.path, c.body)
		require.Equal(t, c.status, p.Status, "%s %s: %s", c.method, c.path, p.Text)
	}
}

func TestStaffLogInRejectsCrossSiteRequests(t *testing.T) {
	t.Parallel()
	h, _, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/licences/apply")
	b := h.Citizen()
	door := h.Staff.URL
	p := b.Get(door+"/journeys/"+id, "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Equal(t, "/login?to=%2Fjourneys%2F"+id, p.Location())
	p = b.Post(door+"/login", url.Values{"token": {"wrong"}, "to": {"/journeys"}})
	require.Equal(t, http.StatusUnauthorized, p.Status)
	require.Contains(t, p.Text, "This token is not known")
	for to, wanted := range map[string]string{
		"/journeys/" + id: "/journeys/" + id, "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/",
		"": "/", "/\tx": "/",
	} {
		p = b.Post(door+"/login", url.Values{"token": {testserver.AnnsToken}, "to": {to}})
		require.Equal(t, http.StatusSeeOther, p.Status)
		require.Equal(t, wanted, p.Location(), to)
	}
	cookie := p.Header.Get("Set-Cookie")
	require.Contains(t, cookie, "HttpOnly")
	require.Contains(t, cookie, "SameSite=Strict")
	require.NotContains(t, cookie, testserver.AnnsToken)

	p = b.Get(door+"/journeys/"+id, "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	require.Contains(t, p.Text, "A person has to decide.")

	form := url.Values{"as": {"reversed"}, "reason": {"no longer wanted"}}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"}, {"Origin", "null"}} {
		p = b.Post(door+"/journeys/"+id+"/settle", form, append(header, "Accept", testserver.AcceptHTML)...)
		require.Equal(t, http.StatusForbidden, p.Status, header)
	}
	require.Equal(t, journey.StateStuck, h.Ann().Journey(id).State)
	p = b.Post(door+"/journeys/"+id+"/settle", form, "Sec-Fetch-Site", "same-origin", "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	require.Equal(t, "/journeys/"+id+"?done=settle", p.Location())
	require.Equal(t, journey.StateReversed, h.Ann().Journey(id).State)

	b.Post(door+"/logout", nil, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, b.Get(door+"/journeys", "Accept", testserver.AcceptHTML).Status, "signed out")
}

func TestRemovedStaffTokenEndsItsSession(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	b := h.Citizen()
	require.Equal(t, http.StatusSeeOther,
		b.Post(h.Staff.URL+"/login", url.Values{"token": {testserver.AnnsToken}}).Status)
	require.Equal(t, http.StatusOK, b.Get(h.Staff.URL+"/journeys", "Accept", testserver.AcceptHTML).Status)
	before := h.Staff.URL
	h.Restart("PAYGATE_STAFF_TOKENS=ann:another-token-for-ann,bob:" + testserver.BobsToken)
	u, err := url.Parse(before)
	require.NoError(t, err)
	now, err := url.Parse(h.Staff.URL)
	require.NoError(t, err)
	b.Client.Jar.SetCookies(now, b.Client.Jar.Cookies(u))
	require.Equal(t, http.StatusSeeOther, b.Get(h.Staff.URL+"/journeys", "Accept", testserver.AcceptHTML).Status)
}

func TestFinanceExport(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_IMMEDIATE_METADATA=case={form:case}")
	c := h.Citizen()
	c.Post("/fines/pay", url.Values{"case": {"=cmd|' /C calc'!A0"}})
	h.EndPayment("success")
	c.ReturnFromPay()
	c.Apply("Ann")
	r, err := http.NewRequest(http.MethodGet, h.Staff.URL+"/export.csv?from=2016-01-01&to=2099-01-01", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+testserver.BobsToken)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, 3)
	require.True(t, strings.HasPrefix(lines[0], "id,route,kind,state,reference,amount_pence,"), lines[0])
	require.Contains(t, lines[2], ",immediate,submission,released,")
	require.Contains(t, lines[2], `"{""case"":""=cmd`, "in JSON it is no formula")
	require.Equal(t, "2", answer.Trailer.Get("Paygate-Export-Rows"))
	require.Equal(t, "3000", answer.Trailer.Get("Paygate-Export-Taken-Pence"))
	require.Equal(t, "5500", answer.Trailer.Get("Paygate-Export-Amount-Pence"))
}
