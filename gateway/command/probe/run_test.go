package probe_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

// carelessly is a handler that undoes everything that servers undo, and accepts the path as a parameter too.
func carelessly(r *http.Request) bool {
	path := r.FormValue("q")
	if r.URL.Query().Get("q") == "" {
		path = r.URL.Path
	}
	path = strings.ToLower(strings.Trim(path, "/"))
	path, _, _ = strings.Cut(path, ";")
	path = regexp.MustCompile(`/+`).ReplaceAllString(strings.TrimSuffix(path, ".php"), "/")
	return r.Method == http.MethodPost && path == "licences/apply"
}

func TestProbeFindsNothingAtCarefulService(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, testserver.Exactly)
	status, said, complained := testserver.RunCommand(t, s.Environ(), "probe", "-staging", "-form", "name=Ann")
	require.Zero(t, status, said)
	require.Contains(t, complained, "WARNING")
	require.Regexp(t, ` [0-9]+ reached the pay code \(likely but not certain`, said)
	require.Contains(t, said, "Paygate lets none through")
	require.Less(t, s.Ran.Load(), int64(30), "the plain address alone ran it")
	require.Greater(t, s.All.Load(), int64(300))
}

// With the settings that a probe prints, the next probe finds nothing.
func TestPrintedSettingsCloseWhatProbeFound(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"by likeness": {"probe", "-staging", "-form", "name=Ann"},
		"by text":     {"probe", "-staging", "-form", "name=Ann", "-expect", "Application received"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testserver.NewProbedService(t, carelessly)
			status, said, _ := testserver.RunCommand(t, s.Environ(), args...)
			require.Equal(t, 3, status, said)
			require.Contains(t, said, "PAYGATE_ROUTE_LICENCE_ALIASES=POST /{path...}?q=licences/apply\n")
			require.Regexp(t, `LET THROUGH +front controller +POST /index.php\?q=licences/apply`, said)
			require.Regexp(t, `refused +case +POST /LICENCES/APPLY`, said)
			require.Regexp(t, `refused +suffix +POST /licences/apply.php`, said)
			require.Regexp(t, `held +parameters +POST /licences/apply;jsessionid=1`, said)
			require.NotContains(t, said, "No setting")
			require.NotContains(t, said, "look yourself")

			settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
			status, said, complained := testserver.RunCommand(t, s.Environ(settings...), args...)
			require.Zero(t, status, said+complained)
			require.Regexp(t, `held +front controller +POST /paygate-probe-nowhere\?q=licences/apply`, said)
		})
	}
}

func TestProbeStopsIfItCannotTellAnswersApart(t *testing.T) {
	t.Parallel()
	always := testserver.NewProbedService(t, func(*http.Request) bool { return true })
	status, _, complained := testserver.RunCommand(t, always.Environ(), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "like the answer to an address that does not exist: -expect TEXT tells them apart")
	status, _, complained = testserver.RunCommand(t, always.Environ(), "probe", "-staging", "-expect", "received")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "-expect: the text is also in the answer to an address that does not exist")
	again := testserver.NewProbedService(t, func(*http.Request) bool { return false }) // shows the form again
	status, _, complained = testserver.RunCommand(t, again.Environ(), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained,
		"like the page with the form: -expect TEXT tells them apart, or a -form that the pay code accepts")
	exact := testserver.NewProbedService(t, testserver.Exactly)
	status, _, complained = testserver.RunCommand(t, exact.Environ(), "probe", "-staging", "-expect", "elephant")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "-expect: the text is not in the answer")

	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(refusing.Close)
	environ := always.Environ("PAYGATE_UPSTREAM=" + refusing.URL)
	status, _, complained = testserver.RunCommand(t, environ, "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "refuses the plain address, status 403")
	environ = always.Environ("PAYGATE_UPSTREAM=http://127.0.0.1:1")
	status, _, complained = testserver.RunCommand(t, environ, "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "cannot be reached: nothing is listening there")

	once := testserver.NewProbedService(t, nil)
	var asked atomic.Int64
	once.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/licences/apply" || r.Method == http.MethodGet:
			http.NotFound(w, r)
		case asked.Add(1) > 5:
			_, _ = io.WriteString(w, "You have applied too often today, please come back tomorrow")
		default:
			_, _ = io.WriteString(w, "Application received")
		}
	})
	status, _, complained = testserver.RunCommand(t, once.Environ(), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "has changed since the start")
}

func TestProbeFindsWhatGetsPastSecondGate(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, carelessly)
	behind := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/licences/apply") && r.Header.Get("Paygate-Status") != "success" {
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		behind.ServeHTTP(w, r)
	})
	status, said, _ := testserver.RunCommand(t, s.Environ(), "probe", "-staging")
	require.Equal(t, 3, status)
	require.Contains(t, said, "a second gate is there")
	require.NotContains(t, said, "POST /licences/apply.php\n")
	require.Regexp(t, `refused +case +POST /LICENCES/APPLY`, said)
	require.Contains(t, said, "ALIASES=POST /{path...}?q=licences/apply\n")
}

func TestProbeSpellsQueryThatRoutes(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		return r.Method == http.MethodPost && r.URL.Path == "/index.php" &&
			strings.EqualFold(r.FormValue("page"), "apply")
	})
	environ := s.Environ("PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply")
	status, said, _ := testserver.RunCommand(t, environ, "probe", "-staging", "-form", "name=Ann")
	require.Zero(t, status, said)
	require.Regexp(t, `refused +query +POST /index.php\?page=APPLY`, said)
	require.Regexp(t, `refused +form for query +POST /index.php, with the body "page=apply&name=Ann"`, said)
}

func TestProbeSendsHeadersAndPrintsNoSecrets(t *testing.T) {
	t.Parallel()
	s := &testserver.Service{Answer: func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "/licences/apply/7" || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusNotFound)
		}
	}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Server.Close)
	environ := testserver.NewProbedService(t, testserver.Exactly).Environ(
		"PAYGATE_UPSTREAM="+s.Server.URL, "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply/{id}")
	status, said, complained := testserver.RunCommand(t, environ, "probe", "-staging", "-form", "name=Ann&x=1",
		"-cookie", "SESSID=topsecret", "-header", "X-Token: topsecret", "-fill", "id=7")
	require.Zero(t, status, said+complained)
	require.NotContains(t, said+complained, "topsecret")
	require.NotContains(t, said+complained, "secretkey")
	posts := s.Requests(http.MethodPost)
	require.Greater(t, len(posts), 100)
	asSent := 0
	defer func() { require.Greater(t, asSent, len(posts)*9/10) }()
	for _, r := range posts {
		require.Equal(t, "none", r.Header.Get("Paygate-Status"))
		require.Equal(t, "SESSID=topsecret", r.Header.Get("Cookie"))
		require.Equal(t, "topsecret", r.Header.Get("X-Token"))
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" && string(r.Body) == "name=Ann&x=1" {
			asSent++
		}
	}
	require.Equal(t, "/licences/apply/7", posts[0].Target)
	require.Equal(t, "apply.example.org", posts[0].Host)
}
