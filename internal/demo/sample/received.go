package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	keptRequests = 200       // how many requests the service remembers
	keptBytes    = 128 << 20 // and how much of their bodies, in bytes; the newest is kept whatever its size
	listed       = 50        // how many of them the page lists
)

// Received is one request as it came.
type Received struct {
	At     time.Time   `json:"at"` // UTC
	Method string      `json:"method"`
	Target string      `json:"target"` // raw, as on the request line
	Host   string      `json:"host"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"-"`
	SHA256 string      `json:"sha256"` // of the body, in hex
	Bytes  int         `json:"bytes"`  // of the body
}

func received(r *http.Request, body []byte, at time.Time) Received {
	return Received{
		At: at.UTC(), Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header.Clone(), Body: body,
		SHA256: digest(body), Bytes: len(body),
	}
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// showReceived lists the requests for addresses that cost money, newest first, for people or as JSON for tests.
func (s *Service) showReceived(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	watched := watchedOnly(s.arrivals.list())
	if r.URL.Query().Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(watched)
		return
	}
	s.show(w, r, http.StatusOK, page{Name: "received", Received: watched})
}

// watchedOnly picks the newest of those that the page lists, newest first. It is never nil, so that JSON has a list.
func watchedOnly(all []Received) []Received {
	watched := []Received{}
	for _, one := range slices.Backward(all) {
		if len(watched) < listed && one.watched() {
			watched = append(watched, one)
		}
	}
	return watched
}

// watched is generous with spellings, so that a request that was smuggled in is seen.
func (r Received) watched() bool {
	target := strings.ToLower(r.Target)
	return strings.Contains(target, "apply") || strings.Contains(target, "register") || strings.Contains(target, "/api/")
}

// FromGateway tells the headers of a gateway from all others.
func (r Received) FromGateway(name string) bool { return strings.HasPrefix(name, "Paygate-") }

// arrivals are the last requests, oldest first.
type arrivals struct {
	mu    sync.Mutex
	all   []Received
	bytes int
}

func (a *arrivals) add(one Received) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, one)
	a.bytes += one.Bytes
	for len(a.all) > keptRequests || len(a.all) > 1 && a.bytes > keptBytes {
		a.bytes -= a.all[0].Bytes
		a.all[0] = Received{} // lets go of the body, which the array under the slice would keep
		a.all = a.all[1:]
	}
}

func (a *arrivals) list() []Received {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}
