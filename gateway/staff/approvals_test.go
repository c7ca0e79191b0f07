package staff_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
	"paygate/journey"
	"paygate/journey/export"
)

// second is a listener at which giving back 15 pounds or more needs a second person.
func second(t *testing.T) *listener {
	t.Helper()
	return newListener(t, func(o *staff.Options) {
		o.Runner.SecondPersonFrom = 1500
		for _, name := range []string{"bob", "Ann@example.gov.uk", "vera:view"} {
			o.SignIn.Tokens, _ = o.SignIn.Tokens.Add(name + ":long-token-of-" + name)
		}
	})
}

// addTaken stores a journey whose money is taken.
func (l *listener) addTaken(t *testing.T, reference string) journey.ID {
	t.Helper()
	id := l.addStuck(t, reference)
	answer, text := l.do(t, http.MethodPost, "/journeys/"+string(id)+"/settle", `{"as":"released","reason":"given"}`)
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	return id
}

// order sends an order in the name of a holder of a token, and returns the status and the journey.
func (l *listener) order(t *testing.T, who string, id journey.ID, order, body string) (int, export.Whole) {
	t.Helper()
	token := "long-token-of-" + who
	if who == "ann" {
		token = annsToken
	}
	answer, text := l.do(t, http.MethodPost, "/journeys/"+string(id)+"/"+order, body, "Authorization", "Bearer "+token)
	var w export.Whole
	_ = json.Unmarshal([]byte(text), &w)
	return answer.StatusCode, w
}

const (
	refund15 = `{"reason":"goodwill","amount_pence":1500}`
	refund8  = `{"reason":"goodwill","amount_pence":800}`
	agree15  = `{"amount_pence":1500}`
	because  = `{"reason":"no"}`
)

func TestALargeRefundNeedsASecondPerson(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	status, w := l.order(t, "ann", id, "refund", refund15)
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, export.Approval{
		What: "refund", AmountPence: 1500, Reason: "goodwill", By: "staff:ann", At: l.now(),
		Until: l.now().Add(7 * 24 * time.Hour),
	}, *w.Approval)
	require.Empty(t, l.pay.refunded)

	for _, who := range []string{"ann", "Ann@example.gov.uk"} {
		status, _ = l.order(t, who, id, "approve", agree15)
		require.Equal(t, http.StatusConflict, status, "%s is the same person", who)
	}
	status, _ = l.order(t, "bob", id, "refund", refund15)
	require.Equal(t, http.StatusConflict, status, "one order waits at a time")
	require.Empty(t, l.pay.refunded)

	status, w = l.order(t, "bob", id, "approve", agree15)
	require.Equal(t, http.StatusOK, status)
	require.Nil(t, w.Approval)
	require.Equal(t, []int64{1500}, l.pay.refunded)
	require.Equal(t, journey.By("staff:ann"), w.Payments[0].Refunds[0].By)
	asked := w.History[len(w.History)-1]
	for _, e := range w.History {
		if e.Fact == "refund_asked" {
			asked = e
		}
	}
	require.Contains(t, asked.Detail, "goodwill (approved by bob)")
	status, _ = l.order(t, "bob", id, "approve", agree15)
	require.Equal(t, http.StatusConflict, status, "it is done once")
}

func TestSeveralSmallRefundsCountTogether(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	status, _ := l.order(t, "ann", id, "refund", refund8)
	require.Equal(t, http.StatusOK, status)
	status, _ = l.order(t, "bob", id, "refund", refund8)
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, []int64{800}, l.pay.refunded)
}

