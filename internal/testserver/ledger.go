package testserver

import (
	"net/http"
	"net/url"
	"sync"
)

// Ledger is the record of a service: an entry for each paid request.
type Ledger struct {
	mu    sync.Mutex
	lines []LedgerEntry
}

// LedgerEntry describes one paid request, and what the service did with it.
type LedgerEntry struct {
	Journey, Submission, Payment, Via string
	Pass                              bool
	Body                              string
	Act                               Act
}

// NewLedgerEntry describes a paid request. It leaves Act empty.
func NewLedgerEntry(r *http.Request, body string) LedgerEntry {
	return LedgerEntry{
		Journey: r.Header.Get("Paygate-Journey"), Submission: r.Header.Get("Paygate-Submission"),
		Payment: r.Header.Get("Paygate-Payment-Id"),
		Via:     r.Header.Get("Paygate-Via"), Pass: r.Method == http.MethodGet, Body: body,
	}
}

// Handler returns the code of the service. decide says what it does with the n-th paid request. It writes the entry
// before it answers.
func (b *Ledger) Handler(decide func(n int, form url.Values) Act) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Paygate-Status") == "none" {
			Plain(w, r)
			return
		}
		_ = r.ParseForm()
		line := NewLedgerEntry(r, r.PostForm.Encode())
		b.mu.Lock()
		line.Act = decide(len(b.lines)+1, r.PostForm)
		b.lines = append(b.lines, line)
		b.mu.Unlock()
		line.Act.Answer(w, r)
	}
}

// Add appends an entry.
func (b *Ledger) Add(line LedgerEntry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
}

// All returns a copy of the entries, oldest first.
func (b *Ledger) All() []LedgerEntry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]LedgerEntry{}, b.lines...)
}

// Submission returns the entries for one submission of a journey, oldest first.
func (b *Ledger) Submission(journey, submission string) (found []LedgerEntry) {
	for _, line := range b.All() {
		if line.Journey == journey && line.Submission == submission {
			found = append(found, line)
		}
	}
	return found
}

// Resolution says how staff should settle a stuck journey, given its last submission: "released", "reversed" or
// "retry".
func (b *Ledger) Resolution(journey, submission string) string {
	lines := b.Submission(journey, submission)
	switch {
	case len(lines) == 0:
		return "retry"
	case lines[len(lines)-1].Act.Accepted():
		return "released"
	case lines[len(lines)-1].Act == Refuse:
		return "reversed"
	default:
		return "retry"
	}
}

// Given counts what the service gave. An idempotent service recognises a repeated journey and submission.
func (b *Ledger) Given(knowsAgain bool) (given int) {
	known := map[string]bool{}
	for _, line := range b.All() {
		key := line.Journey + " " + line.Submission
		if line.Act.Accepted() && !(knowsAgain && known[key]) {
			known[key] = true
			given++
		}
	}
	return given
}
