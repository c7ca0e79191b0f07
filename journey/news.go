package journey

import (
	"slices"
	"time"
)

// What has to be told follows from what is stored, whichever facts led there. So nothing stays untold, and nothing is
// told before it is stored. Told has the ids of all messages that there ever were: none is told twice.
//
// Money that went back because the journey ended is told as returned, and only so. Refunds of a journey whose service
// was given are told one by one.

// seenWithin is how long citizens have to see the service's reply before an e-mail says that it came.
const seenWithin = 15 * time.Minute

// withNews adds what has to be told to the outbox. It drops a message that is no longer so, unless the recipient may
// have got it.
func (j Journey) withNews(at time.Time) Journey {
	if j.Terms.Tell == "" && j.Email == "" {
		return j
	}
	j = j.withoutOldNews(j.news(at))
	for _, m := range j.news(at) { // again: the amounts depend on what was told
		if !j.knows(m.ID) {
			j.Outbox = append(slices.Clip(j.Outbox), m)
			j.Told = append(slices.Clip(j.Told), m.ID)
		}
	}
	return j
}

func (j Journey) withoutOldNews(news []Message) Journey {
	isOld := func(m Message) bool {
		sameID := func(n Message) bool { return n.ID == m.ID }
		return !m.Attempted() && !slices.ContainsFunc(news, sameID)
	}
	if !slices.ContainsFunc(j.Outbox, isOld) {
		return j
	}
	j.Told = slices.DeleteFunc(slices.Clone(j.Told), func(id string) bool {
		m, waits := j.Message(id)
		return waits && isOld(m)
	})
	return j.withoutMessages(isOld)
}

// news returns everything that is to be told, told or not, in order.
func (j Journey) news(at time.Time) []Message {
	var news []Message
	if j.Terms.Tell != "" && j.Sent {
		news = append(news, j.newsForService(at)...)
	}
	if j.Email != "" {
		news = append(news, j.newsForCitizen(at)...)
	}
	return news
}

func (j Journey) newsForService(at time.Time) []Message {
	p := j.payment(j.PaidWith)
	if p == nil {
		return nil
	}
	news := append(j.refundsForService(*p), j.endForService(*p)...)
	for i := range news {
		news[i].To, news[i].PaymentID, news[i].At, news[i].Due = ToService, p.ID, at, at
	}
	return slices.DeleteFunc(news, func(m Message) bool {
		return len(j.Terms.TellOn) > 0 && !slices.Contains(j.Terms.TellOn, m.What)
	})
}

// returnedID is the id of what the service hears when the money is back.
func (j Journey) returnedID() string { return string(j.ID) + "-" + WhatReturned }

func (j Journey) refundsForService(p Payment) (news []Message) {
	if j.ending() || j.knows(j.returnedID()) {
		return nil
	}
	back := j.told(p, "")
	for _, r := range p.succeeded() {
		if !j.knows(r.ID) {
			back += r.Amount
		}
		news = append(news, Message{ID: r.ID, What: WhatRefunded, Amount: r.Amount, RefundedTotal: back})
	}
	return news
}

// endForService returns what the service hears if the journey does not end with service and money.
func (j Journey) endForService(p Payment) []Message {
	failed, charged, back := WhatCollectionFailed+"-"+p.ID, p.charged(j), j.told(p, "")
	switch {
	case j.collectionFailed(p) && !j.knows(j.returnedID()):
		return []Message{{ID: failed, What: WhatCollectionFailed, Amount: charged, RefundedTotal: back}}
	case j.isReturned(p) && p.isBack(j) && back < charged && !j.knows(failed):
		return []Message{{ID: j.returnedID(), What: WhatReturned, Amount: charged - back, RefundedTotal: charged}}
	default:
		return nil
	}
}

// refundEmail begins the ids of e-mails about refunds.
const refundEmail = "email-" + WhatRefunded + "-"

