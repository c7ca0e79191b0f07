// Package find makes journeys findable by what people read out: a reference or part of it, and what the citizen typed
// into the form fields that a route names. A store keeps keyed digests of the words, so that without a secret nobody
// can read them or test guesses. A digest only leads to a journey; [Query.Matches] decides.
package find

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"paygate/journey"
)

const (
	// referenceField is the name under which a journey's reference is indexed. No form field has it.
	referenceField = ""
	// minWord and minRun are the fewest characters by which a word of a value, or a run of letters and digits in a
	// reference, is found by itself.
	minWord, minRun = 3, 4
)

// words returns the runs of letters and digits in a text, in lower case, without accents and in compatible form: people
// search for Sian when they hear Siân.
func words(text string) []string {
	var plain strings.Builder
	for _, r := range norm.NFKD.String(text) {
		if !unicode.Is(unicode.Mn, r) {
			plain.WriteRune(unicode.ToLower(r))
		}
	}
	return strings.FieldsFunc(plain.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// term is a text by which a journey is found in a field.
type term struct{ field, text string }

// indexed returns the terms under which a journey is indexed.
func indexed(j journey.Journey) []term {
	all := terms(j)
	if j.Approval.Waits() {
		all = append(all, awaitsApproval)
	}
	if j.CollectionFailed {
		all = append(all, uncollected)
	}
	return all
}

// The terms of journeys with an order that waits for a second person, and of those whose money Pay could not collect.
// No form field has these names.
var (
	awaitsApproval = term{"\x00approval", "waits"}
	uncollected    = term{"\x00collection", "failed"}
)

// terms returns everything by which a journey is found: each value as a whole, and its longer words.
func terms(j journey.Journey) []term {
	all := termsOf(referenceField, j.Terms.Reference, minRun)
	for _, v := range j.Fingerprint.Findable {
		all = append(all, termsOf(v.Field, v.Value, minWord)...)
	}
	return all
}

func termsOf(field, value string, shortest int) []term {
	parts := words(value)
	all := []term{{field, strings.Join(parts, "")}}
	for _, word := range parts {
		if utf8.RuneCountInString(word) >= shortest {
			all = append(all, term{field, word})
		}
	}
	return slices.DeleteFunc(all, func(t term) bool { return t.text == "" })
}

// Query is what a person searches for.
type Query struct {
	asked bool
	near  bool   // it finds references that differ a little, and nothing else
	term  term   // what leads to the journeys, if no person typed it
	whole string // without spaces and punctuation
	words []string
}

// Of returns the query that leads to the journeys of a filter. It asks for nothing if other lists do.
func Of(f journey.Filter) (q Query) {
	switch {
	case f.Find != "":
		q = Parse(f.Find)
		q.near = f.Near
	case f.Reference != "":
		q = Parse(f.Reference)
	case f.Approval:
		q.term = awaitsApproval
	case f.Uncollected:
		q.term = uncollected
	default:
		return q
	}
	q.asked = true
	return q
}

// Asked reports whether the query is for anything.
func (q Query) Asked() bool { return q.asked }

// Parse returns the query for a text. Case, accents, spaces and punctuation make no difference.
func Parse(text string) Query {
	parts := words(text)
	return Query{whole: strings.Join(parts, ""), words: parts}
}

// Empty reports whether there is nothing to search for.
func (q Query) Empty() bool { return q.whole == "" && q.term == term{} }

// PaymentID returns the payment id that the query may be.
func (q Query) PaymentID() string { return q.whole }

// journeyIDs corrects the letters that people confuse with digits: no id has them.
var journeyIDs = strings.NewReplacer("I", "1", "L", "1", "O", "0")

// JourneyID returns the journey id that the query may be.
func (q Query) JourneyID() journey.ID {
	return journey.ID(journeyIDs.Replace(strings.ToUpper(q.whole)))
}

// Matches reports whether the query finds a journey: by its id, a payment, a whole value, or because each word of the
// query is a word of a value or a part of the reference.
func (q Query) Matches(j journey.Journey) bool {
	if q.near {
		return slices.Contains(q.similar(), strings.Join(words(j.Terms.Reference), ""))
	}
	isPayment := func(p journey.Payment) bool { return p.ID == q.PaymentID() }
	if j.ID == q.JourneyID() || slices.ContainsFunc(j.Payments, isPayment) {
		return true
	}
	known := map[string]bool{}
	for _, t := range terms(j) {
		known[t.text] = true
	}
	if known[q.whole] {
		return true
	}
	for _, v := range j.Fingerprint.Findable { // its short words count beside a longer one
		for _, word := range words(v.Value) {
			known[word] = true
		}
	}
	return q.longest() != "" && !slices.ContainsFunc(q.words, func(word string) bool { return !known[word] })
}

// IsWhole reports whether the query is the whole reference or a whole value of a journey.
func (q Query) IsWhole(j journey.Journey) bool {
	isWhole := func(text string) bool { return strings.Join(words(text), "") == q.whole }
	return isWhole(j.Terms.Reference) || slices.ContainsFunc(j.Fingerprint.Findable, func(v journey.FormValue) bool {
		return isWhole(v.Value)
	})
}

// longest returns the longest word, which leads to the fewest journeys; empty if no word is found by itself.
func (q Query) longest() string {
	longest := ""
	for _, word := range q.words {
		if n := utf8.RuneCountInString(word); n >= minWord && n > utf8.RuneCountInString(longest) {
			longest = word
		}
	}
	return longest
}
