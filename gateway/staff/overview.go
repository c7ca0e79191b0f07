package staff

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"

	"paygate/journey"
)

const (
	// chartDays is how many days the picture of money shows.
	chartDays = 14
	// mostCharted bounds what one look at the picture reads.
	mostCharted = 20_000
	pageSize    = 500
	// mostWaiting is how many journeys that need a person the overview lists.
	mostWaiting = 20
)

// overviewView is what the first page shows.
type overviewView struct {
	Swept   string // journeys visited by a sweep that was just asked for
	Waiting []rowView
	More    bool // there are more than those listed
	Damaged []journey.ID
	Failed  []rowView // given, and the money could not be collected after all
	States  []bar
	Days    []dayView
	Partly  bool // the picture leaves out journeys, because there are too many
	Since   time.Time
}

// bar is one row of the picture of states.
type bar struct {
	State journey.State
	Tag   string
	Count int
	Width int // of 300
}

// dayView is one day of the picture of money. Heights are of 100.
type dayView struct {
	Day                         time.Time
	Taken, Returned             int64 // pence
	TakenPounds, ReturnedPounds string
	X, TakenHeight              int
	ReturnedX, ReturnedHeight   int
}

// overview shows what needs a person first, then how things are.
func (d *door) overview(w http.ResponseWriter, r *http.Request, m member) {
	if !readsHTML(r) {
		d.problem(w, r, http.StatusNotFound, "There is nothing for programs at this address; see /journeys.")
		return
	}
	v, err := d.look(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	if n, err := strconv.Atoi(r.FormValue("swept")); err == nil {
		v.Swept = strconv.Itoa(n)
	}
	d.render(w, http.StatusOK, "overview", "Overview", m, v)
}

func (d *door) look(ctx context.Context) (v overviewView, err error) {
	waiting, err := d.Store.List(ctx, journey.Filter{State: journey.StateStuck, Limit: mostWaiting + 1})
	if err != nil {
		return v, err
	}
	v.More = len(waiting) > mostWaiting
	for _, j := range waiting[:min(len(waiting), mostWaiting)] {
		v.Waiting = append(v.Waiting, rowOf(j))
	}
	if v.Damaged, err = d.Store.Damaged(ctx); err != nil {
		return v, err
	}
	open, err := d.Store.CountOpen(ctx)
	if err != nil {
		return v, err
	}
	return v, d.chart(ctx, open, &v)
}

// chart counts the journeys of the last days. Those that are open are counted whatever their age.
func (d *door) chart(ctx context.Context, open map[journey.State]int, v *overviewView) error {
	today := d.Runner.Now().In(d.zone)
	first := time.Date(today.Year(), today.Month(), today.Day()-chartDays+1, 0, 0, 0, 0, d.zone)
	v.Since = first
	counts := maps.Clone(open)
	money := map[string]*dayView{}
	for n := range chartDays {
		day := first.AddDate(0, 0, n)
		v.Days = append(v.Days, dayView{Day: day})
		money[day.Format(time.DateOnly)] = &dayView{}
	}
	filter := journey.Filter{Since: first, Limit: pageSize}
	for read := 0; ; {
		page, err := d.Store.List(ctx, filter)
		if err != nil {
			return err
		}
		for _, j := range page {
			if j.State.AtRest() {
				counts[j.State]++
			}
			if j.CollectionFailed {
				v.Failed = append(v.Failed, rowOf(j))
			}
			d.addMoney(money, j)
		}
		if read += len(page); len(page) < pageSize {
			break
		}
		if read >= mostCharted {
			v.Partly = true
			break
		}
		filter.After = page[len(page)-1].ID
	}
	v.draw(counts, money)
	return nil
}

// addMoney counts what a journey's payments took and gave back, by the day.
func (d *door) addMoney(days map[string]*dayView, j journey.Journey) {
	on := func(at time.Time) *dayView {
		if day := days[at.In(d.zone).Format(time.DateOnly)]; day != nil {
			return day
		}
		return &dayView{} // outside the picture
	}
	for _, p := range j.Payments {
		if p.Status == journey.StatusSuccess && p.ID == j.PaidWith {
			on(j.PaidAt).Taken += p.Total
		}
		if p.Refunded > 0 {
			on(lastReturn(j)).Returned += p.Refunded
		}
	}
}

func lastReturn(j journey.Journey) time.Time {
	at := j.Since
	for _, e := range j.History {
		if e.Fact == (journey.Refunded{}).Name() || e.Fact == (journey.MoneyReturned{}).Name() {
			at = e.At
		}
	}
	return at
}

// draw scales counts and money to the picture.
func (v *overviewView) draw(counts map[journey.State]int, money map[string]*dayView) {
	most := 1
	for _, n := range counts {
		most = max(most, n)
	}
	for _, s := range journey.States() {
		v.States = append(v.States, bar{s, tagOf(s), counts[s], 300 * counts[s] / most})
	}
	highest := int64(1)
	for _, day := range money {
		highest = max(highest, day.Taken, day.Returned)
	}
	for i := range v.Days {
		day := &v.Days[i]
		sums := money[day.Day.Format(time.DateOnly)]
		day.Taken, day.Returned = sums.Taken, sums.Returned
		day.TakenPounds, day.ReturnedPounds = journey.Pounds(day.Taken), journey.Pounds(day.Returned)
		day.X, day.ReturnedX = 40*i, 40*i+16
		day.TakenHeight, day.ReturnedHeight = int(100*day.Taken/highest), int(100*day.Returned/highest)
	}
}
