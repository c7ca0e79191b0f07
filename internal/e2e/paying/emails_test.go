package paying

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/notifysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
)

// post is a Paygate that writes to citizens through a simulated Notify. Both, and Pay, have one clock.
type post struct {
	*testserver.Harness
	notify   *notifysim.Simulator
	channel  *testserver.Channel
	settings []string
}

func newPost(t *testing.T, answer http.HandlerFunc, over ...string) *post {
	t.Helper()
	h := testserver.Build(t, testserver.UnlimitedPay, answer)
	h.Now = h.Pay.Now
	p := &post{Harness: h, notify: notifysim.New(notifysim.Options{Now: h.Now}), channel: testserver.NewChannel(t)}
	server := httptest.NewServer(p.notify)
	t.Cleanup(server.Close)
	p.settings = append(notifysim.Settings(server.URL), "PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL={form:email}",
		"PAYGATE_ROUTE_PRICED_NOTIFY_EMAIL={form:email}", "PAYGATE_ALERT_WEBHOOK="+p.channel.Server.URL)
	p.settings = append(p.settings, over...)
	h.Start(p.settings...)
	return p
}

// emails returns the e-mails so far. None of them is in the log.
func (p *post) emails() []notifysim.Email {
	p.T.Helper()
	require.NotContains(p.T, p.Log.String(), "ann@example.org")
	return p.notify.Emails()
}

// paid returns a citizen who has applied and paid, and has not come back.
func (p *post) paid() *testserver.Citizen {
	c := p.Citizen()
	c.Apply("Ann")
	p.EndPayment("success")
	return c
}

// pass lets time pass, with a round of early delivery and a sweep every five minutes.
func (p *post) pass(d time.Duration) {
	p.T.Helper()
	const step = 5 * time.Minute
	for ; d > 0; d -= step {
		p.Pay.Advance(step)
		p.DeliverEarly()
		p.Sweep()
	}
}

func refuse(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) }

func TestACitizenWhoDoesNotComeBackHearsThatTheFormWasDelivered(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	c := p.paid()
	p.pass(15 * time.Minute)
	require.Equal(t, journey.StateReleased, c.State())
	require.Empty(t, p.emails(), "they may still come back")
	p.pass(20 * time.Minute)
	require.Len(t, p.emails(), 1)
	e := p.emails()[0]
	require.Equal(t, "ann@example.org", e.To)
	require.Equal(t, "We have received your payment and your form: Fishing licences", e.Subject)
	require.Contains(t, e.Body, "You have paid £25.00 for: Fishing licence\n")
	require.Contains(t, e.Body, "Your reference: "+c.Journeys()[0].Reference+"\n")
	require.Contains(t, e.Body, "If you have a question: Telephone 0300")
	p.pass(2 * time.Hour)
	require.Len(t, p.emails(), 1, "once")
}

func TestACitizenWhoHasSeenTheAnswerGetsNoEmail(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	late := p.paid()
	p.pass(15 * time.Minute)
	late.ReturnFromPay()
	p.paid().ReturnFromPay()
	p.pass(2 * time.Hour)
	require.Empty(t, p.emails())
}

func TestACitizenHearsThatTheMoneyGoesBack(t *testing.T) {
	t.Parallel()
	p := newPost(t, refuse, "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=10m")
	c := p.Citizen()
	c.Do(http.MethodGet, "/?lang=cy", nil)
	c.Post("/licences/apply?lang=cy", url.Values{"name": {"Ann"}, "email": {"ann@example.org"}})
	p.EndPayment("success")
	c.ReturnFromPay()
	p.pass(30 * time.Minute)
	require.Equal(t, journey.StateReversed, c.State())
	require.Len(t, p.emails(), 1)
	require.Equal(t, "Mae eich arian yn cael ei ad-dalu: Trwyddedau pysgota", p.emails()[0].Subject)
	require.Contains(t, p.emails()[0].Body, "Bydd £25.00 yn dychwelyd")
	require.Contains(t, p.emails()[0].Body, "Taloch am: Trwydded bysgota")
	p.pass(2 * time.Hour)
	require.Len(t, p.emails(), 1, "and not of a refund as well")
}

