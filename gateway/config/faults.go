package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Faults lists everything that is wrong with the settings, one line each, which begins with the name of the variable.
// It never contains the value of a secret.
type Faults []string

func (f Faults) Error() string { return strings.Join(f, "\n") }

// undecided matches the faults of a route whose settings do not say yet which answers mean yes.
var undecided = regexp.MustCompile(`^PAYGATE_ROUTE_\S+_ACCEPT(_LOCATION|_TEXT)?: is required`)

// WithoutAcceptance returns the faults that are not about acceptance, or nil if there are none.
func (f Faults) WithoutAcceptance() error {
	others := slices.DeleteFunc(slices.Clone(f), undecided.MatchString)
	if len(others) == 0 {
		return nil
	}
	return others
}

// fault records that a setting is wrong.
func (c *checker) fault(name, format string, values ...any) {
	c.faulty[name] = true
	c.faults = append(c.faults, name+": "+fmt.Sprintf(format, values...))
}

// report records each of the errors that are joined in one, if there are any.
func (c *checker) report(name string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			c.report(name, err)
		}
	} else if err != nil {
		c.fault(name, "%v", err)
	}
}

// sound reports whether none of the settings has a known fault, so that it makes sense to compare them.
func (c *checker) sound(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return c.faulty[name] })
}

// result returns the faults as an error, or nil if there are none.
func (c *checker) result() error {
	if len(c.faults) == 0 {
		return nil
	}
	slices.Sort(c.faults)
	return slices.Compact(c.faults)
}

// gone are settings of earlier versions.
var gone = map[string]string{
	"PAYGATE_HOLD_HEADERS": "no longer exists: a held request now keeps every header that free traffic carries. " +
		"Delete the setting",
}

// unknown reports variables that do not exist: a misspelt pay route would be free of charge. If the names of the routes
// or the accounts are wrong, their settings cannot be told from misspelt ones.
func (c *checker) unknown(environ, known []string) {
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		unclear := strings.HasPrefix(name, prefix+"ROUTE_") && !c.sound(prefix+"ROUTES") ||
			strings.HasPrefix(name, payPrefix) && !c.sound(payPrefix+"ACCOUNTS")
		if !strings.HasPrefix(name, prefix) || slices.Contains(known, name) || unclear {
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

// nearest returns the known name with the fewest edits, or the empty text if none has few.
func nearest(name string, known []string) string {
	best, edits := "", 4
	for _, candidate := range known {
		if d := distance(name, candidate); d < edits {
			best, edits = candidate, d
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
