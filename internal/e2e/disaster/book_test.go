package disaster

import (
	"net/http"
	"net/url"
	"paygate/internal/testserver"
	"sync"
)

// book is what a service wrote down: one line for each paid request that it read.
type book struct {
	mu    sync.Mutex
	lines []bookLine
}

type bookLine struct {
	journey, submission, payment, via string
	pass                              bool
	body                              string
	did                               testserver.Act
}

// lineOf is the line of a paid request, without what is done with it.
func lineOf(r *http.Request, body string) bookLine {
	return bookLine{
		journey: r.Header.Get("Paygate-Journey"), submission: r.Header.Get("Paygate-Submission"),
		payment: r.Header.Get("Paygate-Payment-Id"),
		via:     r.Header.Get("Paygate-Via"), pass: r.Method == http.MethodGet, body: body,
	}
}

// serves is the service's own code, by what it does with the n-th paid request. It writes before it answers.
func (b *book) serves(decide func(n int, form url.Values) testserver.Act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") == "none" {
			testserver.Plain(w, r)
			return
		}
		_ = r.ParseForm()
		line := lineOf(r, r.PostForm.Encode())
		b.mu.Lock()
		line.did = decide(len(b.lines)+1, r.PostForm)
		b.lines = append(b.lines, line)
		b.mu.Unlock()
		line.did.Answer(w, r)
	}
}

func (b *book) writes(line bookLine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
}

func (b *book) all() []bookLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]bookLine{}, b.lines...)
}

// of lists what is written about a submission of a journey, in the order in which it happened.
func (b *book) of(journey, submission string) (found []bookLine) {
	for _, line := range b.all() {
		if line.journey == journey && line.submission == submission {
			found = append(found, line)
		}
	}
	return found
}

// verdict is how a person settles a journey whose last submission nobody at Paygate knows the end of.
func (b *book) verdict(journey, submission string) string {
	lines := b.of(journey, submission)
	switch {
	case len(lines) == 0:
		return "retry"
	case lines[len(lines)-1].did.Done():
		return "released"
	case lines[len(lines)-1].did == testserver.Refuses:
		return "reversed"
	default:
		return "retry"
	}
}

// given counts what the service gave in all. One that may be sent the same again knows it by journey and submission.
func (b *book) given(knowsAgain bool) (given int) {
	known := map[string]bool{}
	for _, line := range b.all() {
		key := line.journey + " " + line.submission
		if line.did.Done() && !(knowsAgain && known[key]) {
			known[key] = true
			given++
		}
	}
	return given
}
