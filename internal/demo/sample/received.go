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
	maxRequests = 200       // how many requests the service records
	maxBytes    = 128 << 20 // how many bytes of their bodies; the newest request is recorded whatever its size
	listed      = 50        // how many requests the page lists
)

// Received is a request as it arrived.
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
	paid := costly(s.arrivals.list())
	if r.URL.Query().Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(paid)
		return
	}
	s.show(w, r, http.StatusOK, page{Name: "received", Received: paid})
}

// costly returns the newest requests for addresses that cost money, newest first. It is never nil, so that JSON has a
// list.
func costly(all []Received) []Received {
	found := []Received{}
	for _, one := range slices.Backward(all) {
		if len(found) < listed && one.costs() {
			found = append(found, one)
		}
	}
	return found
}

// costs reports whether a request may be for an address that costs money. It is generous with spellings, so that the
// page shows a request that was smuggled in.
func (r Received) costs() bool {
	target := strings.ToLower(r.Target)
	return slices.ContainsFunc([]string{"apply", "register", "/api/"}, func(part string) bool {
		return strings.Contains(target, part)
	})
}

// FromGateway reports whether a header is one that the gateway sets.
func (r Received) FromGateway(name string) bool { return strings.HasPrefix(name, "Paygate-") }

// arrivals holds the last requests, oldest first.
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
	for len(a.all) > maxRequests || len(a.all) > 1 && a.bytes > maxBytes {
		a.bytes -= a.all[0].Bytes
		a.all[0] = Received{} // frees the body, which the underlying array would retain
		a.all = a.all[1:]
	}
}

func (a *arrivals) list() []Received {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}