func TestSettlingAsReversedNeedsASecondPerson(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addStuck(t, "LIC1")
	status, w := l.order(t, "ann", id, "settle", `{"as":"reversed","reason":"not given"}`)
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, int64(2500), w.Approval.AmountPence)
	require.Equal(t, journey.StateStuck, w.State)
	status, _ = l.order(t, "bob", id, "approve", agree15)
	require.Equal(t, http.StatusConflict, status)
	status, w = l.order(t, "bob", id, "approve", `{"amount_pence":2500}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, journey.StateReversed, w.State)
	wanted := l.add(t, "LIC3", journey.PaymentSeen{Snapshot: *reserved("LIC3")})
	status, w = l.order(t, "ann", wanted, "return", `{"reason":"not wanted"}`)
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, int64(2500), w.Approval.AmountPence)
	status, w = l.order(t, "bob", wanted, "approve", `{"amount_pence":2500}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, journey.StateReversed, w.State)
	other := l.addStuck(t, "LIC2")
	status, _ = l.order(t, "ann", other, "settle", `{"as":"released","reason":"given"}`)
	require.Equal(t, http.StatusOK, status, "nothing is given back")
}

func TestWhatWaitsCanBeRejectedWithdrawnOrLapse(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	for who, how := range map[string]string{"ann": "withdrawn: no", "bob": "rejected: no"} {
		l.order(t, "ann", id, "refund", refund15)
		status, w := l.order(t, who, id, "reject", because)
		require.Equal(t, http.StatusOK, status)
		require.Nil(t, w.Approval)
		require.Contains(t, w.History[len(w.History)-1].Detail, how)
		status, _ = l.order(t, who, id, "reject", because)
		require.Equal(t, http.StatusConflict, status)
	}
	status, _ := l.order(t, "bob", id, "reject", `{}`)
	require.Equal(t, http.StatusUnprocessableEntity, status, "a reason is needed")

	l.order(t, "ann", id, "refund", refund15)
	l.pass(7 * 24 * time.Hour)
	status, _ = l.order(t, "bob", id, "approve", agree15)
	require.Equal(t, http.StatusConflict, status, "it has lapsed")
	status, _ = l.order(t, "bob", id, "refund", refund15)
	require.Equal(t, http.StatusAccepted, status, "and holds up no other")
	l.pass(7 * 24 * time.Hour)
	_, w := l.order(t, "ann", id, "check", "")
	require.Contains(t, w.History[len(w.History)-1].Detail, "lapsed", "at the next visit")
	j, err := l.store.Get(t.Context(), id)
	require.NoError(t, err)
	require.False(t, j.Approval.Waits())
	require.Empty(t, l.pay.refunded)
}

func TestWhatWaitsIsCheckedAgain(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	l.order(t, "ann", id, "refund", refund15)
	l.pay.payments["paylic1"].RefundAvailable = 1000 // somebody refunded in Pay's own tool
	status, _ := l.order(t, "bob", id, "approve", agree15)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	l.pay.down = true
	status, _ = l.order(t, "bob", id, "approve", agree15)
	require.Equal(t, http.StatusBadGateway, status)
	j, err := l.store.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, j.Approval.Waits(), "nothing was done, so it still waits")
	require.Empty(t, l.pay.refunded)
}

func TestTheJourneysPageAsksTheSecondPerson(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	ann, bob := l.browser(t), l.browser(t)
	ann.signIn(annsToken)
	bob.signIn("long-token-of-bob")
	page := "/journeys/" + string(id)
	text := ann.order(id, "refund", url.Values{"part": {"part"}, "amount": {"15"}, "reason": {"goodwill"}})
	require.Contains(t, text, "a second person has to agree")
	_, text = bob.do(page, nil)
	require.Contains(t, text, "ann asks to refund £15.00: goodwill")
	asked := regexp.MustCompile(`name="asked" value="(\d+)"`).FindStringSubmatch(text)
	for _, other := range []url.Values{{}, {"asked": {"1"}}} {
		bob.do(page+"/approve", other)
		require.Empty(t, l.pay.refunded, "nobody agrees to an order that the page did not show")
	}
	_, text = bob.do(page+"/approve", url.Values{"asked": {asked[1]}})
	require.Contains(t, text, "GOV.UK Pay has accepted the refund of £15.00.")
	require.Equal(t, []int64{1500}, l.pay.refunded)
	_, text = bob.do(page, nil)
	require.NotContains(t, text, "Waiting for a second person")
}

