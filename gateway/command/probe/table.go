package probe

import (
	_ "embed"
	"strings"
	"sync"
)

// Kind says which part of a request a spelling changes.
type Kind string

const (
	KindPath   Kind = "path"   // the path, written in another way
	KindQuery  Kind = "query"  // the query that leads to the code
	KindMethod Kind = "method" // the method, or what takes its place
	KindField  Kind = "field"  // the form field that makes a request one that costs money
	KindChoice Kind = "choice" // two choices of price in one form
)

//go:embed spellings.txt
var tableText string

// template is a line of the table.
type template struct {
	group *Group
	text  string
}

// Group is a group of spellings in the table.
type Group struct {
	Kind    Kind
	Class   string // its name: "slash"
	Tries   string // what it tries, in words
	Servers string // that do it, in words
	Setting string // of a route, or of Paygate, that refuses it; empty if it is refused without one
}

// table reads the table, once.
var table = sync.OnceValue(func() []template {
	var templates []template
	var group *Group
	for line := range strings.Lines(tableText) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "= "):
			words := strings.Split(line[len("= "):]+" | ", " | ")
			group = &Group{Kind: Kind(words[0]), Class: words[1], Tries: words[2], Servers: words[3], Setting: words[4]}
		default:
			templates = append(templates, template{group, line})
		}
	}
	return templates
})

// manifold has the placeholders with several values.
var manifold = map[string][]string{
	"safe":   {"GET", "HEAD", "OPTIONS"},
	"unsafe": {"POST", "PUT", "PATCH", "DELETE"},
	"router": {
		"q", "url", "uri", "path", "route", "r", "p", "page", "action", "do", "view", "task", "request",
		"_url", "__route__", "cmd",
	},
	"locale": {"cy", "en", "cy-gb", "cy_GB", "en-gb", "en_GB", "CY", "EN", "welsh", "cymraeg", "fr"},
}
