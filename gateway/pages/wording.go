package pages

import (
	"fmt"
	"strings"
	"time"

	"paygate/journey"
)

// Pounds formats an amount in pence for citizens: £25, £25.50, £1,180.
func Pounds(pence int64) string { return strings.TrimSuffix(journey.Pounds(pence), ".00") }

// megabytes formats a size, rounded down so that the page does not promise too much.
func megabytes(bytes int64) string {
	switch {
	case bytes <= 0:
		return ""
	case bytes < 1<<10:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 1<<20:
		return fmt.Sprintf("%d KB", bytes>>10)
	default:
		return fmt.Sprintf("%d MB", bytes>>20)
	}
}

var welshMonths = []string{
	"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin",
	"Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
}

// moment formats a time in the GOV.UK style, in British time: 3:15pm on 22 November 2026.
func (p *Pages) moment(at time.Time, language string) string {
	if at.IsZero() {
		return ""
	}
	at = at.In(p.zone)
	if language == "cy" {
		return fmt.Sprintf("%s ar %d %s %d", clock(at).cy, at.Day(), welshMonths[at.Month()-1], at.Year())
	}
	return clock(at).en + at.Format(" on 2 January 2006")
}

// clock leaves out zero minutes, and says midday and midnight because 12am and 12pm are easily confused.
func clock(at time.Time) bilingual {
	text := at.Format("3:04pm")
	switch {
	case at.Minute() != 0:
	case at.Hour() == 0:
		return bilingual{"midnight", "hanner nos"}
	case at.Hour() == 12:
		return bilingual{"midday", "hanner dydd"}
	default:
		text = at.Format("3pm")
	}
	return bilingual{text, text}
}
