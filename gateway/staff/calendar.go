package staff

import (
	"cmp"
	"net/http"
	"time"
)

// calendar reads and writes days and times as people in the United Kingdom do.
type calendar struct{ zone *time.Location }

func newCalendar() calendar {
	if zone, err := time.LoadLocation("Europe/London"); err == nil {
		return calendar{zone}
	}
	return calendar{time.UTC}
}

// clock formats a time.
func (c calendar) clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(c.zone).Format("2 January 2006, 3:04:05pm MST")
}

func (c calendar) day(at time.Time) string { return at.In(c.zone).Format("2 January") }

// period is a range of time, without its end. A zero end is open.
type period struct {
	since, until time.Time
	name         string // for a file: the dates that were asked for
}

// periodOf reads a range from two parameters of the query. Each is a time (RFC 3339) or a date, which is a day in the
// United Kingdom. For a person at a page, the last date is included. If the range is not valid, wrong says why.
func (c calendar) periodOf(r *http.Request, first, last string) (p period, wrong string) {
	query := parametersOf(r)
	if p, wrong = c.period(query.Get(first), query.Get(last), lastDay(r)); wrong != "" {
		wrong = first + " and " + last + " " + wrong
	}
	return p, wrong
}

// period reads a range from two texts, of which the last gets days added if it is a date.
func (c calendar) period(from, to string, days int) (p period, wrong string) {
	since, err1 := c.momentOf(from, 0)
	until, err2 := c.momentOf(to, days)
	if err1 != nil || err2 != nil || !until.IsZero() && until.Before(since) {
		return p, "must be dates such as 2026-11-22 or times such as 2026-11-22T10:41:07Z, the first before the second."
	}
	return period{since, until, nameOf(from, to)}, ""
}

// lastDay returns how many days after its beginning the last date of a range ends.
func lastDay(r *http.Request) int {
	if wantsHTML(r) {
		return 1
	}
	return 0
}

// momentOf reads a time, or a date to which it adds days. An empty text is the zero time.
func (c calendar) momentOf(text string, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, c.zone)
	return day.AddDate(0, 0, days).UTC(), err
}

// nameOf names a range by its dates, with which the texts begin.
func nameOf(from, to string) string {
	if to == "" {
		return dateOf(from)
	}
	return dateOf(from) + "-to-" + dateOf(to)
}

func dateOf(text string) string {
	text = cmp.Or(text, "all")
	return text[:min(len(text), len(time.DateOnly))]
}
