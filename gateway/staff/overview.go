package staff

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"paygate/gateway/signin"
	"paygate/journey"
)

const (
	// chartDays is how many days the chart of money shows.
	chartDays = 14
	// maxWaiting limits the list of journeys that need a person.
	maxWaiting = 20
)

// overviewView is the data of the first page.
type overviewView struct {
	Notice  signin.Notice
	Waiting []rowView
	More    bool      // there are more
	Second  []rowView // an order waits for a second person
	Damaged []journey.ID
	Differs int // differences from GOV.UK Pay's list
	untoldView
	Failed []rowView // given, but the money could not be collected after all
	States []bar
	Days   []dayView
	Since  time.Time
	Most   string // money on the day with the most
	Spans  []*span

	ComparedAt time.Time // zero: never
	Swept      *Done     // nil: never
	Sweeping   bool      // a sweep is under way at this replica
	SoFar      int       // journeys that it has visited
	Paused     []pauseView
	BackedUp   *Done // nil: never
	BacksUp    bool  // backups are made here, and not by the database
}

// pauseView is a route whose deliveries pause.
type pauseView struct {
	Route string
	Until time.Time
}

// loadSweeping adds what the sweeps of this process are doing.
func (s *server) loadSweeping(v *overviewView) {
	counts, running := s.Sweeping()
	v.Sweeping, v.SoFar = running, counts["visited"]
	paused := s.Paused()
	for _, route := range slices.Sorted(maps.Keys(paused)) {
		v.Paused = append(v.Paused, pauseView{route, paused[route]})
	}
}

// bar is one row of the chart of states.
type bar struct {
	State journey.State
	Word  string
	Count int
	Width int    // of 300
	Shows string // the address of the journeys that are counted
}

// dayView is one day of the chart of money. Heights are of 100.
type dayView struct {
	Day                         time.Time
	Taken, Returned             int64 // pence
	TakenPounds, ReturnedPounds string
	X, TakenHeight              int
	ReturnedX, ReturnedHeight   int
	Label                       string
}

// overview shows first what needs a person, then the charts.
func (s entrance) overview(w http.ResponseWriter, r *http.Request, m member) {
	if !wantsHTML(r) {
		s.problem(w, r, http.StatusNotFound, "There is nothing for programs at this address; see /journeys.")
		return
	}
	v, err := s.load(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v.Notice, _ = s.gate.TakeNotice(w, r, m)
	s.render(w, http.StatusOK, "overview", "Overview", m, v)
}

func (s *server) load(ctx context.Context) (v overviewView, err error) {
	waiting, err := s.Store.List(ctx, journey.Filter{State: journey.StateStuck, Limit: maxLimit})
	if err != nil {
		return v, err
	}
	slices.SortStableFunc(waiting, byUrgency)
	v.More = len(waiting) > maxWaiting
	for _, j := range waiting[:min(len(waiting), maxWaiting)] {
		v.Waiting = append(v.Waiting, rowOf(j))
	}
	second, err := s.Store.List(ctx, journey.Filter{Approval: true, Limit: maxWaiting})
	if err != nil {
		return v, err
	}
	for _, j := range second {
		v.Second = append(v.Second, rowOf(j))
	}
	if v.Differs, err = (comparisons{s}).count(ctx); err != nil {
		return v, err
	}
	if v.Damaged, err = s.Store.Damaged(ctx); err != nil {
		return v, err
	}
	if v.ComparedAt, err = (comparisons{s}).last(ctx); err != nil {
		return v, err
	}
	s.loadSweeping(&v)
	if err := s.loadDone(ctx, &v); err != nil {
		return v, err
	}
	open, err := s.Store.CountOpen(ctx)
	if err != nil {
		return v, err
	}
	if v.untoldView, err = s.loadUntold(ctx); err != nil {
		return v, err
	}
	return v, s.chart(ctx, open, &v)
}

// loadDone adds what the last sweep and the last backup did.
func (s *server) loadDone(ctx context.Context, v *overviewView) (err error) {
	if v.Swept, err = s.lastDone(ctx, DoneSweep); err != nil {
		return err
	}
	v.BacksUp = s.Backup != nil
	v.BackedUp, err = s.lastDone(ctx, DoneBackup)
	return err
}

// byUrgency puts the journey first about which a person has to decide first, and then what has waited longest.
func byUrgency(a, b journey.Journey) int {
	first, second := a.DecideBy(), b.DecideBy()
	switch {
	case first.IsZero() != second.IsZero():
		return second.Compare(first) // one without a deadline comes last
	case !first.Equal(second):
		return first.Compare(second)
	default:
		return a.Since.Compare(b.Since)
	}
}

// chart adds what the stores' tallies say of the last days, and open journeys of any age.
func (s *server) chart(ctx context.Context, open map[journey.State]int, v *overviewView) error {
	today := s.Runner.Now().In(s.calendar.zone)
	v.Since = time.Date(today.Year(), today.Month(), today.Day()-chartDays+1, 0, 0, 0, 0, s.calendar.zone)
	tallies, err := s.Store.Tallies(ctx, v.Since)
	if err != nil {
		return err
	}
	failed, err := s.Store.List(ctx, journey.Filter{Uncollected: true, Since: v.Since, Limit: maxWaiting})
	if err != nil {
		return err
	}
	for _, j := range failed {
		v.Failed = append(v.Failed, rowOf(j))
	}
	v.Spans = s.spans(today)
	v.Days = make([]dayView, chartDays)
	counts, days := maps.Clone(open), map[string]*dayView{}
	for n := range v.Days {
		v.Days[n].Day = v.Since.AddDate(0, 0, n)
		days[v.Days[n].Day.Format(time.DateOnly)] = &v.Days[n]
	}
	for _, t := range tallies {
		if t.State == "" {
			addMoney(days[t.Hour.In(s.calendar.zone).Format(time.DateOnly)], t)
			continue
		}
		for _, sp := range v.Spans {
			sp.count(t)
		}
		if t.State.AtRest() {
			counts[t.State] += int(t.Journeys)
		}
	}
	v.draw(counts)
	return nil
}

// addMoney adds what was taken and given back in an hour to its day. It is nil for an hour to come.
func addMoney(day *dayView, t journey.Tally) {
	if day == nil {
		return
	}
	day.Taken += t.Taken
	day.Returned += t.Refunded
}

// shows returns the address of the journeys that are counted in a state.
func (v *overviewView) shows(state journey.State) string {
	address := "/journeys?state=" + string(state)
	if state.AtRest() {
		address += "&since=" + v.Since.Format(time.DateOnly)
	}
	return address
}

// draw scales counts and money to the charts.
func (v *overviewView) draw(counts map[journey.State]int) {
	largest := 1
	for _, n := range counts {
		largest = max(largest, n)
	}
	for _, state := range journey.States() {
		v.States = append(v.States,
			bar{state, stateWord(state), counts[state], 300 * counts[state] / largest, v.shows(state)})
	}
	highest := int64(1)
	for _, day := range v.Days {
		highest = max(highest, day.Taken, day.Returned)
	}
	v.Most = journey.Pounds(highest)
	for i := range v.Days {
		day := &v.Days[i]
		day.Label = day.Day.Format("2 Jan")
		day.TakenPounds, day.ReturnedPounds = journey.Pounds(day.Taken), journey.Pounds(day.Returned)
		day.X, day.ReturnedX = 46*i, 46*i+18
		day.TakenHeight, day.ReturnedHeight = max(0, int(100*day.Taken/highest)), max(0, int(100*day.Returned/highest))
	}
}