func TestACitizenHearsOfARefund(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	c := p.paid()
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	_, status, text := p.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 750))
	require.Equal(t, http.StatusOK, status, text)
	p.pass(30 * time.Minute)
	require.Len(t, p.emails(), 1)
	require.Equal(t, "Your refund: Fishing licences", p.emails()[0].Subject)
	require.Contains(t, p.emails()[0].Body, "We have refunded £7.50 to the card")
}

func TestACorrectedFormHasTheAddressThatCounts(t *testing.T) {
	t.Parallel()
	p := newPost(t, refuse, "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=10m")
	c := p.paid()
	c.ReturnFromPay()
	c.Post("/licences/apply", url.Values{"name": {"Ann Lee"}, "email": {"lee@example.org"}})
	p.pass(30 * time.Minute)
	require.Len(t, p.emails(), 1)
	require.Equal(t, "lee@example.org", p.emails()[0].To)
}

func TestFormsWithoutOneAddressGetNoEmail(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	for _, addresses := range [][]string{
		nil,
		{""},
		{"ann"},
		{"ann@example.org", "bob@example.org"},
		{"ann@example.org, bob@example.org"},
		{"ann@example.org\r\nBcc: bob@example.org"},
	} {
		p.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}, "email": addresses})
		p.EndPayment("success")
	}
	p.pass(45 * time.Minute)
	require.Len(t, p.Service.Requests(http.MethodPost), 6)
	require.Empty(t, p.emails())
}

func TestNotifyThatIsDownDelaysNothingAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	p.notify.Break(notifysim.FaultDown, "")
	c := p.paid()
	p.pass(time.Hour)
	require.Equal(t, journey.StateReleased, c.State())
	require.Empty(t, p.emails())
	p.RestartUnchanged()
	p.notify.Break(notifysim.FaultLost, "")
	p.pass(30 * time.Minute)
	require.Len(t, p.emails(), 1, "Notify has taken it, and could not say so")
	p.notify.Break(notifysim.FaultNone, "")
	p.pass(time.Hour)
	require.Len(t, p.emails(), 1)
	require.Empty(t, p.Ann().Journey(c.Journeys()[0].ID).Messages)
}

func TestAnEmailThatNotifyRefusesIsGivenUpAndToldToStaff(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	p.notify.Break(notifysim.FaultTemplate, notifysim.Templates()[0].ID)
	c := p.paid()
	p.pass(45 * time.Minute)
	require.Empty(t, p.emails())
	whole := p.Ann().Journey(c.Journeys()[0].ID)
	require.Contains(t, whole.Note, "the citizen: delivered, £25.00: the message was refused for good: "+
		"GOV.UK Notify: status 400, BadRequestError")
	require.NoError(t, p.App.Alert(t.Context()))
	require.Len(t, p.channel.Messages(), 1)
	require.Contains(t, p.channel.Messages()[0], "on the route licence could not be delivered")
	p.notify.Break(notifysim.FaultNone, "")
	_, status, _ := p.Ann().Order(string(whole.ID), "check", nil)
	require.Equal(t, http.StatusOK, status)
	require.Len(t, p.emails(), 1, "once a person asks for it")
}

func TestOneAddressGetsThreeEmailsADayFromAllJourneys(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	for range 5 {
		p.paid()
	}
	p.pass(3 * time.Hour)
	require.Len(t, p.emails(), 3)
	p.pass(24 * time.Hour)
	require.LessOrEqual(t, len(p.emails()), 6)
}

func TestTheAddressIsErasedThirtyDaysAfterTheEnd(t *testing.T) {
	t.Parallel()
	p := newPost(t, testserver.Confirm)
	c := p.paid()
	c.ReturnFromPay()
	address := func() (email string) {
		p.Close()
		p.WithStore(func(s *boltstore.Store) {
			all, err := s.List(t.Context(), journey.Filter{})
			require.NoError(t, err)
			email = all[0].Email
		})
		p.Open(p.ListenAgain(), p.settings...)
		return email
	}
	require.Equal(t, "ann@example.org", address())
	p.Pay.Advance(29 * 24 * time.Hour)
	p.Sweep()
	require.NotEmpty(t, address())
	p.Pay.Advance(25 * time.Hour)
	p.Sweep()
	require.Empty(t, address())
}
