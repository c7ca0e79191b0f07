package disaster

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/notifysim"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
)

// event is what the service is told after a delivery.
type event struct {
	Journey string `json:"jny"`
	Payment struct {
		ID string `json:"id"`
	} `json:"pay"`
	Event struct {
		ID            string `json:"id"`
		What          string `json:"what"`
		Amount        int64  `json:"amount"`
		RefundedTotal int64  `json:"refunded_total"`
		At            string `json:"at"`
	} `json:"evt"`
}

// hear is the part of the service that is told events. It does not always answer well.
func (w *simulation) hear(answer http.ResponseWriter, r *http.Request) {
	var told event
	text, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(text, &told) != nil || r.URL.Path != "/events" {
		w.addViolation("an event that is none: %s %s", r.URL.Path, text)
		return
	}
	view, _ := w.atPay(told.Payment.ID)
	w.mu.Lock()
	act := w.deaf % 4 // 1: it does not hear, 2 and 3: it hears, and its answer is lost
	w.deaf = max(0, w.deaf-1)
	if act != 1 {
		w.events = append(w.events, told)
	}
	before := slices.IndexFunc(w.events, func(e event) bool { return e.Event.ID == told.Event.ID })
	different := before >= 0 && w.events[before] != told
	w.mu.Unlock()
	if different {
		w.addViolation("told twice, with other words: %+v", told)
	}
	if problem := told.problem(view); problem != "" {
		w.addViolation("told what is not so, %s: %+v; Pay has %+v", problem, told, view)
	}
	switch act {
	case 0:
		answer.WriteHeader(http.StatusNoContent)
	case 1, 2:
		answer.WriteHeader(http.StatusInternalServerError)
	default:
		panic(http.ErrAbortHandler)
	}
}

// problem returns what is not so, by what Pay has now.
func (e event) problem(p paysim.PaymentView) string {
	switch e.Event.What {
	case journey.WhatRefunded:
		if amount, made := refundsMade(p)[e.Event.ID]; !made || amount != e.Event.Amount {
			return "no such refund"
		}
	case journey.WhatReturned:
		if holdsMoney(p) {
			return "the citizen does not have the money"
		}
	case journey.WhatCollectionFailed:
		if p.Status == journey.StatusSuccess && p.Code == "" {
			return "it was collected"
		}
	default:
		return "unknown"
	}
	return ""
}

// refundsMade returns the refunds that have succeeded, by their ids.
func refundsMade(p paysim.PaymentView) map[string]int64 {
	made := map[string]int64{}
	for _, r := range p.Refunds {
		if r.Status == journey.RefundSuccess {
			made[r.ID] = r.Amount
		}
	}
	return made
}

func holdsMoney(p paysim.PaymentView) bool {
	return p.Status == journey.StatusCapturable || p.Status == journey.StatusSuccess && p.Refunded < p.Total
}

func (w *simulation) atPay(id string) (view paysim.PaymentView, found bool) {
	for _, p := range w.pay.Payments() {
		if p.ID == id {
			return p, true
		}
	}
	return view, false
}

// changeMessages makes the service deaf for some events, or Notify fail.
func (w *simulation) changeMessages() {
	deaf := w.random.IntN(8)
	fault := pick(w.random, "", "", notifysim.FaultDown, notifysim.FaultLost, notifysim.FaultKey)
	w.logf("the service hears badly %d times; Notify: %q", deaf, fault)
	w.notify.Break(fault, "")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = deaf
}

// isOld reports whether Paygate may have read the payment for the last time: it does so for a week.
func (w *simulation) isOld(p paysim.PaymentView) bool {
	return w.clock.Now().Sub(p.Created) > 4*24*time.Hour
}

// refundAtPay gives back a part in Pay's own tool.
func (w *simulation) refundAtPay() {
	for _, p := range w.pay.Payments() {
		left := p.Total - p.Refunded
		if p.Status != journey.StatusSuccess || left < 2 || w.isOld(p) || w.random.IntN(4) > 0 {
			continue
		}
		amount := 1 + w.random.Int64N(left-1)
		w.logf("%d of %s are refunded in Pay's own tool", amount, p.Reference)
		_, err := w.pay.Refund(p.ID, amount)
		require.NoError(w.t, err)
		w.mu.Lock()
		defer w.mu.Unlock()
		sum := w.refunds[p.ID]
		sum.certain += amount
		w.refunds[p.ID] = sum
		return
	}
}

