package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey"
	"paygate/journey/export"
)

// adviser is a member of staff with a program.
type adviser struct {
	h     *house
	token string
}

func (h *house) ann() adviser { return adviser{h, annsToken} }

func (a adviser) do(method, path string, body any, header ...string) page {
	a.h.t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		require.NoError(a.h.t, err)
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, a.h.staff.URL+path, content)
	require.NoError(a.h.t, err)
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	require.NoError(a.h.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(a.h.t, err)
	return page{answer.StatusCode, answer.Header, string(text)}
}

// shown reads one journey.
func (a adviser) shown(id string) (w export.Whole) {
	a.h.t.Helper()
	p := a.do(http.MethodGet, "/journeys/"+id, nil)
	require.Equal(a.h.t, http.StatusOK, p.status, p.text)
	require.NoError(a.h.t, json.Unmarshal([]byte(p.text), &w))
	return w
}

func (a adviser) order(id, name string, body map[string]any) (w export.Whole, status int, text string) {
	a.h.t.Helper()
	p := a.do(http.MethodPost, "/journeys/"+id+"/"+name, body)
	if p.status == http.StatusOK {
		require.NoError(a.h.t, json.Unmarshal([]byte(p.text), &w))
	} else {
		require.Equal(a.h.t, "application/problem+json", p.header.Get("Content-Type"), p.text)
	}
	return w, p.status, p.text
}

func because(more ...any) map[string]any {
	body := map[string]any{"reason": "the citizen called"}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

// breaksOff is a service that takes the request and never answers.
func breaksOff(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		plain(w, r)
		return
	}
	panic(http.ErrAbortHandler)
}

// usual is a GOV.UK Pay without rate limits.
var usual = paysim.Options{PostLimit: -1}

// stuck brings a journey to where a person has to decide.
func stuck(t *testing.T, atPay paysim.Options, route string) (*house, *citizen, string) {
	t.Helper()
	h := newHouseAtPay(t, atPay, breaksOff)
	c := h.citizen()
	require.Equal(t, http.StatusSeeOther, c.post(route, url.Values{"name": {"Ann"}}).status)
	h.pays("success")
	require.Contains(t, c.comesBack().text, "We are looking into your payment", "the citizen reads the truth")
	require.Equal(t, journey.StateStuck, c.state())
	return h, c, c.status()[0].ID
}

func TestStaffSeeAJourneyWithItsWholeHistory(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, confirms)
	c.comesBack()
	w := h.ann().shown(c.status()[0].ID)
	require.Equal(t, journey.StateReleased, w.State)
	require.EqualValues(t, 2500, w.AmountPence)
	require.EqualValues(t, 2500, *w.TotalPence)
	require.Equal(t, "success", w.PaymentStatus)
	require.Equal(t, h.payments()[0].ID, w.PaymentID)
	require.Len(t, w.Payments, 1)
	var facts []string
	for _, e := range w.History {
		facts = append(facts, e.Fact)
	}
	require.Equal(t, []string{"held", "payment_created", "payment_seen", "claimed", "delivered", "captured"}, facts)
	for _, secret := range []string{"Ann", "ann@example.org", "/secure/", annsToken} {
		require.NotContains(t, h.ann().do(http.MethodGet, "/journeys/"+string(w.ID), nil).text, secret)
	}
}