func (j Journey) newsForCitizen(at time.Time) (news []Message) {
	add := func(id, what string, p Payment, amount int64, due time.Time) {
		news = append(news, Message{
			ID: id, To: ToCitizen, What: what, PaymentID: p.ID, Amount: amount, RefundedTotal: p.Refunded,
			At: at, Due: due,
		})
	}
	p, _ := j.Payment()
	if j.isUnseen() {
		add(string(j.ID)+"-email-"+WhatDelivered, WhatDelivered, p, p.charged(j), j.ReleasedAt.Add(seenWithin))
	}
	if r, of, found := j.firstRefund(); found {
		add(refundEmail+r.ID, WhatRefunded, of, r.Amount, at)
	}
	if amount := p.charged(j) - j.told(p, refundEmail); j.isReturned(p) && amount > 0 {
		add(j.returnedEmail(), WhatReturned, p, amount, at)
	}
	return news
}

func (j Journey) returnedEmail() string { return string(j.ID) + "-email-" + WhatReturned }

// firstRefund returns the refund that the citizen gets an e-mail about: there is one for each journey. It may be of
// another payment than the one that the service knows of.
func (j Journey) firstRefund() (first Refund, of Payment, found bool) {
	for _, p := range j.Payments {
		for _, r := range p.succeeded() {
			switch {
			case j.knows(refundEmail + r.ID):
				return r, p, true
			case !found && !j.ending() && !j.knows(j.returnedEmail()):
				first, of, found = r, p, true
			}
		}
	}
	return first, of, found
}

// isUnseen reports whether the service said yes to a paid form and the citizen does not know it yet.
func (j Journey) isUnseen() bool {
	given := j.State == StateAccepted || j.State == StateReleased
	return given && j.Terms.Kind == KindSubmission && !j.Trusted && !j.ReleasedAt.IsZero() && j.OutcomeSeenAt.IsZero()
}

// ending reports whether the money goes back, or has gone back, because the journey ends without the service.
func (j Journey) ending() bool { return j.Returning || j.State == StateReversed }

// isReturned reports whether the journey has ended without the service, and the citizen's money is on its way back,
// also money that came too late.
func (j Journey) isReturned(p Payment) bool {
	paid := !j.PaidAt.IsZero() || p.Status == StatusSuccess
	return j.State == StateReversed && paid && p.ID == j.PaidWith && p.Finished()
}

// isBack reports whether the citizen has the money: Pay has never collected it, or says that all refunds have
// succeeded.
func (p Payment) isBack(j Journey) bool {
	return p.Status != StatusSuccess || sum(p.succeeded()) >= p.charged(j)
}

// collectionFailed reports whether the service said yes and Pay has ended the payment without collecting the money.
func (j Journey) collectionFailed(p Payment) bool {
	return !j.ReleasedAt.IsZero() && !j.ending() && p.Finished() && p.Status != StatusSuccess
}

// knows reports whether there was a message with this id.
func (j Journey) knows(id string) bool { return slices.Contains(j.Told, id) }

// told returns how much of the payment a recipient knows to have been refunded, in pence. prefix is that of the ids of
// its messages.
func (j Journey) told(p Payment, prefix string) int64 {
	return sum(slices.DeleteFunc(p.succeeded(), func(r Refund) bool { return !j.knows(prefix + r.ID) }))
}

// succeeded returns the refunds that have reached the citizen.
func (p Payment) succeeded() (refunds []Refund) {
	for _, r := range p.Refunds {
		if r.Status == RefundSuccess {
			refunds = append(refunds, r)
		}
	}
	return refunds
}

func sum(refunds []Refund) (pence int64) {
	for _, r := range refunds {
		pence += r.Amount
	}
	return pence
}

// charged is what the citizen paid, in pence.
func (p Payment) charged(j Journey) int64 {
	if p.Total > 0 {
		return p.Total
	}
	return j.Terms.Amount
}
