package probe

import (
	"slices"
	"strings"
)

// Spelling is a request that some server takes for another one.
type Spelling struct {
	*Group
	Method string
	Target string   // as it goes over the wire
	Header []string // further lines, "Next-Action: 7f"; mostly empty
	Type   string   // content type; empty: the request does not say one
	Body   string
}

// Address is an address of the service in its plain spelling, with the form that is sent there.
type Address struct {
	Method string
	Path   string
	Query  string // that leads to the code; mostly empty
	Host   string // that citizens see

	Form  string // urlencoded, whole; may be empty
	Field string // of the form, the field that decides whether the request costs money, or how much; may be empty
	Value string // the field's value that costs money, or the more expensive one
	Other string // another, cheaper value of the field; may be empty

	// A body of another type than urlencoded, which is sent as it is unless the spelling is in the body.
	Type, Body string
}

// FormType is the content type of a form without files.
const FormType = "application/x-www-form-urlencoded"

// EndlessRule is the class of spellings that match a rule which says how a path begins and not where it ends: /applyx,
// if /apply is meant.
const EndlessRule = "endless rule"

// Nowhere is a path that no service has.
const Nowhere = "/paygate-probe-nowhere"

// Spellings returns the spellings of an address, of some kinds or of all kinds if none is named. The plain request is
// not among them.
func Spellings(a Address, kinds ...Kind) []Spelling {
	var all []Spelling
	values := a.placeholders()
	known := map[string]bool{a.plain().key(): true}
	for _, t := range table() {
		if len(kinds) > 0 && !slices.Contains(kinds, t.group.Kind) {
			continue
		}
		for _, text := range a.endings(t) {
			each(text, func(text string) {
				s, complete := a.spell(t.group, text, values)
				if complete && !known[s.key()] {
					known[s.key()] = true
					all = append(all, s)
				}
			})
		}
	}
	return all
}

// endings returns a line of the table, and, for a path that ends in a slash, the line with one.
func (a Address) endings(t template) []string {
	if t.group.Kind == KindPath && strings.HasSuffix(a.Path, "/") {
		return []string{t.text, t.text + "/"}
	}
	return []string{t.text}
}

// key returns the whole request.
func (s Spelling) key() string {
	return strings.Join([]string{s.Method, s.Target, strings.Join(s.Header, "\n"), s.Type, s.Body}, "\x00")
}

// spell makes a request of a line of the table. It reports false if the line does not apply to this address.
func (a Address) spell(group *Group, text string, values map[string]string) (Spelling, bool) {
	s := a.plain()
	s.Group = group
	if group.Kind == KindPath || group.Kind == KindQuery {
		target, complete := fill(text, values)
		s.Target = target
		if group.Kind == KindPath {
			s.Target = a.target(target)
		}
		return s, complete && target != ""
	}
	pieces := strings.Split(text, " | ")
	line, complete := fill(pieces[0], values)
	s.Method, s.Target, _ = strings.Cut(line, " ")
	s.Type, s.Body = "", ""
	for _, part := range pieces[1:] {
		name, value, _ := strings.Cut(part, ": ")
		kind, isBody := bodyType(name)
		filled, known := fill(value, values)
		complete = complete && known
		if isBody {
			s.Type, s.Body = kind, written(name, filled)
		} else {
			s.Header = append(s.Header, name+": "+filled)
		}
	}
	return s, complete
}

// bodyType returns the content type for the word before a body in the table. It reports false for the name of a header.
func bodyType(word string) (contentType string, isBody bool) {
	switch word {
	case "form":
		return FormType, true
	case "multipart":
		return "multipart/form-data; boundary=b", true
	case "json":
		return "application/json", true
	case "none":
		return "", true
	default:
		return word, strings.Contains(word, "/")
	}
}

var bodyEscapes = strings.NewReplacer(`\\`, `\`, `\r`, "\r", `\n`, "\n", `\t`, "\t", `\0`, "\x00")

// written returns a body as it goes over the wire.
func written(word, text string) string {
	switch word {
	case "multipart":
		return asParts(text) + "--b--\r\n"
	case "json":
		return asJSON(text)
	default:
		return bodyEscapes.Replace(text)
	}
}

// plain returns the request in its plain spelling.
func (a Address) plain() Spelling {
	s := Spelling{Group: &Group{Class: "plain"}, Method: a.Method, Target: a.target(a.Path)}
	switch {
	case isSafe(a.Method):
	case a.Type != "":
		s.Type, s.Body = a.Type, a.Body
	default:
		s.Type, s.Body = FormType, a.Form
	}
	return s
}

func isSafe(method string) bool { return method == "GET" || method == "HEAD" || method == "OPTIONS" }

// at returns the same request for another path.
func (a Address) at(path string) Spelling {
	s := a.plain()
	s.Target = path
	return s
}

// target returns a path with the address's query.
func (a Address) target(path string) string {
	if a.Query == "" {
		return path
	}
	return path + "?" + a.Query
}
