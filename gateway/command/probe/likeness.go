package probe

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Verdict says whether the code ran, as far as an answer tells.
type Verdict string

const (
	// Ran is an answer with the text that only the code writes.
	Ran Verdict = "ran"
	// Likely is an answer like that to the plain address, and unlike that to an address that is not there.
	Likely Verdict = "likely"
	// Unclear is an answer like neither, or none.
	Unclear Verdict = "unclear"
	// NotRun is an answer like that to an address that is not there, a refusal, or one without the text.
	NotRun Verdict = "not run"
)

// Like answers have this much in common, of 1.
const like = 0.8

// Yardstick is what answers are held against.
type Yardstick struct {
	Path   string   // the plain one: to be sent there is not to run the code
	Expect string   // a text that only the code writes; may be empty
	Plain  []Answer // to the plain address
	Absent []Answer // to addresses that are not there, and to others that are not the code
	Page   []Answer // to a GET of the plain address, which brings its form, perhaps; may be empty
	Gated  bool     // the service refuses the plain address unpaid
}

var (
	// ErrSame is a service whose answer to the plain address is like that to an address that is not there.
	ErrSame = errors.New("the answer to the plain address is like the answer to an address that is not there")
	// ErrPage is a service whose answer to the plain address is like the page with the form there.
	ErrPage = errors.New("the answer to the plain address is like the page with the form")
	// ErrUnsteady is a service that answers the plain address in a different way each time.
	ErrUnsteady = errors.New("the plain address is answered in a different way each time")
	// ErrNoText is a text that is not in the answer to the plain address.
	ErrNoText = errors.New("the text is not in the answer to the plain address")
	// ErrTextElsewhere is a text that is in the answer to an address that is not there, too.
	ErrTextElsewhere = errors.New("the text is in the answer to an address that is not there, too")
)

// check tells whether the yardstick can tell the code's answers from others.
func (y Yardstick) check() error {
	hasText := func(a Answer) bool { return a.says(y.Expect) }
	switch {
	case y.Expect != "" && slices.ContainsFunc(y.Absent, hasText):
		return ErrTextElsewhere
	case y.Expect != "" && !slices.ContainsFunc(y.Plain, hasText):
		return ErrNoText
	case y.Expect != "":
		return nil
	case nearest(y.Plain[0], y.Plain[1:]) < like:
		return ErrUnsteady
	case nearest(y.Plain[0], y.Absent) >= like:
		return ErrSame
	case nearest(y.Plain[0], y.Page) >= like:
		return ErrPage
	default:
		return nil
	}
}

// Measure judges an answer by the yardstick.
func (y Yardstick) Measure(a Answer) Verdict {
	if y.Expect != "" {
		if a.says(y.Expect) {
			return Ran
		}
		return NotRun
	}
	toPlain, toAbsent := nearest(a, y.Plain), max(nearest(a, y.Absent), nearest(a, y.Page))
	switch {
	case toPlain >= like && toPlain > toAbsent:
		return Likely
	case toAbsent >= like, a.Status >= 400 && a.Status <= 499:
		return NotRun
	case leads(a, y.Path), isRedirect(a) && !slices.ContainsFunc(y.Plain, isRedirect):
		return NotRun
	default:
		return Unclear
	}
}

// leads tells whether a browser is sent to a path.
func leads(a Answer, path string) bool {
	to, err := url.Parse(a.Header.Get("Location"))
	return err == nil && isRedirect(a) && to.Path == path
}

func isRedirect(a Answer) bool { return a.Status >= 300 && a.Status <= 399 }

// nearest is the likeness to the one that is most alike; 0 where there is nothing to compare with.
func nearest(a Answer, others []Answer) float64 {
	best := 0.0
	for _, o := range others {
		best = max(best, likeness(a, o))
	}
	return best
}

// likeness is 0 for answers of another status, type or goal, else the share of their words that they have in common (Dice).
func likeness(a, b Answer) float64 {
	if a.Status != b.Status || kind(a) != kind(b) || goal(a) != goal(b) {
		return 0
	}
	inA, inB := words(a.Body), words(b.Body)
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

// Alike reports whether two answers are like each other.
func Alike(a, b Answer) bool { return likeness(a, b) >= like }

func kind(a Answer) string {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return kind
}

// goal is where an answer leads, without what differs from one to the next.
func goal(a Answer) string {
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || !isRedirect(a) {
		return ""
	}
	return changing.ReplaceAllLiteralString(to.Host+to.Path, "#")
}

// changing are numbers, references and tokens.
var changing = regexp.MustCompile(`[A-Za-z0-9]*[0-9][A-Za-z0-9]*`)

// mostWords bounds what is compared.
const mostWords = 20_000

func words(text string) []string {
	found := strings.FieldsFunc(changing.ReplaceAllLiteralString(text, "#"), func(r rune) bool {
		return r <= ' ' || strings.ContainsRune(`<>"'=&;`, r)
	})
	return found[:min(len(found), mostWords)]
}

// refuses tells whether an answer is one that a gate in front of the code gives.
func (a Answer) refuses() bool {
	return slices.Contains([]int{
		http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
	}, a.Status)
}
