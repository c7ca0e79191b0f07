package staff

import (
	"net/http"
	"strings"

	"paygate/journey"
	"paygate/journey/export"
)

// show answers with one journey and its whole history.
func (s *server) show(w http.ResponseWriter, r *http.Request, m member) {
	j, err := s.Store.Get(r.Context(), journey.ID(r.PathValue("id")))
	switch {
	case err != nil:
		s.fail(w, r, err)
	case wantsHTML(r):
		s.render(w, http.StatusOK, "journey", "Journey "+j.Terms.Reference, m, journeyViewOf(j, r.FormValue("done")))
	default:
		answerJSON(w, http.StatusOK, "application/json", export.WholeOf(j))
	}
}

// journeyView is the data of the page of one journey.
type journeyView struct {
	export.Whole
	Tag, Meaning  string
	Price, Total  string
	Refunded      string
	Left          string // what can still be refunded, as the default
	Done          string // the order that was just carried out
	Timeline      []eventView
	Paid          []paymentView
	Told          []string // the messages
	MayRelease    bool
	MaySettle     bool
	MayRetry      bool
	MayRefund     bool
	ServiceStatus int
	Typed         []journey.FormValue // what the citizen typed into the fields of FIND
}

type eventView struct {
	export.Event
	Said, Who string
	Moved     bool
}

type paymentView struct {
	export.Payment
	Total, Refunded string
}

func journeyViewOf(j journey.Journey, done string) journeyView {
	v := journeyView{
		Whole: export.WholeOf(j), Tag: tagOf(j.State), Meaning: explain(j), Price: journey.Pounds(j.Terms.Amount),
		ServiceStatus: j.ReplyStatus, Typed: j.Fingerprint.Findable, Done: doneWords[done], Timeline: timelineOf(j),
		MayRelease: mayRelease(j), MaySettle: j.State == journey.StateStuck,
		MayRetry: j.Paid() && j.ReleasedAt.IsZero() && !j.Adopted,
	}
	if v.TotalPence != nil {
		v.Total = journey.Pounds(*v.TotalPence)
	}
	if v.RefundedPence > 0 {
		v.Refunded = journey.Pounds(v.RefundedPence)
	}
	if p, _ := j.Payment(); p.Status == journey.StatusSuccess && p.Money > 0 && j.State != journey.StateReleasing {
		v.MayRefund, v.Left = true, strings.TrimPrefix(journey.Pounds(p.Money), "£")
	}
	for _, m := range v.Messages {
		v.Told = append(v.Told, describeMessage(m))
	}
	for _, p := range v.Payments {
		paid := paymentView{Payment: p, Refunded: journey.Pounds(p.RefundedPence)}
		if p.TotalPence != nil {
			paid.Total = journey.Pounds(*p.TotalPence)
		}
		v.Paid = append(v.Paid, paid)
	}
	return v
}

func mayRelease(j journey.Journey) bool {
	if j.Terms.Kind != journey.KindSubmission {
		return false
	}
	return j.State == journey.StateConfirmed || j.State == journey.StatePaying ||
		j.State == journey.StateStuck && j.Trouble == journey.TroubleDelivery
}

func timelineOf(j journey.Journey) []eventView {
	var timeline []eventView
	for _, e := range j.History {
		event := export.Event{
			At: e.At, Times: max(1, e.Times), Fact: e.Fact, From: e.From, To: e.To, By: e.By, Detail: e.Detail,
		}
		timeline = append(timeline, eventView{event, describe(e), describeCaller(e.By), e.From != e.To})
	}
	return timeline
}

var doneWords = map[string]string{
	"check": "GOV.UK Pay was asked.", "release": "The request was sent to the service.",
	"ask":     "It comes to so much that a second person has to agree. They find it on this page.",
	"approve": "You agreed, and it was done.", "reject": "The request has ended, and nothing was given back.",
	"refund": "The refund was requested.", "settle": "The journey was settled.",
	"adopt": "The payment is adopted. Settle it as soon as you know what was given.",
}
