package faults

import (
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// apply has a request held, and a payment created for it.
func (s *scenario) apply() (journey.Journey, error) {
	held, err := s.runner.Begin(s.t.Context(), s.terms, s.request("first"), "key")
	if err == nil {
		_, err = s.runner.CreatePayment(s.t.Context(), held, journey.Prefill{})
	}
	return held, err
}

// submit sends the form, and sends it again if that failed.
func (s *scenario) submit() {
	held, err := s.apply()
	if err != nil && held.ID == "" {
		held, err = s.apply()
	}
	s.id = held.ID
	if err != nil {
		s.tryAgain()
	}
}

// tryAgain presses the button on the page of a failed payment, a second time if that failed.
func (s *scenario) tryAgain() {
	for range 2 {
		if _, err := s.runner.Again(s.t.Context(), s.id); err == nil {
			return
		}
	}
}

// endPayment ends the newest payment at Pay, if the citizen has its address.
func (s *scenario) endPayment(outcome string) {
	j, err := s.store.Get(s.t.Context(), s.id)
	if err == nil && len(j.Payments) > 0 {
		_ = s.pay.Pay(j.Payments[len(j.Payments)-1].ID, outcome)
	}
}

// correctPayment is Pay correcting itself about the newest payment.
func (s *scenario) correctPayment(status string) {
	if j, err := s.store.Get(s.t.Context(), s.id); err == nil && len(j.Payments) > 0 {
		require.NoError(s.t, s.pay.Correct(j.Payments[len(j.Payments)-1].ID, status, ""))
	}
}

func (s *scenario) visit(by journey.By) journey.Visit { return journey.Visit{By: by} }

// returnFromPay returns from Pay and continues to the held address, and does so again if that failed.
func (s *scenario) returnFromPay() {
	for range 2 {
		if _, err := s.runner.Return(s.t.Context(), s.id, journey.ByCitizen); err != nil {
			continue
		}
		progress, err := s.runner.Advance(s.t.Context(), s.id, s.visit(journey.ByCitizen))
		_ = progress.Reply.Close()
		if err == nil {
			return
		}
	}
}

func (s *scenario) readReply() { _, _ = s.runner.TakeReply(s.t.Context(), s.id) }

func (s *scenario) receiveWebhook() {
	if s.runner.Nudge(s.t.Context(), s.id, journey.ByWebhook) == nil {
		progress, _ := s.runner.Advance(s.t.Context(), s.id, s.visit(journey.ByWebhook))
		_ = progress.Reply.Close()
	}
}

func (s *scenario) resubmit() {
	if _, err := s.runner.Resubmit(s.t.Context(), s.id, s.request("second"), journey.ByCitizen); err == nil {
		progress, _ := s.runner.Advance(s.t.Context(), s.id, s.visit(journey.ByCitizen))
		_ = progress.Reply.Close()
	}
}

func (s *scenario) fetchPass() {
	for range 2 {
		progress, err := s.runner.Collect(s.t.Context(), s.id, s.request(""), s.visit(journey.ByCitizen))
		_ = progress.Reply.Close()
		if err == nil && progress.Reply != nil {
			return
		}
		s.clock.Advance(2 * time.Minute)
		s.returnFromPay()
	}
}

func (s *scenario) staffRelease() {
	_, _ = s.runner.Release(s.t.Context(), s.id, journey.ByStaff("ann"), "the citizen called")
}

func (s *scenario) staffRefund(pence int64) {
	_, _ = s.runner.Refund(s.t.Context(), s.id, pence, journey.Person{Name: "ann"}, "the citizen called")
}

// refundInPaysTool is a member of staff who uses Pay's own tool.
func (s *scenario) refundInPaysTool(pence int64) {
	j, err := s.store.Get(s.t.Context(), s.id)
	if p, found := s.atPay(j.PaidWith); err == nil && found && p.Status == journey.StatusSuccess {
		_, err := s.pay.Refund(p.ID, pence)
		require.NoError(s.t, err)
	}
}