func TestStaffFindJourneys(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	for n := range 3 {
		c.post("/fines/pay", url.Values{"case": {itoa(n)}})
		h.pays("declined")
		c.comesBack()
	}
	c.apply("Ann")
	ann := h.ann()
	find := func(query string) (found []export.Record, next string) {
		var list struct {
			Journeys []export.Record
			Next     string
		}
		p := ann.do(http.MethodGet, "/journeys?"+query, nil)
		require.Equal(t, http.StatusOK, p.status, p.text)
		require.NoError(t, json.Unmarshal([]byte(p.text), &list))
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
	for _, wrong := range []string{"state=paid", "limit=0", "limit=501", "limit=x", "since=yesterday", "until=2026-13-01"} {
		require.Equal(t, http.StatusUnprocessableEntity, ann.do(http.MethodGet, "/journeys?"+wrong, nil).status, wrong)
	}
}

func TestNobodyWithoutATokenSeesAnything(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	id := c.status()[0].ID
	for _, token := range []string{"", "wrong", annsToken + "x", annsToken[:len(annsToken)-1], "ann:" + annsToken} {
		stranger := adviser{h, token}
		for _, address := range []string{"/journeys", "/journeys/" + id, "/export.csv", "/backup", "/", "/nothing"} {
			p := stranger.do(http.MethodGet, address, nil)
			require.Equal(t, http.StatusUnauthorized, p.status, address)
			require.NotContains(t, p.text, id)
			require.Equal(t, `Bearer realm="paygate"`, p.header.Get("WWW-Authenticate"))
		}
		for _, address := range []string{"/journeys/" + id + "/check", "/journeys/" + id + "/settle", "/mopup"} {
			require.Equal(t, http.StatusUnauthorized, stranger.do(http.MethodPost, address, because()).status, address)
		}
		for _, address := range []string{"/healthz", "/readyz", "/metrics"} {
			require.Equal(t, http.StatusOK, stranger.do(http.MethodGet, address, nil).status, address)
		}
	}
	for _, address := range []string{"/journeys", "/metrics", "/healthz", "/login"} {
		require.Contains(t, h.citizen().get(address).text, "the service's own page", "none of it is at the public door")
	}
}

func TestOneReleaseMoreOnAPersonsWord(t *testing.T) {
	t.Parallel()
	h, c, id := stuck(t, usual, "/licences/apply")
	ann := h.ann()
	require.Equal(t, "capturable", h.payments()[0].Status, "never captured until known")
	h.service.answersBy(confirms)
	w, status, text := ann.order(id, "release", because())
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReleased, w.State)
	posts := h.service.got(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, "staff", posts[1].header.Get("Paygate-Via"))
	require.Equal(t, "2", posts[1].header.Get("Paygate-Attempt"))
	require.Equal(t, posts[0].header.Get("Paygate-Journey"), posts[1].header.Get("Paygate-Journey"))
	require.Equal(t, "success", h.payments()[0].Status)
	ordered := w.History[len(w.History)-4]
	require.Equal(t, "release_ordered", ordered.Fact)
	require.Equal(t, journey.ByStaff("ann"), ordered.By)
	require.Equal(t, "the citizen called", ordered.Detail)
	require.Contains(t, c.comesBack().text, "the service's own page", "the citizen sees it too")

	_, status, _ = ann.order(id, "release", because())
	require.Equal(t, http.StatusConflict, status, "given is given")
	require.Len(t, h.service.got(http.MethodPost), 2)
}

func TestReleaseNeverGoesWithoutPaysConfirmation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.apply("Ann")
	id := c.status()[0].ID
	_, status, _ := h.ann().order(id, "release", because())
	require.Equal(t, http.StatusConflict, status)
	require.Empty(t, h.service.got(http.MethodPost))

	h.pays("success")
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500", Times: 1})
	_, status, _ = h.ann().order(id, "release", because())
	require.Equal(t, http.StatusBadGateway, status, "Pay could not be asked")
	require.Empty(t, h.service.got(http.MethodPost))

	w, status, text := h.ann().order(id, "release", because())
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReleased, w.State)
}

func TestAPersonSettlesWhatIsStuck(t *testing.T) {
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
			h, _, id := stuck(t, usual, c.route)
			h.service.answersBy(confirms)
			w, status, text := h.ann().order(id, "settle", because("as", c.as))
			require.Equal(t, http.StatusOK, status, text)
			require.Equal(t, c.wanted, w.State, text)
			paid := h.payments()[0]
			require.Equal(t, c.payment.Status, paid.Status)
			require.Equal(t, c.payment.Refunded, paid.Refunded)
			require.Len(t, h.service.got(http.MethodPost), c.posts)
			_, status, _ = h.ann().order(id, "settle", because("as", c.as))
			require.Equal(t, http.StatusConflict, status, "at rest is at rest")
		})
	}
}

