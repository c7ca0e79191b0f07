package faults

import (
	"net/url"
	"time"

	"paygate/internal/testserver"
	"paygate/journey"
)

// story is a course that a journey can take: its terms, its service, and its citizen, who repeats what failed.
type story struct {
	name       string
	terms      func(*journey.Terms)
	service    func(n int, form url.Values) testserver.Act
	act        func(*scenario)
	finalState journey.State // when nothing fails
	rounds     int           // of forty hours, beyond the usual ones
	loss       int64         // what may be missing in the end, in pence
}

func stories() []story {
	accept := func(int, url.Values) testserver.Act { return testserver.Accept }
	refuse := func(int, url.Values) testserver.Act { return testserver.Refuse }
	immediate := func(t *journey.Terms) { t.Capture = journey.CaptureImmediate }
	pass := func(t *journey.Terms) { t.Kind = journey.KindPass }
	onReturn := func(t *journey.Terms) { t.Capture, t.Release = journey.CaptureImmediate, journey.ReleaseOnReturn }
	payAndReturn := func(s *scenario) { s.submit(); s.endPayment("success"); s.returnFromPay(); s.readReply() }
	all := []story{
		{name: "reserved and accepted", service: accept, act: payAndReturn, finalState: journey.StateReleased},
		{
			name: "taken and accepted", terms: immediate, service: accept, act: payAndReturn,
			finalState: journey.StateReleased,
		},
		{name: "reserved and refused", service: refuse, act: payAndReturn, finalState: journey.StateReversed},
		{
			name: "taken and refused", terms: immediate, service: refuse, act: payAndReturn,
			finalState: journey.StateReversed,
		},
		{
			name: "never returns", service: accept, act: func(s *scenario) { s.submit(); s.endPayment("success") },
			finalState: journey.StateReleased,
		},
		{
			name: "never returns, and version 1 began it", terms: func(t *journey.Terms) {
				t.ReturnGrace,
					t.UnseenFor = 0, 0
			},
			service: accept, act: func(s *scenario) { s.submit(); s.endPayment("success") },
			finalState: journey.StateReleased,
		},
		{name: "delivered early", service: accept, act: func(s *scenario) {
			s.submit()
			s.endPayment("success")
			s.advanceMinutes(25)
		}, finalState: journey.StateReleased},
		{name: "taken, and delivered early", terms: immediate, service: accept, act: func(s *scenario) {
			s.submit()
			s.advanceMinutes(10)
			s.endPayment("success")
			s.advanceMinutes(15)
		}, finalState: journey.StateReleased},
		{name: "delivered early, and refused", service: refuse, act: func(s *scenario) {
			s.submit()
			s.endPayment("success")
			s.advanceMinutes(15)
		}, finalState: journey.StateReversed},
		{
			name: "delivered early, refused, and corrected a day later",
			service: func(_ int, form url.Values) testserver.Act {
				if form.Get("name") == "first" {
					return testserver.Refuse
				}
				return testserver.Accept
			}, act: func(s *scenario) {
				s.submit()
				s.endPayment("success")
				s.advanceMinutes(15)
				s.clock.Advance(23 * time.Hour)
				s.resubmit()
			}, finalState: journey.StateReleased,
		},
		{
			name: "delivered early, and repeatable", terms: func(t *journey.Terms) { t.Repeat = journey.RepeatSafe },
			service: func(n int, _ url.Values) testserver.Act {
				return []testserver.Act{testserver.HangUp, testserver.AcceptHangUp, testserver.Accept}[min(n, 3)-1]
			}, act: func(s *scenario) {
				s.submit()
				s.endPayment("success")
				s.advanceMinutes(25)
			}, finalState: journey.StateReleased,
		},
		{name: "declined, tried again, and delivered early", service: accept, act: func(s *scenario) {
			s.submit()
			s.endPayment("declined")
			s.advanceMinutes(5)
			s.tryAgain()
			s.endPayment("success")
			s.advanceMinutes(15)
		}, finalState: journey.StateReleased},
		{name: "returns during early delivery", service: accept, act: func(s *scenario) {
			s.submit()
			s.endPayment("success")
			s.advanceMinutes(5)
			s.returnFromPay()
			s.readReply()
		}, finalState: journey.StateReleased},
		{
			name: "never pays", service: accept, act: func(s *scenario) { s.submit() },
			finalState: journey.StateAbandoned,
		},
		{
			name: "webhook", terms: immediate, service: accept,
			act:        func(s *scenario) { s.submit(); s.endPayment("success"); s.receiveWebhook() },
			finalState: journey.StateReleased,
		},
		{name: "declined, and paid at the second attempt", service: accept, act: func(s *scenario) {
			s.submit()
			s.endPayment("declined")
			s.returnFromPay()
			s.tryAgain()
			s.endPayment("success")
			s.returnFromPay()
		}, finalState: journey.StateReleased},
		{
			name: "refused, and corrected", service: func(_ int, form url.Values) testserver.Act {
				if form.Get("name") == "first" {
					return testserver.Refuse
				}
				return testserver.Accept
			}, act: func(s *scenario) { s.submit(); s.endPayment("success"); s.returnFromPay(); s.resubmit() },
			finalState: journey.StateReleased,
		},
		{
			name:    "refused, and settled by staff",
			terms:   func(t *journey.Terms) { t.OnRefused = journey.OnRefusedStaff },
			service: refuse, act: payAndReturn, finalState: journey.StateReversed,
		},
		{
			name: "pass, fetched", terms: pass, service: accept,
			act:        func(s *scenario) { s.submit(); s.endPayment("success"); s.returnFromPay(); s.fetchPass() },
			finalState: journey.StateReleased,
		},
		{
			name: "pass, not fetched", terms: pass, service: accept,
			act:        func(s *scenario) { s.submit(); s.endPayment("success"); s.returnFromPay() },
			finalState: journey.StateReversed,
		},
		{name: "released on return", terms: onReturn, service: accept, act: func(s *scenario) {
			s.submit()
			s.endPayment("submitted")
			s.returnFromPay()
			s.endPayment("success")
		}, finalState: journey.StateReleased},
		{
			name: "repeatable", terms: func(t *journey.Terms) { t.Repeat = journey.RepeatSafe },
			service: func(n int, _ url.Values) testserver.Act {
				return []testserver.Act{testserver.HangUp, testserver.AcceptHangUp, testserver.Accept}[min(n, 3)-1]
			}, act: payAndReturn, finalState: journey.StateReleased,
		},
		{
			name:  "repeatable, and the service goes down",
			terms: func(t *journey.Terms) { t.Repeat = journey.RepeatSafe },
			service: func(int, url.Values) testserver.Act {
				return testserver.AcceptHangUp
			}, act: func(s *scenario) {
				s.submit()
				s.endPayment("success")
				s.returnFromPay()
				s.service.Close()
				s.clock.Advance(95 * time.Hour) // the reservation is about to end
				s.sweepAfter(2, time.Hour)
			}, finalState: journey.StateReleased,
		},
		{
			name:    "outcome unknown, and it was done",
			service: func(int, url.Values) testserver.Act { return testserver.AcceptHangUp }, act: payAndReturn,
			finalState: journey.StateReleased,
		},
		{name: "outcome unknown, and it was not done", service: func(n int, _ url.Values) testserver.Act {
			if n == 1 {
				return testserver.HangUp
			}
			return testserver.Accept
		}, act: payAndReturn, finalState: journey.StateReleased},
		{
			name: "released by staff", service: accept,
			act:        func(s *scenario) { s.submit(); s.endPayment("success"); s.staffRelease() },
			finalState: journey.StateReleased,
		},
		{name: "paid late", terms: immediate, service: accept, act: func(s *scenario) {
			s.submit()
			s.endPayment("declined")
			s.returnFromPay()
			s.sweepAfter(2, 4*time.Hour)
			s.correctPayment("success")
		}, finalState: journey.StateReversed},
		{
			name: "forgotten", terms: func(t *journey.Terms) { t.KeepJourney = 200 * time.Hour }, service: accept,
			act: payAndReturn, rounds: 2,
		},
		{
			name: "refunded in part by staff", terms: immediate, service: accept, loss: 500,
			act:        func(s *scenario) { payAndReturn(s); s.staffRefund(500) },
			finalState: journey.StateReleased,
		},
		{
			name: "refunded in Pay's own tool", terms: immediate, service: accept, loss: 800, act: func(s *scenario) {
				payAndReturn(s)
				s.refundInPaysTool(500)
				s.receiveWebhook()
				s.refundInPaysTool(300)
			},
			finalState: journey.StateReleased,
		},
		{
			name: "not collected after all", service: accept, loss: 2500,
			act:        func(s *scenario) { payAndReturn(s); s.correctPayment("error") },
			finalState: journey.StateReleased,
		},
	}
	for i := range all {
		if i%2 == 1 {
			all[i].terms = atAccount("parking", all[i].terms)
		}
	}
	return all
}

// atAccount returns terms at another account.
func atAccount(name string, terms func(*journey.Terms)) func(*journey.Terms) {
	return func(t *journey.Terms) {
		t.Account = name
		if terms != nil {
			terms(t)
		}
	}
}
