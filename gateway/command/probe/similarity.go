package probe

import (
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxSimilarity returns the similarity to the most similar answer.
func maxSimilarity(a answer, others []answer) float64 {
	best := 0.0
	for _, o := range others {
		best = max(best, similarity(a, o))
	}
	return best
}

// similarity returns 0 for answers with another status, type or destination, and otherwise the share of their words
// that they have in common (Dice).
func similarity(a, b answer) float64 {
	if a.status != b.status || a.mediaType() != b.mediaType() || a.destination() != b.destination() {
		return 0
	}
	inA, inB := words(a.body), words(b.body)
	if len(inA)+len(inB) == 0 {
		return 1
	}
	counts := map[string]int{}
	for _, w := range inA {
		counts[w]++
	}
	common := 0
	for _, w := range inB {
		if counts[w] > 0 {
			counts[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(inA)+len(inB))
}

func (a answer) mediaType() string {
	mediaType, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return mediaType
}

// destination returns where an answer leads, without what differs from one to the next.
func (a answer) destination() string {
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || !a.isRedirect() {
		return ""
	}
	return changing.ReplaceAllLiteralString(to.Host+to.Path, "#")
}

// leadsTo reports whether a browser is sent to a path.
func (a answer) leadsTo(path string) bool {
	to, err := url.Parse(a.header.Get("Location"))
	return err == nil && a.isRedirect() && to.Path == path
}

func (a answer) isRedirect() bool { return a.status >= 300 && a.status <= 399 }

// isRefusal reports whether an answer is one that a gate in front of the code gives.
func (a answer) isRefusal() bool {
	return slices.Contains([]int{401, 402, 403, 404, 405}, a.status)
}

// changing matches numbers, references and tokens.
var changing = regexp.MustCompile(`[A-Za-z0-9]*[0-9][A-Za-z0-9]*`)

// maxWords is how many words are compared.
const maxWords = 20_000

func words(text string) []string {
	found := strings.FieldsFunc(changing.ReplaceAllLiteralString(text, "#"), func(r rune) bool {
		return r <= ' ' || strings.ContainsRune(`<>"'=&;`, r)
	})
	return found[:min(len(found), maxWords)]
}
