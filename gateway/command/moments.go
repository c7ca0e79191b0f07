package command

import "time"

// inLondon formats a time as people in the United Kingdom read it.
func inLondon(at time.Time) string {
	if zone, err := time.LoadLocation("Europe/London"); err == nil {
		at = at.In(zone)
	}
	return at.Format("2 Jan 2006 15:04 MST")
}

// fromNow returns the time that a duration before or after now means. Another text is a date or a time.
func fromNow(text string, sign time.Duration) string {
	if d, err := time.ParseDuration(text); err == nil {
		return time.Now().UTC().Add(sign * d).Format(time.RFC3339)
	}
	return text
}
