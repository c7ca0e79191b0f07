package form

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"
)

// Template is a text with placeholders, for references and metadata: {random}, {form:NAME}, {query:NAME},
// {path:NAME}. The zero Template is the empty text.
type Template struct{ pieces []piece }

type piece struct {
	source string // "text", "random", "form", "query" or "path"
	name   string // the text itself, or the name of the field
}

// ParseTemplate parses a template. An unknown or unclosed placeholder is an error.
func ParseTemplate(text string) (Template, error) {
	var t Template
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			t.pieces = append(t.pieces, piece{"text", before})
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
		t.pieces = append(t.pieces, p)
		text = after
	}
	return t, nil
}

func parsePlaceholder(text string) (piece, error) {
	if text == "random" {
		return piece{source: "random"}, nil
	}
	source, name, _ := strings.Cut(text, ":")
	known := source == "form" || source == "query" || source == "path"
	if !known || name == "" {
		return piece{}, fmt.Errorf(
			"{%s} is not a placeholder; there are {random}, {form:NAME}, {query:NAME} and {path:NAME}", text)
	}
	return piece{source, name}, nil
}

// PathNames returns the names of the {path:NAME} placeholders, so that they can be checked against the route's
// pattern.
func (t Template) PathNames() []string {
	var names []string
	for _, p := range t.pieces {
		if p.source == "path" {
			names = append(names, p.name)
		}
	}
	return names
}

// IsOwn reports whether no part comes from a form or a query.
func (t Template) IsOwn() bool {
	return !slices.ContainsFunc(t.pieces, func(p piece) bool { return p.source == "form" || p.source == "query" })
}

// Fill fills in the placeholders: the first value of a name, or the empty text. The result may be empty, long, or
// have characters that Pay refuses: the client of Pay cleans it. path has the values of the wildcards in the path, as
// they were sent.
func (t Template) Fill(s Submission, path map[string]string) string {
	var out strings.Builder
	for _, p := range t.pieces {
		switch p.source {
		case "text":
			out.WriteString(p.name)
		case "random":
			out.WriteString(RandomReference())
		case "form":
			out.WriteString(FirstValue(s.Form.Fields, p.name))
		case "query":
			out.WriteString(FirstValue(s.Query, p.name))
		case "path":
			out.WriteString(unescape(path[p.name]))
		}
	}
	return out.String()
}

func unescape(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

// RandomReference returns 10 random characters (over 48 bits) that are not mistaken for each other on the telephone.
func RandomReference() string {
	const unambiguous = "ABCDEFGHJKMNPQRSTVWXYZ2346789" // without I L O U, and without 0 1 5
	out := make([]byte, 10)
	for i := range out {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(unambiguous)))) // never fails (crypto/rand)
		out[i] = unambiguous[n.Int64()]
	}
	return string(out)
}
