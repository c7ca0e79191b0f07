package paying

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"paygate/internal/testprocess"
)

// legacy is a small service that records every request.
type legacy struct {
	url string

	mu       sync.Mutex
	received []received
}

// received is a request to the service.
type received struct {
	method, target, body string
	header               http.Header
}

// startLegacy starts a service with this handler.
func startLegacy(t *testing.T, answer http.HandlerFunc) *legacy {
	t.Helper()
	l := &legacy{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		l.received = append(l.received, received{r.Method, r.RequestURI, string(body), r.Header})
		l.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// posts returns the POST requests.
func (l *legacy) posts() (posts []received) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.received {
		if r.method == http.MethodPost {
			posts = append(posts, r)
		}
	}
	return posts
}

// last returns the last request.
func (l *legacy) last() received {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.received[len(l.received)-1]
}

// startCrossSitePay starts a simulated Pay on another site than the service, as the real one is: localhost instead of
// 127.0.0.1.
func startCrossSitePay(t *testing.T) *testprocess.SimulatedPay {
	t.Helper()
	address := testprocess.FreeAddress(t)
	public := "http://localhost" + address[strings.LastIndexByte(address, ':'):]
	testprocess.Start(t, exec.Command(testprocess.Binary, "simulator", "-listen", address, "-url", public)).WaitFor(t,
		func() bool { return testprocess.Listens("tcp", address) })
	return &testprocess.SimulatedPay{T: t, URL: public}
}

func writeHTML(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Licences</title>`+body)
}
