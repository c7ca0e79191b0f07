package reading

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// condition wants a query parameter to have a value; both are decoded.
type condition struct{ name, value string }

func parseConditions(query string) ([]condition, error) {
	var conditions []condition
	for pair := range strings.SplitSeq(query, "&") {
		rawName, rawValue, found := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		switch {
		case !found || name == "":
			return nil, fmt.Errorf("the condition %q is not name=value", pair)
		case nameErr != nil || valueErr != nil:
			return nil, fmt.Errorf("the condition %q has a broken %% escape", pair)
		case strings.ContainsAny(pair, "#; ") || strings.Contains(rawValue, "="):
			return nil, fmt.Errorf("the condition %q has a character that must be escaped", pair)
		case slices.ContainsFunc(conditions, func(c condition) bool { return c.name == name }):
			return nil, fmt.Errorf("the condition on %q stands twice", name)
		}
		conditions = append(conditions, condition{name, value})
	}
	return conditions, nil
}

// Fit is how a query fits the conditions of a pattern.
type Fit int

const (
	Unmet    Fit = iota // no reading of the query meets them
	Arguable            // some reading does, but it is not plainly so
	Met                 // each parameter is there exactly once, with the value
)

// Fits judges a raw query. Which of several values a service takes, how it folds names and how often it decodes is
// anybody's guess: whatever is not plain is arguable.
func (p Pattern) Fits(query string) Fit {
	result := Met
	for _, c := range p.conditions {
		result = min(result, c.fits(query))
	}
	return result
}

// mostOfOneName is how many parameters of one name are read; more are hostile, and may be anything.
const mostOfOneName = 16

// fits is Fits of one condition.
func (c condition) fits(query string) Fit {
	if strings.Count(query, "&")+strings.Count(query, ";") >= MostParameters {
		return Arguable
	}
	var exact, loose, others, tried, odd int
	for pair := range strings.SplitSeq(query, "&") {
		if c.isExactly(pair) {
			exact++
			continue
		}
		for rawName, rawValue := range splits(pair) { // some services part parameters by ";" too
			if isOdd(rawName) {
				odd += len(rawName)
			}
			if odd > mostOddNames {
				return Arguable
			}
			if loose > 0 || !MayName(rawName, c.name) {
				continue
			}
			tried++
			switch {
			case tried > mostOfOneName, readsAsValue(rawValue, c.value):
				loose++
			case IsNamed(rawName, c.name):
				others++
			}
		}
	}
	switch {
	case exact == 1 && loose+others == 0:
		return Met
	case exact+loose > 0:
		return Arguable
	default:
		return Unmet
	}
}

func (c condition) isExactly(pair string) bool {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	return nameErr == nil && valueErr == nil && name == c.name && value == c.value && !strings.Contains(pair, ";")
}

// IsSaid tells whether a request meets the pattern's conditions when its parameters are taken from anywhere: from its query, or
// from the fields of its form and its cookies. What is doubtful may be anything.
func (p Pattern) IsSaid(query string, fields []Field, doubtful bool) bool {
	return !slices.ContainsFunc(p.conditions, func(c condition) bool {
		return !doubtful && c.fits(query) == Unmet && !c.isSaidBy(fields)
	})
}

// IsContradicted reports whether some service may take another value for one of the pattern's conditions from the fields of a
// form or the cookies.
func (p Pattern) IsContradicted(fields []Field) bool {
	return slices.ContainsFunc(p.conditions, func(c condition) bool {
		found, few := Candidates(fields, func(f Field) bool { return f.MayBeNamed(c.name) })
		return !few || slices.ContainsFunc(found, func(f Field) bool { return f.Value != c.value })
	})
}

func (c condition) isSaidBy(fields []Field) bool {
	found, few := Candidates(fields, func(f Field) bool { return f.MayBeNamed(c.name) })
	isSaid := func(f Field) bool { return readsAsValue(f.Value, c.value) || f.MayBe(c.value) }
	return !few || slices.ContainsFunc(found, isSaid)
}

// readsAsValue tells whether some service takes a raw query value for the wanted one, which may be a path.
func readsAsValue(raw, value string) bool {
	if len(raw) > maxValueBytes && isOdd(raw) {
		return true // may be anything
	}
	if mayMean(decodePlus(raw), value) {
		return true
	}
	if unescaped, err := url.QueryUnescape(raw); err == nil && !strings.Contains(raw, "%25") && isPlain(unescaped) {
		return isSamePath(unescaped, value)
	}
	if len(raw) > maxValueBytes {
		return true // may be anything
	}
	set := readingsOf("/"+raw, mostValueReadings)
	return !set.complete || slices.ContainsFunc(set.paths, func(path string) bool { return isSamePath(path, value) })
}

// isSamePath compares without case, and without slashes at either end.
func isSamePath(path, value string) bool {
	return strings.EqualFold(strings.Trim(path, "/"), strings.Trim(value, "/"))
}
