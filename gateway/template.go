package gateway

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// Template is a text with placeholders, as references and metadata are set: {random}, {form:NAME}, {query:NAME},
// {path:NAME}. The zero Template is the empty text.
type Template struct {
	parts []part
}

type part struct {
	source string // "text", "random", "form", "query" or "path"
	name   string // the text itself, or the name of the field
}

// ParseTemplate reads a template; an unknown or unclosed placeholder is an error.
func ParseTemplate(text string) (Template, error) {
	var t Template
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			t.parts = append(t.parts, part{"text", before})
		}
		if !found {
			break
		}
		placeholder, after, closed := strings.Cut(rest, "}")
		if !closed {
			return Template{}, fmt.Errorf("the placeholder {%s is not closed", placeholder)
		}
		p, err := parsePlaceholder(placeholder)
		if err != nil {
			return Template{}, err
		}
		t.parts = append(t.parts, p)
		text = after
	}
	return t, nil
}

func parsePlaceholder(text string) (part, error) {
	if text == "random" {
		return part{source: "random"}, nil
	}
	source, name, _ := strings.Cut(text, ":")
	known := source == "form" || source == "query" || source == "path"
	if !known || name == "" {
		return part{}, fmt.Errorf("{%s} is no placeholder; there are {random}, {form:NAME}, {query:NAME} and {path:NAME}", text)
	}
	return part{source, name}, nil
}

// PathNames lists the {path:NAME} placeholders, so that the settings can be checked against the route's pattern.
func (t Template) PathNames() []string {
	var names []string
	for _, p := range t.parts {
		if p.source == "path" {
			names = append(names, p.name)
		}
	}
	return names
}

// values is where placeholders are looked up: the first value of a name, or the empty text.
type values struct {
	form, query, path func(name string) string
}

// fill puts the values in. What comes out may be empty, long, or hold characters that Pay refuses: its client cleans it.
func (t Template) fill(v values) string {
	var out strings.Builder
	for _, p := range t.parts {
		switch p.source {
		case "text":
			out.WriteString(p.name)
		case "random":
			out.WriteString(randomReference())
		case "form":
			out.WriteString(v.form(p.name))
		case "query":
			out.WriteString(v.query(p.name))
		case "path":
			out.WriteString(v.path(p.name))
		}
	}
	return out.String()
}

// randomReference is 10 characters that nobody mistakes for each other on the telephone: 48 bits and more.
func randomReference() string {
	const unambiguous = "ABCDEFGHJKMNPQRSTVWXYZ2346789" // no I L O U, no 0 1 5
	out := make([]byte, 0, 10)
	for len(out) < cap(out) {
		var b [1]byte
		_, _ = rand.Read(b[:])                                 // never fails (crypto/rand)
		if int(b[0]) < 256/len(unambiguous)*len(unambiguous) { // every character equally likely
			out = append(out, unambiguous[int(b[0])%len(unambiguous)])
		}
	}
	return string(out)
}
