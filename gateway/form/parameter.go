package form

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway/canon"
)

// Parameter is the condition that a query parameter has a certain value. Name and value are decoded.
type Parameter struct{ Name, Value string }

// ParseParameters parses conditions that are written like a query. Its errors are for the author of the setting.
func ParseParameters(query string) ([]Parameter, error) {
	var parameters []Parameter
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
		case slices.ContainsFunc(parameters, func(p Parameter) bool { return p.Name == name }):
			return nil, fmt.Errorf("there are two conditions on %q", name)
		}
		parameters = append(parameters, Parameter{name, value})
	}
	return parameters, nil
}

// Fits returns how a raw query fits the condition: [Met] if the parameter is there exactly once, with the value.
// Services differ in which of several values they use, how they fold names and how often they decode.
func (p Parameter) Fits(query string) Fit {
	if strings.Count(query, "&")+strings.Count(query, ";") >= MaxParameters {
		return Unclear
	}
	count := parameterCount{Parameter: p}
	for pair := range strings.SplitSeq(query, "&") {
		if count.add(pair); count.oddBytes > maxOddNames {
			return Unclear
		}
	}
	switch {
	case count.exact == 1 && count.loose+count.others == 0:
		return Met
	case count.exact+count.loose > 0:
		return Unclear
	default:
		return Unmet
	}
}

// maxOfOneName is how many parameters of one name are compared. A query with more is hostile, and may mean anything.
const maxOfOneName = 16

// parameterCount counts the pairs of a query that a service may take for the parameter.
type parameterCount struct {
	Parameter
	exact    int // with exactly the name and the value
	loose    int // that may have the value
	others   int // with another value
	compared int
	oddBytes int // of names that have to be decoded
}

func (c *parameterCount) add(pair string) {
	if c.isExactly(pair) {
		c.exact++
		return
	}
	for name, value := range splits(pair) { // some services separate parameters by ";" too
		if isOdd(name) {
			c.oddBytes += len(name)
		}
		if c.oddBytes > maxOddNames || c.loose > 0 || !CouldBeField(name, c.Name) {
			continue
		}
		c.compared++
		switch {
		case c.compared > maxOfOneName, couldBeValue(value, c.Value):
			c.loose++
		case IsNamed(name, c.Name):
			c.others++
		}
	}
}

func (p Parameter) isExactly(pair string) bool {
	rawName, rawValue, _ := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	return nameErr == nil && valueErr == nil && name == p.Name && value == p.Value && !strings.Contains(pair, ";")
}

// CouldBeIn reports whether some service may read the parameter, with its value, from fields of a form or cookies.
func (p Parameter) CouldBeIn(fields []Field) bool {
	return p.among(fields, func(f Field) bool { return couldBeValue(f.Value, p.Value) || f.CouldEqual(p.Value) })
}

// IsContradictedBy reports whether some service may read another value of the parameter from fields of a form or
// cookies.
func (p Parameter) IsContradictedBy(fields []Field) bool {
	return p.among(fields, func(f Field) bool { return f.Value != p.Value })
}

func (p Parameter) among(fields []Field, isWanted func(Field) bool) bool {
	found, few := Candidates(fields, func(f Field) bool { return f.couldBeParameter(p.Name) })
	return !few || slices.ContainsFunc(found, isWanted)
}

// maxRawValue is the maximum length of a value that has to be decoded. A longer one may be anything.
const maxRawValue = 2 << 10

// couldBeValue reports whether some service takes a raw value of a query for the wanted one, which may be a path.
func couldBeValue(raw, wanted string) bool {
	if len(raw) > maxRawValue && isOdd(raw) || couldEqual(canon.DecodePlus(raw), wanted) {
		return true
	}
	unescaped, err := url.QueryUnescape(raw)
	if err == nil && !strings.Contains(raw, "%25") && canon.IsPlain(unescaped) {
		return isSamePath(unescaped, wanted)
	}
	if len(raw) > maxRawValue {
		return true
	}
	set := canon.Interpret("/"+raw, canon.MaxOfValue)
	return !set.Complete || slices.ContainsFunc(set.Paths, func(path string) bool { return isSamePath(path, wanted) })
}

// isSamePath compares two paths without case, and without slashes at either end.
func isSamePath(path, value string) bool {
	return strings.EqualFold(strings.Trim(path, "/"), strings.Trim(value, "/"))
}
