package journey

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Sources says which texts of the terms do not come from the citizen's form or query, so that they are kept when what
// is known about a person is erased. The zero value, as in journeys of version 1, keeps none.
type Sources struct {
	Reference bool     `json:"reference,omitempty"`
	Metadata  []string `json:"metadata,omitempty"` // names
}

// erased stands in the place of a word of the citizen in notes and in the history.
const erased = "…"

// Erasable reports whether what is known about the citizen can be erased: nothing of it is needed any more.
func (j Journey) Erasable(now time.Time) bool {
	return j.State.AtRest() && !j.PassValid(now) && !j.refunding() && !j.Approval.Waits()
}

// personErased removes what came from the citizen. Ids, amounts, dates, states, payments and who acted stay. The id
// takes the place of a reference that came from the form.
func (j Journey) personErased(f PersonErased, at time.Time) (Journey, string, error) {
	if !j.Erasable(at) {
		return j, "", &TransitionError{j.State, f.Name()}
	}
	words := j.words()
	j = j.emailErased()
	j.ReplyUntil = time.Time{}
	j.Fingerprint = Fingerprint{Method: j.Fingerprint.Method, Path: j.Fingerprint.Path}
	j.Terms = j.Terms.withoutPerson(j.ID)
	j.Note = words.cut(j.Note)
	j.History = slices.Clone(j.History)
	for i, e := range j.History {
		j.History[i].Detail = words.cut(e.Detail)
	}
	return j, words.cut(f.Reason), nil
}

func (t Terms) withoutPerson(id ID) Terms {
	if !t.Own.Reference {
		t.Reference, t.ReferenceErased = string(id), true
	}
	if t.PassQuery != nil {
		t.PassQuery = &PassQuery{} // the pass is over
	}
	t.Metadata = maps.Clone(t.Metadata)
	maps.DeleteFunc(t.Metadata, func(name, _ string) bool { return !slices.Contains(t.Own.Metadata, name) })
	return t
}

// citizenWords are the words that came from the citizen, in lower case.
type citizenWords map[string]bool

// words returns the words by which the citizen may be known: of what they typed, their address, and what was made of
// it.
func (j Journey) words() citizenWords {
	const shortest = 3
	texts := []string{j.Email}
	for _, v := range j.Fingerprint.Findable {
		texts = append(texts, v.Value)
	}
	if !j.Terms.Own.Reference {
		texts = append(texts, j.Terms.Reference)
	}
	for name, text := range j.Terms.Metadata {
		if !slices.Contains(j.Terms.Own.Metadata, name) {
			texts = append(texts, text)
		}
	}
	words := citizenWords{}
	for _, text := range texts {
		for _, word := range strings.FieldsFunc(text, isBetweenWords) {
			if utf8.RuneCountInString(word) >= shortest {
				words[strings.ToLower(word)] = true
			}
		}
	}
	return words
}

func isBetweenWords(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

// cut replaces the citizen's words in a text.
func (w citizenWords) cut(text string) string {
	var out strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, isBetweenWords)
		if end < 0 {
			end = len(text)
		}
		word := text[:end]
		if w[strings.ToLower(word)] {
			word = erased
		}
		_, size := utf8.DecodeRuneInString(text[end:])
		out.WriteString(word + text[end:end+size])
		text = text[end+size:]
	}
	return out.String()
}

// ErasePerson erases what is known about the citizen of a journey. The error is a [TransitionError] if it is still
// needed.
func (r *Runner) ErasePerson(ctx context.Context, id ID, by By, reason string) (Journey, error) {
	return r.apply(ctx, id, PersonErased{reason}, by, Change{})
}
