package staff

import (
	"net/http"
	"strings"
	"time"

	"paygate/gateway/signin"
	"paygate/journey"
	"paygate/journey/export"
)

// show answers with one journey and its whole history.
func (s entrance) show(w http.ResponseWriter, r *http.Request, m member) {
	j, err := s.Store.Get(r.Context(), idOf(r))
	switch {
	case err != nil:
		s.fail(w, r, err)
	case wantsHTML(r):
		v := journeyViewOf(j)
		v.PayTool = s.payTool()
		v.Notice, _ = s.gate.TakeNotice(w, r, m)
		if m.Role >= signin.Refund {
			v.Offers, v.MayReject, v.MayAgree = offers(j), true, !j.Approval.AskedBy(m.Person())
		}
		s.render(w, http.StatusOK, "journey", j.Terms.Reference, m, v)
	default:
		answerJSON(w, http.StatusOK, "application/json", export.WholeOf(j))
	}
}

// journeyView is the data of the page of one journey.
type journeyView struct {
	export.Whole
	Notice        signin.Notice // the result of the order that was just given
	PayTool       string
	Word, Tag     string
	Meaning, Why  string
	StuckSince    time.Time
	Price         string
	Money         []amount
	Timeline      []eventView
	Paid          []paymentView
	Told          []string // the messages
	Offers        []offer
	MayAgree      bool // to the order that waits for a second person
	MayReject     bool
	ServiceStatus int
	Typed         []journey.FormValue // what the citizen typed into the fields of FIND
}

type eventView struct {
	export.Event
	Said, Who string
	Now       string // the state that follows, if it is another one
}

type paymentView struct {
	journey.Payment
	Says  string
	Money []amount
}

func journeyViewOf(j journey.Journey) journeyView {
	v := journeyView{
		Whole: export.WholeOf(j), Word: stateWord(j.State), Tag: tagOf(j.State), Meaning: explain(j),
		Price: journey.Pounds(j.Terms.Amount), Money: moneyOf(j).amounts(), ServiceStatus: j.ReplyStatus,
		Typed: j.Fingerprint.Findable, Timeline: timelineOf(j),
	}
	if j.State == journey.StateStuck {
		v.Why, v.StuckSince = troubleWord(j.Trouble), j.Since
	}
	for _, m := range v.Messages {
		v.Told = append(v.Told, describeMessage(m))
	}
	for _, p := range j.Payments {
		v.Paid = append(v.Paid, paymentView{p, statusWord(p.Status, p.Code), paymentMoney(j, p)})
	}
	return v
}

func timelineOf(j journey.Journey) []eventView {
	var timeline []eventView
	for _, e := range j.History {
		event := export.Event{
			At: e.At, Times: max(1, e.Times), Fact: e.Fact, From: e.From, To: e.To, By: e.By, Detail: e.Detail,
		}
		view := eventView{Event: event, Said: describe(e), Who: describeCaller(e.By)}
		if e.From != e.To {
			view.Now = stateWord(e.To)
		}
		timeline = append(timeline, view)
	}
	return timeline
}

// payTool returns the address of GOV.UK Pay's own admin tool, to which paths are added.
func (s *server) payTool() string { return strings.TrimSuffix(s.PayTool, "/") }