func TestWhenPayFailsAtASettleTheJourneyStaysStuck(t *testing.T) {
	t.Parallel()
	for as, call := range map[string]string{"released": "capture", "reversed": "cancel"} {
		t.Run(as, func(t *testing.T) {
			t.Parallel()
			h, _, id := stuck(t, usual, "/licences/apply")
			h.pay.AddFault(paysim.Fault{Call: call, Kind: "500", Times: 1})
			_, status, text := h.ann().order(id, "settle", because("as", as))
			require.Equal(t, http.StatusBadGateway, status, text)
			w := h.ann().shown(id)
			require.Equal(t, journey.StateStuck, w.State)
			require.NotEmpty(t, w.Note)
			require.Equal(t, "capturable", h.payments()[0].Status)
			w, status, text = h.ann().order(id, "settle", because("as", as))
			require.Equal(t, http.StatusOK, status, text)
			require.True(t, w.State.AtRest(), w.State)
		})
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	id := c.status()[0].ID
	ann := h.ann()
	_, status, _ := ann.order(id, "refund", because("amount_pence", 500))
	require.Equal(t, http.StatusConflict, status, "nothing is paid yet")
	h.pays("success")
	c.comesBack()
	for _, wrong := range []map[string]any{
		because("amount_pence", 3001), because("amount_pence", 0), because("amount_pence", -1), because(),
		{"amount_pence": 5},
		{"amount_pence": 5, "reason": " "},
		because("amount_pence", 5, "reason", strings.Repeat("x", 501)), because("amount", "5"),
	} {
		_, status, text := ann.order(id, "refund", wrong)
		require.Equal(t, http.StatusUnprocessableEntity, status, "%v %s", wrong, text)
	}
	w, status, text := ann.order(id, "refund", because("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 500, w.RefundedPence)
	require.Equal(t, journey.StateReleased, w.State)
	_, status, _ = ann.order(id, "refund", because("amount_pence", 2501))
	require.Equal(t, http.StatusUnprocessableEntity, status, "above what is left")
	_, status, _ = ann.order(id, "refund", because("amount_pence", 500, "refunded_pence", 0))
	require.Equal(t, http.StatusConflict, status, "the form was sent twice")
	w, status, _ = ann.order(id, "refund", because("amount_pence", 2500, "refunded_pence", 500))
	require.Equal(t, http.StatusOK, status)
	require.EqualValues(t, 3000, w.RefundedPence)
	require.EqualValues(t, 3000, h.payments()[0].Refunded)
}

func TestOfTwoRefundsAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("success")
	c.comesBack()
	id := c.status()[0].ID
	statuses := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p := h.ann().do(http.MethodPost, "/journeys/"+id+"/refund", because("amount_pence", 2000))
			mu.Lock()
			defer mu.Unlock()
			statuses[p.status]++
		})
	}
	all.Wait()
	require.Equal(t, 1, statuses[http.StatusOK], statuses)
	require.Equal(t, 8, statuses[http.StatusOK]+statuses[http.StatusConflict]+statuses[http.StatusUnprocessableEntity], statuses)
	require.EqualValues(t, 2000, h.payments()[0].Refunded)
}

func TestARefundWhoseAnswerIsLostIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	h := newHouseInTime(t, confirms)
	c := h.citizen()
	c.post("/fines/pay", url.Values{})
	h.pays("success")
	c.comesBack()
	id := c.status()[0].ID
	h.pay.AddFault(paysim.Fault{Call: "refund", Kind: "lost", Times: 1})
	_, status, text := h.ann().order(id, "refund", because("amount_pence", 500))
	require.Equal(t, http.StatusBadGateway, status, text)
	_, status, _ = h.ann().order(id, "refund", because("amount_pence", 500))
	require.Equal(t, http.StatusConflict, status, "until Pay was read again")
	require.EqualValues(t, 500, h.payments()[0].Refunded)

	h.pay.Advance(2 * time.Minute)
	h.sweeps()
	w := h.ann().shown(id)
	require.EqualValues(t, 500, w.RefundedPence, "it was read")
	require.Contains(t, w.History[len(w.History)-1].Detail, "500 pence are refunded in all")
	_, status, text = h.ann().order(id, "refund", because("amount_pence", 2500, "refunded_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 3000, h.payments()[0].Refunded)
}

func TestASettleThatPayCanOnlyDoLaterIsDoneLater(t *testing.T) {
	t.Parallel()
	h, _, id := stuck(t, paysim.Options{PostLimit: -1, RefundDelay: time.Hour}, "/fines/pay")
	w, status, text := h.ann().order(id, "settle", because("as", "reversed"))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateRefused, w.State)
	w, status, text = h.ann().order(id, "check", nil)
	require.Equal(t, http.StatusOK, status, "Pay was asked, and answered that it is too early: %s", text)
	require.Contains(t, w.Note, "a refund must wait")
	h.pay.Advance(time.Hour)
	p := h.ann().do(http.MethodPost, "/mopup", nil)
	require.Equal(t, http.StatusOK, p.status, p.text)
	require.Contains(t, p.text, `"returned":1`, "a sweep by hand waits for no back-off")
	require.Equal(t, journey.StateReversed, h.ann().shown(id).State)
}

