package testserver

import (
	"net/http"
	"net/url"
	"sync"
)

// Book is what a service wrote down: one line for each paid request that it read.
type Book struct {
	mu    sync.Mutex
	lines []BookLine
}

type BookLine struct {
	Journey, Submission, Payment, Via string
	Pass                              bool
	Body                              string
	Did                               Act
}

// LineOf is the line of a paid request, without what is done with it.
func LineOf(r *http.Request, body string) BookLine {
	return BookLine{
		Journey: r.Header.Get("Paygate-Journey"), Submission: r.Header.Get("Paygate-Submission"),
		Payment: r.Header.Get("Paygate-Payment-Id"),
		Via:     r.Header.Get("Paygate-Via"), Pass: r.Method == http.MethodGet, Body: body,
	}
}

// Serves is the service's own code, by what it does with the n-th paid request. It writes before it answers.
func (b *Book) Serves(decide func(n int, form url.Values) Act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") == "none" {
			Plain(w, r)
			return
		}
		_ = r.ParseForm()
		line := LineOf(r, r.PostForm.Encode())
		b.mu.Lock()
		line.Did = decide(len(b.lines)+1, r.PostForm)
		b.lines = append(b.lines, line)
		b.mu.Unlock()
		line.Did.Answer(w, r)
	}
}

func (b *Book) Writes(line BookLine) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
}

func (b *Book) All() []BookLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]BookLine{}, b.lines...)
}

// Of lists what is written about a submission of a journey, in the order in which it happened.
func (b *Book) Of(journey, submission string) (found []BookLine) {
	for _, line := range b.All() {
		if line.Journey == journey && line.Submission == submission {
			found = append(found, line)
		}
	}
	return found
}

// Verdict is how a person settles a journey whose last submission nobody at Paygate knows the end of.
func (b *Book) Verdict(journey, submission string) string {
	lines := b.Of(journey, submission)
	switch {
	case len(lines) == 0:
		return "retry"
	case lines[len(lines)-1].Did.Done():
		return "released"
	case lines[len(lines)-1].Did == Refuses:
		return "reversed"
	default:
		return "retry"
	}
}

// Given counts what the service gave in all. One that may be sent the same again knows it by journey and submission.
func (b *Book) Given(knowsAgain bool) (given int) {
	known := map[string]bool{}
	for _, line := range b.All() {
		key := line.Journey + " " + line.Submission
		if line.Did.Done() && !(knowsAgain && known[key]) {
			known[key] = true
			given++
		}
	}
	return given
}
