package demo

import (
	"fmt"
	"strings"
	"time"

	"paygate/internal/demo"
)

// deed is what a citizen does.
type deed = func(*demo.Historian, demo.Citizen) error

func citizen(ago time.Duration, name, email, licence string, does deed) demo.Citizen {
	return demo.Citizen{Ago: ago, Name: name, Email: email, Licence: licence, Does: does}
}

const (
	journeysPlayed = 300
	daysPlayed     = 20
	hour           = time.Hour
)

// callers are the citizens who ring, and those who are mistaken for them.
func callers() []demo.Citizen {
	const day = 24 * hour
	return []demo.Citizen{
		citizen(18*day, "Noah Field", "noah@example.org", "season", (*demo.Historian).Pays),
		citizen(15*day, "Siân Jones", "sian@example.org", "8-day", (*demo.Historian).IsRefundedInPart),
		citizen(14*day, "Ada Nwosu", "ada@example.org", "1-day", (*demo.Historian).Pays),
		citizen(12*day, "Liam Walsh", "liam@example.org", "8-day", (*demo.Historian).IsRefundedInPart),
		citizen(11*day, "Sian Jones", "jones@example.org", "8-day", (*demo.Historian).Pays),
		citizen(10*day, "Idris", "idris@example.org", "season", (*demo.Historian).IsRefusedAndLeaves),
		citizen(9*day, "Idris Morgan", "idris.morgan@example.org", "season", (*demo.Historian).Pays),
		citizen(8*day, "John Smith", "john@example.org", "season", (*demo.Historian).Pays),
		citizen(7*day, "John Smith", "js1961@example.org", "1-day", (*demo.Historian).IsDeclinedAndGivesUp),
		citizen(6*day, "Liam Walsh", "l.walsh@example.org", "8-day", (*demo.Historian).Pays),
		citizen(5*day, "Ada Nwosu", "ada@example.org", "season", (*demo.Historian).Pays),
		citizen(4*day, "Greta Hall", "hall@example.org", "season", (*demo.Historian).Pays),
		citizen(3*day+2*hour, "Broken Line", "line@example.org", "season", (*demo.Historian).Pays),
		citizen(3*day, "Megan", "megan@example.org", "8-day", (*demo.Historian).IsRefusedAndCorrects),
		citizen(2*day, "Ivy Barnes", "ivy@example.org", "season", (*demo.Historian).Pays),
		citizen(2*day-20*time.Minute, "Ivy Barnes", "ivy@example.org", "season", (*demo.Historian).Pays),
		citizen(26*hour, "Broken Line", "b.line@example.org", "8-day", (*demo.Historian).Pays),
		citizen(40*time.Minute, "Noah Field", "noah@example.org", "1-day", (*demo.Historian).IsDeclinedAndGivesUp),
		citizen(25*time.Minute, "Greta", "greta@example.org", "season", (*demo.Historian).IsRefusedAndLeaves),
		citizen(3*time.Minute, "Jack Byrne", "jack@example.org", "season", (*demo.Historian).StaysAway),
	}
}

// twentyDays returns the citizens of twenty days, the first one first: the callers among many others, some of whom
// share a name.
func twentyDays() (all []demo.Citizen) {
	rest := callers()
	others := journeysPlayed - len(rest)
	for n := range others {
		next := other(n, daysPlayed*24*hour-time.Duration(n)*(daysPlayed*24-1)*hour/time.Duration(others))
		for len(rest) > 0 && rest[0].Ago > next.Ago {
			all, rest = append(all, rest[0]), rest[1:]
		}
		all = append(all, next)
	}
	return append(all, rest...)
}

// other returns a citizen who does not ring.
func other(n int, ago time.Duration) demo.Citizen {
	first := strings.Fields("Ann Gareth Ruth Tom Priya Owen Mary Ken Bethan Ada Joan Huw Zoe Dylan Nia Sam Noah John")
	last := strings.Fields("Pugh Okafor Ash Shah Rees Lowe Price Nwosu Miller Evans Clark Jones Smith Walsh Hughes")
	does := []deed{
		(*demo.Historian).Pays, (*demo.Historian).Pays, (*demo.Historian).Pays, (*demo.Historian).IsDeclinedAndPays,
		(*demo.Historian).Pays, (*demo.Historian).Cancels, (*demo.Historian).StaysAway, (*demo.Historian).Pays,
		(*demo.Historian).LeavesPay, (*demo.Historian).Pays, (*demo.Historian).IsDeclinedAndGivesUp,
	}
	name := first[n%len(first)] + " " + last[n/3%len(last)]
	if name == "Ada Nwosu" || name == "Noah Field" || name == "John Smith" {
		name = "Ann Ash"
	}
	email := fmt.Sprintf("%s%d@example.org", strings.ToLower(strings.Fields(name)[0]), n)
	return citizen(ago, name, email, []string{"1-day", "8-day", "season"}[n%3], does[n%len(does)])
}
