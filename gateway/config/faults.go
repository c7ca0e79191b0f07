package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Faults are all that is wrong with the settings, a line each, by the name of the variable. No value of a secret is in
// it.
type Faults []string

func (f Faults) Error() string { return strings.Join(f, "\n") }

// undecided are faults of a route that does not say yet how its service says yes.
var undecided = regexp.MustCompile(`^PAYGATE_ROUTE_\S+_ACCEPT(_LOCATION|_TEXT)?: is required`)

// WithoutAcceptance is what else is wrong; nil when nothing is.
func (f Faults) WithoutAcceptance() error {
	others := slices.DeleteFunc(slices.Clone(f), undecided.MatchString)
	if len(others) == 0 {
		return nil
	}
	return others
}

// checker collects faults while it converts.
type checker struct {
	faults Faults
}

func (c *checker) fault(name, format string, values ...any) {
	c.faults = append(c.faults, name+": "+fmt.Sprintf(format, values...))
}

// result is nil when nothing is wrong.
func (c *checker) result() error {
	if len(c.faults) == 0 {
		return nil
	}
	slices.Sort(c.faults)
	return slices.Compact(c.faults)
}

// gone are settings of earlier versions.
var gone = map[string]string{
	"PAYGATE_HOLD_HEADERS": "no longer exists: a held request now keeps every header that free traffic carries. Delete the setting",
}

// unknown reports variables that nobody reads: a misspelt pay route would be free of charge.
func (c *checker) unknown(environ, known []string) {
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) {
			continue
		}
		if why, was := gone[name]; was {
			c.fault(name, "%s", why)
		} else if near := nearest(name, known); near != "" {
			c.fault(name, "there is no such setting; perhaps %s is meant", near)
		} else {
			c.fault(name, "there is no such setting")
		}
	}
}

// nearest is the known name with the fewest edits, when these are few.
func nearest(name string, known []string) string {
	best, fewest := "", 4
	for _, candidate := range known {
		if d := distance(name, candidate); d < fewest {
			best, fewest = candidate, d
		}
	}
	return best
}

// distance counts the single-character edits between two names (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
