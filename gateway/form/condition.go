package form

import (
	"regexp"
	"slices"
	"strings"
)

// Condition is met by a submission that has a form field, with one value or with any value.
type Condition struct {
	Field    string
	Value    string
	AnyValue bool
}

// Fits returns how a submission fits the condition: [Met] if some service reads a field that meets it, but [Unmet] if
// the field clearly has another value. Then the citizen pressed another button, and is not charged.
func (c *Condition) Fits(s Submission) Fit {
	own := slices.DeleteFunc(slices.Clone(s.Form.Fields), func(f Field) bool { return !c.isOwn(f) })
	switch {
	case len(own) > 0 && !slices.ContainsFunc(own, func(f Field) bool { return !c.isMetBy(f) }):
		return Met
	case s.Form.Ambiguity != nil: // the service may read what Paygate cannot
		return Unclear
	case slices.ContainsFunc(own, c.isMetBy):
		return Met
	}
	fit := c.CouldBeMetBy(s.sent())
	if fit == Unmet && len(own) == 0 {
		fit = c.metByEventTarget(s.sent())
	}
	switch {
	case fit == Met && len(own) == 0:
		return Met
	case fit != Unmet, c.CouldBeMetBy(s.Cookies) != Unmet: // a citizen does not press a cookie
		return Unclear
	default:
		return Unmet
	}
}

// IsClearlyMet reports whether every service reads a field that meets the condition, and no field that does not.
func (c *Condition) IsClearlyMet(s Submission) bool {
	meets := func(f Field) bool { return c.isOwn(f) && c.isMetBy(f) }
	if s.Form.Ambiguity != nil ||
		!slices.ContainsFunc(s.Form.Fields, meets) && c.metByEventTarget(s.Form.Fields) != Met {
		return false
	}
	isNamed := func(f Field) bool { return f.CouldBeField(c.Field) }
	others, few := Candidates(slices.DeleteFunc(s.all(), meets), isNamed)
	return few && len(others) == 0
}

// isOwn reports whether a field has exactly the condition's name, and a value.
func (c *Condition) isOwn(f Field) bool { return f.Name == c.Field && !f.File && !f.Group }

// isMetBy reports whether a field with exactly the condition's name meets it.
func (c *Condition) isMetBy(f Field) bool {
	return c.AnyValue || f.Value == c.Value && !f.Cut
}

// CouldBeMetBy returns [Met] if some service may read a field that meets the condition, and [Unclear] if there are
// too many fields to tell.
func (c *Condition) CouldBeMetBy(fields []Field) Fit {
	found, few := Candidates(fields, c.couldBeNamed)
	isEnough := func(f Field) bool { return c.AnyValue || f.File }
	return fitOf(slices.ContainsFunc(found, isEnough) || AnyCouldEqual(found, c.values()...), few)
}

// CouldBeInQuery reports whether some service takes a parameter of a query for the field, with its value or with
// none.
func (c *Condition) CouldBeInQuery(fields []Field) bool {
	named, few := Candidates(fields, func(f Field) bool { return CouldBeField(f.Name, c.Field) })
	isEmpty := func(f Field) bool { return f.Value == "" }
	return !few || c.CouldBeMetBy(fields) != Unmet || slices.ContainsFunc(named, isEmpty)
}

// metByEventTarget returns [Met] if a field says that the condition's field was pressed. ASP.NET Web Forms goes by that
// and ignores the value.
func (c *Condition) metByEventTarget(fields []Field) Fit {
	found, few := Candidates(fields, func(f Field) bool { return IsNamed(f.Name, "__EVENTTARGET") })
	isPressed := func(f Field) bool { return f.Cut || IsControl(f.Value, c.Field) }
	return fitOf(slices.ContainsFunc(found, isPressed), few)
}

func fitOf(isMet, few bool) Fit {
	switch {
	case isMet:
		return Met
	case !few:
		return Unclear
	default:
		return Unmet
	}
}

// couldBeNamed reports whether some service may take a field for the condition's by its name.
func (c *Condition) couldBeNamed(f Field) bool {
	switch {
	case c.AnyValue:
		return IsControl(f.Name, c.Field) || IsControl(withoutPosition(f.Name), c.Field) ||
			hasNameInside(c.Field, f.Name) || f.Nested && f.CouldBeField(c.Field)
	case f.File:
		return IsNamed(f.Name, c.Field)
	default:
		return f.CouldBeField(c.Field)
	}
}

// values returns the values that meet the condition. In a field that names the method, PUT and PATCH are the same:
// Rails and Laravel route both to one action.
func (c *Condition) values() []string {
	isUpdate := strings.EqualFold(c.Value, "put") || strings.EqualFold(c.Value, "patch")
	if isUpdate && NamesAlike(c.Field, "_method") {
		return []string{"put", "patch"}
	}
	return []string{c.Value}
}

// position is the coordinate of an image button: pay.x, or pay_x in PHP.
var position = regexp.MustCompile(`(?i)[._][xy]$`)

func withoutPosition(name string) string { return position.ReplaceAllLiteralString(name, "") }

// postback finds the fields by which ASP.NET Web Forms and JSF recognise a submitted form, whatever the method.
var postback = regexp.MustCompile(`(?i)^\s*(?:` +
	`__(?:EVENTTARGET|EVENTARGUMENT|VIEWSTATE|CALLBACKID|PREVIOUSPAGE)|(?:javax|jakarta)\.faces\.ViewState)`)

// IsPostback reports whether some service takes a request with this query parameter for a submitted form.
func IsPostback(f Field) bool { return inSomeDecoding(f.Name, postback.MatchString) }
