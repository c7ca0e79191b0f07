package pages

import (
	"fmt"
	"time"
)

// Pounds writes an amount in pence as citizens read it: £25, £25.50.
func Pounds(pence int64) string {
	if pence%100 == 0 {
		return fmt.Sprintf("£%d", pence/100)
	}
	return fmt.Sprintf("£%d.%02d", pence/100, pence%100)
}

// megabytes rounds down, so that what the page promises will fit.
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
	"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
}

// moment writes a time in the GOV.UK style, as the clock on a British wall shows it: 3:15pm on 22 November 2026.
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

// clock writes no zeros after the hour, and says midday and midnight, as 12am and 12pm are taken for each other.
func clock(at time.Time) both {
	text := at.Format("3:04pm")
	switch {
	case at.Minute() != 0:
	case at.Hour() == 0:
		return both{"midnight", "hanner nos"}
	case at.Hour() == 12:
		return both{"midday", "hanner dydd"}
	default:
		text = at.Format("3pm")
	}
	return both{text, text}
}
