package staff_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// TestAResultIsTrue gives every order to journeys in several states, with every answer of the service, and with Pay up
// and down. What the page says is compared with what Pay and the service have, and with the history.
func TestAResultIsTrue(t *testing.T) {
	t.Parallel()
	verdicts := []journey.Verdict{
		journey.VerdictAccepted, journey.VerdictRefused, journey.VerdictUnknown, journey.VerdictNotSent,
	}
	orders := map[string]url.Values{
		"release": {}, "refund": {"part": {"full"}}, "return": {}, "check": {},
	}
	for _, as := range []string{"released", "reversed", "retry"} {
		orders["settle "+as] = url.Values{"as": {as}}
	}
	for _, verdict := range verdicts {
		for name, fields := range orders {
			for _, down := range []bool{false, true} {
				if down && verdict != journey.VerdictAccepted { // the service is not reached then
					continue
				}
				for _, state := range []journey.State{
					journey.StateStuck, journey.StateReleased,
					journey.StateConfirmed,
				} {
					c := claim{t: t, order: strings.Fields(name)[0], fields: fields, down: down}
					c.give(verdict, state)
				}
			}
		}
	}
}

// claim is an order, whose result a page claims.
type claim struct {
	t      *testing.T
	order  string
	fields url.Values
	down   bool
}

func (c claim) give(verdict journey.Verdict, state journey.State) {
	l, service, b := newAnswering(c.t, verdict, 200)
	id := map[journey.State]func() journey.ID{
		journey.StateStuck:    func() journey.ID { return l.addStuck(c.t, "LIC1") },
		journey.StateReleased: func() journey.ID { return l.addReleased(c.t, "LIC1") },
		journey.StateConfirmed: func() journey.ID {
			return l.add(c.t, "LIC1", journey.PaymentSeen{Snapshot: *reserved("LIC1")})
		},
	}[state]()
	before, err := l.store.Get(c.t.Context(), id)
	require.NoError(c.t, err)
	l.pay.down = c.down
	c.fields.Set("reason", "a reason")
	confirmed := url.Values{}
	if c.order != "check" {
		text := ""
		if text, confirmed = b.check(id, c.order, c.fields); strings.Contains(text, "cannot be done at present") {
			return
		}
	}
	l.pass(time.Second)
	_, text := b.do("/journeys/"+string(id)+"/"+c.order, confirmed)
	after, err := l.store.Get(c.t.Context(), id)
	require.NoError(c.t, err)
	_, banner, _ := strings.Cut(text, "govuk-notification-banner__heading\">")
	banner, _, _ = strings.Cut(banner, "</p>")
	c.compare(banner, strings.Contains(text, "banner--success"), before, after, l.pay, service)
}

func (c claim) compare(said string, done bool, before, after journey.Journey, pay *fakePay, service *answering) {
	context := []any{"%s of %s, down %v: %s", c.order, before.State, c.down, said}
	require.NotEmpty(c.t, said, context...)
	atPay := pay.payments["paylic1"]
	if strings.HasPrefix(said, "Nothing was done") || strings.HasPrefix(said, "It was not sent") {
		require.False(c.t, done, context...)
		require.Zero(c.t, service.got, context...)
		require.Empty(c.t, pay.refunded, context...)
		require.Equal(c.t, before.State, after.State, context...)
	}
	for words, isTrue := range map[string]bool{
		"has been taken":      atPay.Status == journey.StatusSuccess,
		"was never taken":     atPay.Status == journey.StatusCancelled,
		"accepted the refund": len(pay.refunded) == 1,
		"has accepted the re": service.got == 1 || len(pay.refunded) == 1,
		"refused it":          service.got == 1,
		"not answer clearly":  service.got == 1,
		"has not returned it": after.Returning,
		"Nothing has changed": after.State == before.State,
	} {
		if strings.Contains(said, words) {
			require.True(c.t, isTrue, context...)
		}
	}
	if done && c.order != "check" {
		require.True(c.t, after.State.AtRest(), context...)
		require.NotEqual(c.t, len(before.History), len(after.History), context...)
	}
}