func TestWhatWaitsForASecondPersonIsListed(t *testing.T) {
	t.Parallel()
	l := second(t)
	waiting := func() string {
		_, text := l.do(t, http.MethodGet, "/journeys?approval=waiting", "")
		return text
	}
	id := l.addTaken(t, "LIC1")
	l.addTaken(t, "LIC2")
	require.NotContains(t, waiting(), "LIC1")
	l.order(t, "ann", id, "refund", refund15)
	require.Contains(t, waiting(), "LIC1")
	require.NotContains(t, waiting(), "LIC2")
	bob := l.browser(t)
	bob.signIn("long-token-of-bob")
	_, text := bob.do("/", nil)
	require.Contains(t, text, "Waiting for a second person")
	l.order(t, "bob", id, "approve", agree15)
	require.NotContains(t, waiting(), "LIC1")
	answer, _ := l.do(t, http.MethodGet, "/journeys?approval=done", "")
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
}

func TestAProgramNamesTheAmountThatItApproves(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	l.order(t, "ann", id, "refund", refund15)
	for body, wanted := range map[string]int{
		"": http.StatusUnprocessableEntity, "{}": http.StatusUnprocessableEntity,
		because:                  http.StatusUnprocessableEntity,
		`{"amount_pence":-1500}`: http.StatusUnprocessableEntity, `{"amount_pence":2000}`: http.StatusConflict,
	} {
		status, _ := l.order(t, "bob", id, "approve", body)
		require.Equal(t, wanted, status, body)
	}
	require.Empty(t, l.pay.refunded)
	status, _ := l.order(t, "bob", id, "approve", `{"amount_pence":1500,"reason":"I agree"}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []int64{1500}, l.pay.refunded)
}

func TestNobodyIsAskedAboutWhatCannotBeDone(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	status, w := l.order(t, "ann", id, "return", because)
	require.Equal(t, http.StatusConflict, status, "the service was given")
	require.Nil(t, w.Approval)
	j, err := l.store.Get(t.Context(), id)
	require.NoError(t, err)
	require.False(t, j.Approval.Waits())
}

func TestASecondClickOnAgreeDoesNotSayThatNothingWasDone(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	l.order(t, "ann", id, "refund", refund15)
	bob := l.browser(t)
	bob.signIn("long-token-of-bob")
	page := "/journeys/" + string(id)
	_, text := bob.do(page, nil)
	asked := regexp.MustCompile(`name="asked" value="(\d+)"`).FindStringSubmatch(text)
	bob.do(page+"/approve", url.Values{"asked": {asked[1]}})
	_, text = bob.do(page+"/approve", url.Values{"asked": {asked[1]}})
	require.Contains(t, text, "Perhaps you pressed twice")
	require.Equal(t, []int64{1500}, l.pay.refunded)
}

// A person who was signed out before they agreed reads again what they agree to.
func TestNobodyAgreesBlindlyAfterASignIn(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	l.order(t, "ann", id, "refund", refund15)
	bob := l.browser(t)
	bob.signIn("long-token-of-bob")
	l.pass(2 * time.Hour)
	page := "/journeys/" + string(id)
	_, text := bob.do(page+"/approve", url.Values{"asked": {"1"}})
	require.Contains(t, text, "You were signed out")
	answer, text := bob.do("/login", url.Values{"token": {"long-token-of-bob"}, "to": {"/resume"}})
	require.Equal(t, page, answer.Request.URL.Path)
	require.Contains(t, text, "ann asks to refund £15.00")
	require.Empty(t, l.pay.refunded)
}

func TestTheJourneysPageSaysThatARejectionNeedsAReason(t *testing.T) {
	t.Parallel()
	l := second(t)
	id := l.addTaken(t, "LIC1")
	l.order(t, "ann", id, "refund", refund15)
	bob := l.browser(t)
	bob.signIn("long-token-of-bob")
	_, text := bob.do("/journeys/"+string(id)+"/reject", url.Values{"reason": {" "}})
	require.Contains(t, text, "Nothing was done. Give a reason")
	require.Contains(t, text, "Waiting for a second person")
}
