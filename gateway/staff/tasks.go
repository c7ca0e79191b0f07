package staff

import (
	"context"

	"paygate/journey"
	"paygate/journey/export"
)

// task is something that staff can order for a journey, with a reason.
type task struct {
	name string // in the address
	do   func(*server, context.Context, journey.ID, order, journey.Person) (journey.Journey, error)
	may  func(journey.Journey) bool // reports whether the pages offer it; the order itself is decided by the journey
}

var (
	releaseTask = task{"release", (*server).release, mayRelease}
	refundTask  = task{"refund", (*server).refund, mayRefund}
	settleTask  = task{"settle", (*server).settle, maySettle}
	returnTask  = task{"return", (*server).giveBack, mayReturn}
)

func (s *server) release(ctx context.Context, id journey.ID, o order, who journey.Person) (journey.Journey, error) {
	return s.Runner.Release(ctx, id, who.By(), o.Reason)
}

func (s *server) giveBack(ctx context.Context, id journey.ID, o order, who journey.Person) (journey.Journey, error) {
	return s.Runner.GiveBack(ctx, id, who, o.Reason)
}

func (s *server) settle(ctx context.Context, id journey.ID, o order, who journey.Person) (journey.Journey, error) {
	return s.Runner.Settle(ctx, id, settleAs[o.As], who, o.Reason)
}

// settleAs are the ways to settle a journey.
var settleAs = map[string]journey.State{
	"released": journey.StateReleased, "reversed": journey.StateReversed, "retry": journey.StateConfirmed,
}

func (s *server) refund(ctx context.Context, id journey.ID, o order, who journey.Person) (journey.Journey, error) {
	if o.RefundedPence != nil {
		j, err := s.Store.Get(ctx, id)
		if err != nil {
			return j, err
		}
		if export.Of(j).RefundedPence != *o.RefundedPence {
			return j, journey.ErrRefundedSince
		}
	}
	return s.Runner.Refund(ctx, id, o.AmountPence, who, o.Reason)
}

func mayRelease(j journey.Journey) bool {
	if j.Terms.Kind != journey.KindSubmission {
		return false
	}
	return j.State == journey.StateConfirmed || j.State == journey.StatePaying ||
		j.State == journey.StateStuck && j.Trouble == journey.TroubleDelivery
}

func maySettle(j journey.Journey) bool { return j.State == journey.StateStuck }

// mayRetry reports whether settling as retry is possible.
func mayRetry(j journey.Journey) bool { return j.Paid() && j.ReleasedAt.IsZero() && !j.Adopted }

// mayReturn reports whether the money of something that was not given can go back now.
func mayReturn(j journey.Journey) bool {
	return (j.State == journey.StateConfirmed || j.State == journey.StateRefused) && j.Paid() && !j.Doubtful
}

// mayRefund reports whether money can be refunded that was taken for something that was given. For other money there
// are other orders.
func mayRefund(j journey.Journey) bool { return j.State == journey.StateReleased && left(j) > 0 }

// left returns how many pence of the payment can be refunded, as far as is known.
func left(j journey.Journey) int64 {
	if p, _ := j.Payment(); p.Status == journey.StatusSuccess {
		return p.Money
	}
	return 0
}
