package journey

import (
	"context"
	"maps"
	"regexp"
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
	return j.State.AtRest() && !j.PassValid(now) && !j.refunding() && !j.Approval.Waits() && !j.Trusted &&
		j.surplus() == ""
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
	j.Fingerprint = Fingerprint{} // the path may name the citizen, and nothing leads back to it
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
	if t.Quoted { // the service may have made it of the form
		t.Description = erased
	}
	if t.PassQuery != nil {
		t.PassQuery = &PassQuery{} // the pass is over
	}
	t.Metadata = maps.Clone(t.Metadata)
	maps.DeleteFunc(t.Metadata, func(name, _ string) bool { return !slices.Contains(t.Own.Metadata, name) })
	return t
}

// citizenWords are the words that came from the citizen, alone and written together, as fold writes them.
type citizenWords map[string]bool

// words returns the words by which the citizen may be known: of what they typed, their address, and what was made of
// it.
func (j Journey) words() citizenWords {
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
		words.add(text)
	}
	return words
}

// maxTogether is how many words are looked for together.
const maxTogether = 8

// add adds the words of a text, and those that follow each other as one.
func (w citizenWords) add(text string) {
	const shortest = 3
	for parts := wordPattern.FindAllString(fold(text), -1); len(parts) > 0; parts = parts[1:] {
		together := ""
		for _, part := range parts[:min(maxTogether, len(parts))] {
			if together += part; utf8.RuneCountInString(together) >= shortest {
				w[together] = true
			}
		}
	}
}

// wordPattern matches a word, or a number.
var wordPattern = regexp.MustCompile(`[\p{L}\p{N}\p{M}]+`)

// accents removes the accents of Welsh and of its neighbours: staff write Sian when they hear Siân.
var accents = strings.NewReplacer(
	"à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "o", "ø", "o",
	"ù", "u", "ú", "u", "û", "u", "ü", "u", "ŵ", "w", "ẁ", "w", "ẃ", "w", "ẅ", "w", "ý", "y", "ÿ", "y", "ŷ", "y",
	"ỳ", "y",
)

// fold returns a text in lower case and without accents.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, accents.Replace(strings.ToLower(text)))
}

// cut replaces the citizen's words in a text, however they are spaced.
func (w citizenWords) cut(text string) string {
	var out strings.Builder
	end, places := 0, wordPattern.FindAllStringIndex(text, -1)
	for len(places) > 0 {
		n := w.longest(text, places)
		if n > 0 {
			out.WriteString(text[end:places[0][0]] + erased)
			end = places[n-1][1]
		}
		places = places[max(1, n):]
	}
	return out.String() + text[end:]
}

// longest returns how many of the first words are the citizen's, together.
func (w citizenWords) longest(text string, places [][]int) (n int) {
	together := ""
	for i, at := range places[:min(maxTogether, len(places))] {
		if together += fold(text[at[0]:at[1]]); w[together] {
			n = i + 1
		}
	}
	return n
}

// ErasePerson erases what is known about the citizen of a journey. The error is a [TransitionError] if it is still
// needed.
func (r *Runner) ErasePerson(ctx context.Context, id ID, by By, reason string) (Journey, error) {
	return r.apply(ctx, id, PersonErased{reason}, by, Change{})
}
