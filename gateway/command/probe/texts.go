package probe

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// texts returns texts of a page that may say what happened to a form; those that people read first come first. They
// contain no numbers and nothing that was typed into the fields.
func (a answer) texts(fields []string) []string {
	var texts []string
	switch mediaType := a.mediaType(); {
	case strings.Contains(mediaType, "html"):
		texts = htmlTexts(a.body)
	case strings.Contains(mediaType, "json"):
		texts = jsonWords.FindAllString(a.body, -1)
	default:
		texts = strings.Split(a.body, "\n")
	}
	return slices.DeleteFunc(texts, func(text string) bool {
		return !isTelling(text) || slices.ContainsFunc(fields, func(field string) bool {
			return len(field) > 2 && strings.Contains(text, field)
		})
	})
}

var jsonWords = regexp.MustCompile(`"[A-Za-z_-]+" ?: ?(true|false|null|"[A-Za-z _-]+")?`)

// isTelling reports whether a text can be used in a setting.
func isTelling(text string) bool {
	return len(text) >= 4 && len(text) <= 100 && text == strings.TrimSpace(text) && !strings.Contains(text, "|") &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsDigit(r) }) &&
		strings.ContainsFunc(text, unicode.IsLetter)
}

// htmlTexts returns the texts of a page byte for byte, as Paygate will compare them: its headings, its title, then the
// rest.
func htmlTexts(page string) []string {
	byRank := make([][]string, 4)
	tokens := html.NewTokenizer(strings.NewReader(page))
	var within []atom.Atom
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return slices.Concat(byRank...)
		case html.StartTagToken:
			name, _ := tokens.TagName()
			within = append(within, atom.Lookup(name))
		case html.EndTagToken:
			name, _ := tokens.TagName()
			for at, element := range slices.Backward(within) {
				if element == atom.Lookup(name) {
					within = within[:at]
					break
				}
			}
		case html.TextToken:
			if rank, isRead := rankOf(within); isRead {
				byRank[rank] = append(byRank[rank], strings.TrimSpace(string(tokens.Raw())))
			}
		}
	}
}

// rankOf returns how soon people read a text within these elements. It reports false if they do not read it.
func rankOf(within []atom.Atom) (rank int, isRead bool) {
	rank = 3
	for _, element := range within {
		switch element {
		case atom.Script, atom.Style, atom.Template, atom.Textarea, atom.Option:
			return 0, false
		case atom.H1:
			rank = min(rank, 0)
		case atom.Title:
			rank = min(rank, 1)
		case atom.H2, atom.H3:
			rank = min(rank, 2)
		}
	}
	return rank, true
}
