package staff_test

import (
	"context"
	unescape "html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/staff"
	"paygate/journey"
)

// answering is a service with the same answer to every request. It counts them.
type answering struct {
	verdict journey.Verdict
	status  int
	got     int
}

func (s *answering) Deliver(context.Context, journey.Delivery) journey.Delivered {
	s.got++
	return journey.Delivered{Verdict: s.verdict, Status: s.status}
}

// newAnswering starts a listener whose service answers as given.
func newAnswering(t *testing.T, verdict journey.Verdict, status int) (*listener, *answering, browser) {
	service := &answering{verdict: verdict, status: status}
	l := newListener(t, func(o *staff.Options) { o.Runner.Deliverer = service })
	b := l.browser(t)
	b.signIn(annsToken)
	return l, service, b
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// check sends the form of an order, and returns the page on which it is checked and what that page sends.
func (b browser) check(id journey.ID, order string, fields url.Values) (text string, confirmed url.Values) {
	b.t.Helper()
	answer, text := b.do("/journeys/"+string(id)+"/"+order, fields)
	require.Equal(b.t, http.StatusOK, answer.StatusCode, text)
	confirmed = url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(text, -1) {
		confirmed.Set(m[1], unescape.UnescapeString(m[2]))
	}
	return text, confirmed
}

// order gives an order through its pages, and returns the page of the journey that follows.
func (b browser) order(id journey.ID, order string, fields url.Values) string {
	b.t.Helper()
	_, confirmed := b.check(id, order, fields)
	answer, text := b.do("/journeys/"+string(id)+"/"+order, confirmed)
	require.Equal(b.t, "/journeys/"+string(id), answer.Request.URL.Path, text)
	return unescape.UnescapeString(text)
}

func (l *listener) addReleased(t *testing.T, reference string) journey.ID {
	t.Helper()
	taken := *reserved(reference)
	taken.Status, taken.RefundStatus, taken.RefundAvailable = journey.StatusSuccess, "available", 2500
	id := l.add(t, reference, journey.PaymentSeen{Snapshot: *reserved(reference)},
		journey.Claimed{Until: t0.Add(time.Minute)},
		journey.RequestDelivered{Number: 1, Verdict: journey.VerdictAccepted, Status: 303}, journey.Captured{})
	*l.pay.payments["pay"+strings.ToLower(reference)] = taken
	return id
}

func TestNoOrderIsCarriedOutBeforeItWasChecked(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.addReleased(t, "LIC1")
	text, confirmed := b.check(id, "refund", url.Values{"part": {"full"}, "reason": {`a "good" reason`}})
	require.Contains(t, text, "You are about to give back £25.00.")
	require.Contains(t, text, "You cannot undo this.")
	require.Empty(t, l.pay.refunded)

	address := "/journeys/" + string(id) + "/refund"
	_, text = b.do(address, confirmed)
	require.Contains(t, text, "GOV.UK Pay has accepted the refund of £25.00.")
	require.Contains(t, text, "govuk-notification-banner--success")
	_, text = b.do("/journeys/"+string(id), nil)
	require.NotContains(t, text, "govuk-notification-banner", "the result is shown once")
	require.Contains(t, text, "Refunded")

	_, text = b.do(address, confirmed)
	require.Contains(t, text, "Nothing was done now")
	require.NotContains(t, text, "--success")
	require.Equal(t, []int64{2500}, l.pay.refunded, "pressed twice, it is done once")
}

func TestARefundOfAPart(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.addReleased(t, "LIC1")
	address := "/journeys/" + string(id) + "/refund"
	for amount, says := range map[string]string{
		"": "Enter how much", "0": "from 0.01 to", "25.01": "Enter an amount of £25.00 or less", "x": "The amount",
	} {
		answer, text := b.do(address, url.Values{"part": {"part"}, "amount": {amount}, "reason": {"good<will"}})
		require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
		require.Contains(t, text, "There is a problem")
		require.Contains(t, text, says)
		require.Contains(t, text, `value="good&lt;will"`, "what was typed is kept")
		require.Contains(t, text, `value="`+amount+`"`)
	}
	_, first := b.check(id, "refund", url.Values{"part": {"part"}, "amount": {"£20.00"}, "reason": {"goodwill"}})
	_, second := b.check(id, "refund", url.Values{"part": {"part"}, "amount": {"5"}, "reason": {"goodwill"}})
	_, text := b.do(address, first)
	require.Contains(t, text, "the refund of £20.00")
	_, text = b.do(address, second)
	require.Contains(t, text, "Nothing was done now", "another adviser was faster")
	require.Equal(t, []int64{2000}, l.pay.refunded)
}

func TestNoAddressForgesAResult(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.addStuck(t, "LIC1")
	for _, address := range []string{"/journeys/" + string(id) + "?done=refund", "/?swept=7"} {
		_, text := b.do(address, nil)
		require.NotContains(t, text, "govuk-notification-banner")
	}
}

func TestARetryThatTheServiceFailsIsNoFailureOfPay(t *testing.T) {
	t.Parallel()
	for verdict, says := range map[journey.Verdict]string{
		journey.VerdictUnknown: "again did not answer clearly", journey.VerdictNotSent: "could not be reached",
		journey.VerdictRefused: "refused it",
	} {
		for _, order := range []string{"release", "settle"} {
			l, service, b := newAnswering(t, verdict, 500)
			id := l.addStuck(t, "LIC1")
			fields := url.Values{"as": {"retry"}, "reason": {"the service is up again"}}
			_, confirmed := b.check(id, order, fields)
			_, text := b.do("/journeys/"+string(id)+"/"+order, confirmed)
			require.Contains(t, text, says, "%s %s", order, verdict)
			require.NotContains(t, text, "--success")
			require.NotContains(t, text, "GOV.UK Pay did not")
			_, _ = b.do("/journeys/"+string(id)+"/"+order, confirmed)
			require.Equal(t, 1, service.got, "pressed twice, it is sent once")

			answer, text := l.do(t, http.MethodPost, "/journeys/"+string(l.addStuck(t, "LIC2"))+"/settle",
				`{"as":"retry","reason":"again"}`)
			require.Equal(t, http.StatusOK, answer.StatusCode, text)
		}
	}
}

func TestMoneyThatWasReservedIsNotCalledCharged(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.addStuck(t, "LIC1")
	_, text := b.do("/journeys/"+string(id), nil)
	require.Contains(t, text, "Reserved")
	require.NotContains(t, text, "Charged")
	require.NotContains(t, text, "Refunded")
	text, _ = b.check(id, "settle", url.Values{"as": {"reversed"}, "reason": {"not given"}})
	require.Contains(t, text, "You are about to release £25.00, which is reserved and was never taken.")
	text = b.order(id, "settle", url.Values{"as": {"reversed"}, "reason": {"not given"}})
	require.Contains(t, text, "It was never taken.")
	require.Contains(t, text, "Released (never taken)")
	_, text = b.do("/journeys", nil)
	require.Contains(t, text, "Released (never taken) £25.00")
}

func TestMoneyOfWhatWasNotGivenCanBeReturned(t *testing.T) {
	t.Parallel()
	l, service, b := newAnswering(t, journey.VerdictAccepted, 303)
	delivered := func(v journey.Verdict) []journey.Fact {
		return []journey.Fact{
			journey.Claimed{Until: t0.Add(time.Minute)}, journey.RequestDelivered{Number: 1, Verdict: v, Status: 200},
		}
	}
	seen := journey.PaymentSeen{Snapshot: *reserved("LIC1")}
	refused := l.add(t, "LIC1", append([]journey.Fact{seen}, delivered(journey.VerdictRefused)...)...)
	text := b.order(refused, "return", url.Values{"reason": {"I do not want it any more"}})
	require.Contains(t, text, "£25.00 was reserved and has been released.")
	require.Contains(t, text, "I do not want it any more")
	require.Equal(t, journey.StateReversed, l.state(t, refused))

	confirmed := l.add(t, "LIC2", journey.PaymentSeen{Snapshot: *reserved("LIC2")})
	answer, text := l.do(t, http.MethodPost, "/journeys/"+string(confirmed)+"/return", `{"reason":"not wanted"}`)
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	require.Contains(t, text, `"state":"reversed"`)
	require.Zero(t, service.got)

	for _, id := range []journey.ID{confirmed, l.addStuck(t, "LIC3"), l.addReleased(t, "LIC4"), l.add(t, "LIC5")} {
		answer, text = l.do(t, http.MethodPost, "/journeys/"+string(id)+"/return", `{"reason":"not wanted"}`)
		require.Equal(t, http.StatusConflict, answer.StatusCode, text)
	}
	answer, _ = l.do(t, http.MethodPost, "/journeys/"+string(confirmed)+"/return", `{}`)
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
}

func TestAReturnThatPayFailsStaysDecided(t *testing.T) {
	t.Parallel()
	l, service, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.add(t, "LIC1", journey.PaymentSeen{Snapshot: *reserved("LIC1")})
	l.pay.down = true
	text := b.order(id, "return", url.Values{"reason": {"not wanted"}})
	require.Contains(t, text, "GOV.UK Pay has not returned it yet")
	require.NotContains(t, text, "--success")
	answer, _ := l.do(t, http.MethodPost, "/journeys/"+string(id)+"/release", `{"reason":"they want it after all"}`)
	require.NotEqual(t, http.StatusOK, answer.StatusCode)
	require.Zero(t, service.got)

	l.pay.down = false
	_, text = b.do("/journeys/"+string(id)+"/check", url.Values{})
	require.Contains(t, text, "Money returned")
	require.NotContains(t, text, "Note:", "its trouble is over")
	require.Contains(t, text, "connection refused", "the history has the failed try")
}

func TestWhatNeedsADecisionIsOrderedByItsDeadline(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	taken := *reserved("LIC1")
	taken.Status, taken.DelayedCapture = journey.StatusSuccess, false
	l.add(t, "LIC1", journey.PaymentSeen{Snapshot: taken}, journey.Claimed{Until: t0.Add(time.Minute)},
		journey.RequestDelivered{Number: 1, Verdict: journey.VerdictUnknown})
	l.addStuck(t, "LIC2")
	for _, address := range []string{"/", "/journeys?state=stuck"} {
		_, text := b.do(address, nil)
		require.Less(t, strings.Index(text, "LIC2"), strings.Index(text, "LIC1"), "reserved money is urgent")
		require.Contains(t, text, "It is not known whether the service has the request")
		require.Contains(t, text, "27 November 2026, 10:00:00am GMT")
		require.Contains(t, text, "No deadline")
	}
	_, text := b.do("/journeys?find=LIC2", nil)
	require.Contains(t, text, "Needs a decision")
}

func TestTheOverviewsFiguresLeadToWhatTheyCount(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	l.addReleased(t, "LIC1")
	l.addReleased(t, "LIC2")
	l.addStuck(t, "LIC3")
	l.pass(24 * time.Hour)
	b.signIn(annsToken)
	_, text := b.do("/", nil)
	require.Contains(t, text, `href="/journeys?since=2026-11-23">0</a>`)
	require.Contains(t, text, `href="/journeys?since=2026-11-17">3</a>`)
	require.Contains(t, text, `href="/journeys?since=2026-11-17&amp;state=released">2</a>`)
	require.Contains(t, text, "£50.00")
	for address, count := range map[string]string{
		"/journeys?since=2026-11-17&state=released": "2 journeys",
		"/journeys?state=released&since=2026-11-10": "2 journeys",
		"/journeys?since=2026-11-17":                "3 journeys", "/journeys?since=2026-11-23": "No journeys",
	} {
		_, text := b.do(address, nil)
		require.Contains(t, text, count, address)
	}
	require.Contains(t, text, `href="/journeys?state=released&amp;since=2026-11-10"`)
}

func TestAnAdoptedReservationThatIsLetGoWasNeverTaken(t *testing.T) {
	t.Parallel()
	l, _, b := newAnswering(t, journey.VerdictAccepted, 303)
	id := l.addStuck(t, "LIC1")
	_, err := l.store.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
		j.History, j.Adopted, j.Trouble = nil, true, journey.TroubleAdopted
		return journey.Change{Journey: j}, nil
	})
	require.NoError(t, err)
	text := b.order(id, "settle", url.Values{"as": {"reversed"}, "reason": {"not given"}})
	require.Contains(t, text, "£25.00 was reserved and has been released. It was never taken.")
}
