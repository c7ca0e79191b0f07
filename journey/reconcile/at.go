package reconcile

import (
	"errors"
	"time"
)

// At is the time of day, in the United Kingdom, at which the daily comparison begins.
type At struct {
	Off          bool
	Hour, Minute int
}

// ParseAt reads a time of day such as 04:00, or off.
func ParseAt(text string) (At, error) {
	if text == "off" {
		return At{Off: true}, nil
	}
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return At{}, errors.New("must be a time of day such as 04:00, or off")
	}
	return At{Hour: at.Hour(), Minute: at.Minute()}, nil
}

// last returns the latest beginning of a daily comparison at or before now. A time that a change of the clocks leaves
// out or repeats is still one beginning.
func (a At) last(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), a.Hour, a.Minute, 0, 0, zone)
	if at.After(now) {
		at = time.Date(local.Year(), local.Month(), local.Day()-1, a.Hour, a.Minute, 0, 0, zone)
	}
	return at
}

// days is how many days, with today, a daily comparison covers.
const days = 8

// recent returns the last days until now, the present second included.
func recent(now time.Time, zone *time.Location) Range {
	today := now.In(zone)
	from := time.Date(today.Year(), today.Month(), today.Day()-days+1, 0, 0, 0, 0, zone)
	return Range{From: from.UTC(), To: now.Truncate(time.Second).Add(time.Second)}
}