func TestWhatTheDoorIsAskedWrongly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	ann := h.ann()
	for _, c := range []struct {
		method, path string
		body         any
		status       int
	}{
		{http.MethodGet, "/journeys/NONE", nil, 404},
		{http.MethodPost, "/journeys/NONE/check", nil, 404},
		{http.MethodPost, "/journeys/NONE/release", because(), 404},
		{http.MethodPost, "/journeys/NONE/settle", because("as", "released"), 404},
		{http.MethodPost, "/journeys/NONE/settle", because("as", "given"), 422},
		{http.MethodPost, "/journeys/NONE/settle", "{", 422},
		{http.MethodPost, "/journeys/NONE/settle", "[]", 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"x","amount_pence":1.5}`, 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"x","amount_pence":99999999999999999999}`, 422},
		{http.MethodPost, "/journeys/NONE/refund", `{"reason":"` + strings.Repeat("x", 70_000) + `"}`, 422},
		{http.MethodPost, "/journeys/NONE/release", map[string]any{}, 422},
		{http.MethodPost, "/journeys/NONE/refund", map[string]any{"reason": " \t", "amount_pence": 1}, 422},
		{http.MethodPost, "/journeys/NONE/settle", map[string]any{"as": "released"}, 422},
		{http.MethodPost, "/journeys/NONE/burn", because(), 404},
		{http.MethodGet, "/export.csv?from=tomorrow", nil, 422},
		{http.MethodGet, "/export.csv?from=2026-02-01&to=2026-01-01", nil, 422},
	} {
		p := ann.do(c.method, c.path, c.body)
		require.Equal(t, c.status, p.status, "%s %s: %s", c.method, c.path, p.text)
	}
}

// staffBrowser is a member of staff who logs in.
func (h *house) staffBrowser() *citizen {
	jar, err := cookiejar.New(nil)
	require.NoError(h.t, err)
	return &citizen{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

const html = "text/html,application/xhtml+xml"

func TestStaffLogInAndOtherSitesCannotUseIt(t *testing.T) {
	t.Parallel()
	h, _, id := stuck(t, usual, "/licences/apply")
	b := h.staffBrowser()
	door := h.staff.URL
	p := b.get(door+"/journeys/"+id, "Accept", html)
	require.Equal(t, http.StatusSeeOther, p.status)
	require.Equal(t, "/login?to=%2Fjourneys%2F"+id, p.to())
	p = b.post(door+"/login", url.Values{"token": {"wrong"}, "to": {"/journeys"}})
	require.Equal(t, http.StatusUnauthorized, p.status)
	require.Contains(t, p.text, "This token is not known")
	for to, wanted := range map[string]string{
		"/journeys/" + id: "/journeys/" + id, "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "": "/", "/\tx": "/",
	} {
		p = b.post(door+"/login", url.Values{"token": {annsToken}, "to": {to}})
		require.Equal(t, http.StatusSeeOther, p.status)
		require.Equal(t, wanted, p.to(), to)
	}
	cookie := p.header.Get("Set-Cookie")
	require.Contains(t, cookie, "HttpOnly")
	require.Contains(t, cookie, "SameSite=Strict")
	require.NotContains(t, cookie, annsToken)

	p = b.get(door+"/journeys/"+id, "Accept", html)
	require.Equal(t, http.StatusOK, p.status, p.text)
	require.Contains(t, p.text, "A person has to decide.")

	form := url.Values{"as": {"reversed"}, "reason": {"no longer wanted"}}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		p = b.post(door+"/journeys/"+id+"/settle", form, append(header, "Accept", html)...)
		require.Equal(t, http.StatusForbidden, p.status, header)
	}
	require.Equal(t, journey.StateStuck, h.ann().shown(id).State)
	p = b.post(door+"/journeys/"+id+"/settle", form, "Sec-Fetch-Site", "same-origin", "Accept", html)
	require.Equal(t, http.StatusSeeOther, p.status, p.text)
	require.Equal(t, "/journeys/"+id+"?done=settle", p.to())
	require.Equal(t, journey.StateReversed, h.ann().shown(id).State)

	b.post(door+"/logout", nil, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, b.get(door+"/journeys", "Accept", html).status, "signed out")
}

func TestATakenAwayTokenEndsItsLogIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	b := h.staffBrowser()
	require.Equal(t, http.StatusSeeOther, b.post(h.staff.URL+"/login", url.Values{"token": {annsToken}}).status)
	require.Equal(t, http.StatusOK, b.get(h.staff.URL+"/journeys", "Accept", html).status)
	before := h.staff.URL
	h.restart("PAYGATE_STAFF_TOKENS=ann:another-token-for-ann,bob:" + bobsToken)
	u, err := url.Parse(before)
	require.NoError(t, err)
	now, err := url.Parse(h.staff.URL)
	require.NoError(t, err)
	b.client.Jar.SetCookies(now, b.client.Jar.Cookies(u))
	require.Equal(t, http.StatusSeeOther, b.get(h.staff.URL+"/journeys", "Accept", html).status)
}

func TestFinanceTakesItsFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_IMMEDIATE_METADATA=case={form:case}")
	c := h.citizen()
	c.post("/fines/pay", url.Values{"case": {"=cmd|' /C calc'!A0"}})
	h.pays("success")
	c.comesBack()
	c.apply("Ann")
	r, err := http.NewRequest(http.MethodGet, h.staff.URL+"/export.csv?from=2016-01-01&to=2099-01-01", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+bobsToken)
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
