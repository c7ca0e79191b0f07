package paying

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
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

func TestStaffFindWhatTheCitizenTyped(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_FIND=name,vehicle,person[town]")
	form := url.Values{
		"name": {" Siân O’Brien "}, "vehicle": {"AB12 CDE"}, "email": {"sian@example.org"},
		"person[town]": {"Tŷ-croes"},
	}
	require.Equal(t, http.StatusSeeOther, h.Citizen().Post("/licences/apply", form).Status)
	h.Citizen().Apply("Bob Smith")
	find := func(text string) (found []export.Record) {
		var answer struct{ Journeys []export.Record }
		p := h.Ann().Do(http.MethodPost, "/journeys", url.Values{"find": {text}}.Encode(),
			"Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, http.StatusOK, p.Status, p.Text)
		require.NotContains(t, p.Text, "Brien", "a list has nothing personal")
		require.NoError(t, json.Unmarshal([]byte(p.Text), &answer))
		return answer.Journeys
	}
	for text, wanted := range map[string]int{
		"sian": 1, "O'BRIEN": 1, "ab12cde": 1, "cde": 1, "ty croes": 1, "smith": 1, "sian smith": 0,
		"sian@example.org": 0, "": 2,
	} {
		require.Len(t, find(text), wanted, text)
	}
	found := find("ab12 cde")[0]
	require.Len(t, find(strings.ToLower(found.Reference)), 1)
	p := h.Ann().Do(http.MethodGet, "/journeys/"+string(found.ID), nil, "Accept", "text/html")
	require.Contains(t, p.Text, "Siân O’Brien")
	require.NotContains(t, h.Log.String(), "Brien")
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
	list := func(query string) (found []export.Record, next string) {
		var answer struct {
			Journeys []export.Record
			Next     string
		}
		p := ann.Do(http.MethodGet, "/journeys?"+query, nil)
		require.Equal(t, http.StatusOK, p.Status, p.Text)
		require.NoError(t, json.Unmarshal([]byte(p.Text), &answer))
		return answer.Journeys, answer.Next
	}
	all, next := list("")
	require.Len(t, all, 4)
	require.Empty(t, next)
	require.Equal(t, journey.StatePaying, all[0].State, "newest first")
	for query, wanted := range map[string]int{
		"state=unpaid": 3, "state=stuck": 0, "route=licence": 1, "route=none": 0,
		"reference=" + strings.ToLower(all[0].Reference): 1, "payment=" + all[1].PaymentID: 1, "payment=none": 0,
		"since=2020-01-01": 4, "until=2020-01-01": 0, "since=2099-01-01T00:00:00Z": 0, "limit=500": 4,
		"find=" + string(all[2].ID): 1, "find=" + all[2].Reference: 1, "find=" + all[2].PaymentID: 1, "find=nothing": 0,
	} {
		found, _ := list(query)
		require.Len(t, found, wanted, query)
	}
	first, next := list("limit=3")
	require.Len(t, first, 3)
	rest, end := list("limit=3&after=" + next)
	require.Len(t, rest, 1)
	require.Empty(t, end)
	for _, wrong := range []string{
		"state=paid", "limit=0", "limit=501", "limit=x", "since=yesterday",
		"until=2026-13-01",
	} {
		require.Equal(t, http.StatusUnprocessableEntity, ann.Do(http.MethodGet, "/journeys?"+wrong, nil).Status, wrong)
	}
}

func TestStaffReleaseStuckJourney(t *testing.T) {
	t.Parallel()
	h, c, id := testserver.NewStuck(t, testserver.UnlimitedPay, "/licences/apply")
	ann := h.Ann()
	require.Equal(t, "capturable", h.Payments()[0].Status, "not captured while the outcome is unknown")
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
	require.Equal(t, http.StatusConflict, status, "a released journey cannot be released again")
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
			require.Equal(t, http.StatusConflict, status, "a settled journey cannot be settled again")
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
	require.Contains(t, p.Text, `"returned":1`, "a manual sweep ignores the back-off")
	require.Equal(t, journey.StateReversed, h.Ann().Journey(id).State)
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
	require.Contains(t, lines[2], `"{""case"":""=cmd`, "inside JSON it is not a formula")
	require.Equal(t, "2", answer.Trailer.Get("Paygate-Export-Rows"))
	require.Equal(t, "3000", answer.Trailer.Get("Paygate-Export-Taken-Pence"))
	require.Equal(t, "5500", answer.Trailer.Get("Paygate-Export-Amount-Pence"))
}