// checkMessages requires that the service and the citizen have heard what Pay recorded, and nothing else.
func (w *simulation) checkMessages(j export.Whole) {
	view, _ := w.atPay(j.PaymentID)
	w.checkEvents(j, view)
	w.checkEmails(j)
}

// checkEvents requires that the amounts that the service was told add up to what went back.
func (w *simulation) checkEvents(j export.Whole, p paysim.PaymentView) {
	told, failed, known := int64(0), false, map[string]bool{}
	for _, e := range w.events {
		if e.Journey != string(j.ID) || known[e.Event.ID] || e.Payment.ID != p.ID {
			continue
		}
		known[e.Event.ID] = true
		if e.Event.What == journey.WhatCollectionFailed {
			failed = true
			continue
		}
		told += e.Event.Amount
		require.Equal(w.t, told, e.Event.RefundedTotal, "%+v; %+v", e, j)
	}
	received := slices.ContainsFunc(w.ledger.All(), func(l testserver.LedgerEntry) bool {
		return l.Journey == string(j.ID) && l.Act != testserver.Busy // which means that it did nothing
	})
	if !received || w.collectedLate[p.ID] || w.isGivenUp(j) {
		return
	}
	require.Equal(w.t, wentBack(j, p, failed), told, "the service was not told: %+v; Pay has %+v", j, p)
	if j.State == journey.StateReleased && p.Status == journey.StatusError {
		require.True(w.t, failed, "the service does not know that it is unpaid: %+v", j)
	}
}

// isGivenUp reports whether the service did not hear everything, which staff can see. Everything else has been sent.
func (w *simulation) isGivenUp(j export.Whole) (isGivenUp bool) {
	for _, m := range j.Messages {
		require.NotNil(w.t, m.GivenUpAt, "not sent yet: %+v", j)
		isGivenUp = isGivenUp || m.To == journey.ToService
	}
	return isGivenUp
}

// wentBack returns what the citizen has back of a payment. What was never collected counts, unless the service knows.
func wentBack(j export.Whole, p paysim.PaymentView, failed bool) (pence int64) {
	if p.Status != journey.StatusSuccess {
		if j.State == journey.StateReversed && j.PaidAt != nil && !failed {
			return p.Total
		}
		return 0
	}
	for _, amount := range refundsMade(p) {
		pence += amount
	}
	return pence
}

// checkEmails requires that each e-mail came once, and says what is so.
func (w *simulation) checkEmails(j export.Whole) {
	known := map[string]bool{}
	for _, e := range w.notify.Emails() {
		kind, mine := strings.CutPrefix(e.Reference, string(j.ID)+"-email-")
		if !mine {
			continue
		}
		require.False(w.t, known[kind], "an e-mail came twice: %+v", e)
		known[kind] = true
		switch what, refund, _ := strings.Cut(kind, "-"); what {
		case journey.WhatDelivered:
			require.NotNil(w.t, j.ReleasedAt, "%+v", e)
		case journey.WhatReturned:
			require.Equal(w.t, journey.StateReversed, j.State, "%+v; %+v", e, j)
		case journey.WhatRefunded:
			amount, made := int64(0), false
			for _, p := range j.Payments {
				if view, found := w.atPay(p.ID); found && !made {
					amount, made = refundsMade(view)[refund]
				}
			}
			require.True(w.t, made, "%+v", e)
			require.Contains(w.t, e.Body, fmt.Sprintf("£%d.%02d", amount/100, amount%100), "%+v", e)
		}
	}
	if j.Kind == journey.KindSubmission && j.State == journey.StateReversed && j.PaidAt != nil && !isEmailGivenUp(j) {
		require.True(w.t, known[journey.WhatReturned], "the citizen was not told: %+v", j)
	}
}

func isEmailGivenUp(j export.Whole) bool {
	return slices.ContainsFunc(j.Messages, func(m export.Message) bool { return m.To == journey.ToCitizen })
}
