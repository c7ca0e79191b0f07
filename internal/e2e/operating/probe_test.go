package operating

import (
	"io"
	"net/http"
	"net/http/httptest"
	"paygate/internal/testserver"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// carelessly is one that undoes what servers undo, and takes the path as a parameter too.
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

func TestAProbeSendsNothingUnlessToldThatThisIsStaging(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, testserver.Exactly)
	status, said, complained := testserver.Types(t, s.Environ(), "probe")
	require.Equal(t, 2, status)
	require.Empty(t, said)
	require.Contains(t, complained, "RUN THE PAY CODE")
	require.Contains(t, complained, "if this is staging, add -staging")
	live := s.Environ("PAYGATE_PUBLIC_URL=https://apply.example.org", "PAYGATE_PAY_MODE=live", "PAYGATE_PAY_API_KEY=api_live_secretkeysecretkey")
	status, _, complained = testserver.Types(t, live, "probe", "-staging")
	require.Equal(t, 2, status)
	require.Contains(t, complained, "add -live")
	status, _, complained = testserver.Types(t, s.Environ(), "probe", "-staging", "-route", "fine")
	require.Equal(t, 2, status)
	require.Contains(t, complained, `no route "fine"`)
	require.Zero(t, s.All.Load())
	status, _, _ = testserver.Types(t, live, "probe", "-staging", "-live")
	require.Zero(t, status)
}

func TestAProbeOfACarefulServiceFindsNothing(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, testserver.Exactly)
	status, said, complained := testserver.Types(t, s.Environ(), "probe", "-staging", "-form", "name=Ann")
	require.Zero(t, status, said)
	require.Contains(t, complained, "WARNING")
	require.Regexp(t, ` [0-9]+ reached the pay code \(likely and not certain`, said)
	require.Contains(t, said, "Paygate lets none through")
	require.Less(t, s.Ran.Load(), int64(30), "the plain address alone ran it")
	require.Greater(t, s.All.Load(), int64(300))
}

// The circle closes: what a probe prints is pasted, and the next probe finds nothing.
func TestWhatAProbePrintsClosesWhatItFound(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"by likeness": {"probe", "-staging", "-form", "name=Ann"},
		"by text":     {"probe", "-staging", "-form", "name=Ann", "-expect", "Application received"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testserver.NewProbedService(t, carelessly)
			status, said, _ := testserver.Types(t, s.Environ(), args...)
			require.Equal(t, 3, status, said)
			require.Contains(t, said, "PAYGATE_ROUTE_LICENCE_ALIASES=POST /{path...}?q=licences/apply\n")
			require.Regexp(t, `LET THROUGH +front controller +POST /index.php\?q=licences/apply`, said)
			require.Regexp(t, `refused +case +POST /LICENCES/APPLY`, said)
			require.Regexp(t, `refused +suffix +POST /licences/apply.php`, said)
			require.Regexp(t, `held +parameters +POST /licences/apply;jsessionid=1`, said)
			require.NotContains(t, said, "No setting")
			require.NotContains(t, said, "look yourself")

			settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
			status, said, complained := testserver.Types(t, s.Environ(settings...), args...)
			require.Zero(t, status, said+complained)
			require.Regexp(t, `held +front controller +POST /paygate-probe-nowhere\?q=licences/apply`, said)
		})
	}
}

func TestAProbeSaysWhatItCannotTell(t *testing.T) {
	t.Parallel()
	always := testserver.NewProbedService(t, func(*http.Request) bool { return true })
	status, _, complained := testserver.Types(t, always.Environ(), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "like the answer to an address that does not exist: -expect TEXT tells them apart")
	status, _, complained = testserver.Types(t, always.Environ(), "probe", "-staging", "-expect", "received")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "-expect: the text is also in the answer to an address that does not exist")
	again := testserver.NewProbedService(t, func(*http.Request) bool { return false }) // the form once more, with an error in it
	status, _, complained = testserver.Types(t, again.Environ(), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "like the page with the form: -expect TEXT tells them apart, or a -form that the pay code accepts")
	status, _, complained = testserver.Types(t, testserver.NewProbedService(t, testserver.Exactly).Environ(), "probe", "-staging", "-expect", "elephant")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "-expect: the text is not in the answer")

	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	status, _, complained = testserver.Types(t, always.Environ("PAYGATE_UPSTREAM="+refusing.URL), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "refuses the plain address, status 403")
	status, _, complained = testserver.Types(t, always.Environ("PAYGATE_UPSTREAM=http://127.0.0.1:1"), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "cannot be reached: nothing listens there")

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
	status, _, complained = testserver.Types(t, once.Environ(), "probe", "-staging")
	require.Equal(t, 1, status)
	require.Contains(t, complained, "answered otherwise now than at the start")
}

func TestAProbeFindsWhatGetsPastASecondGate(t *testing.T) {
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
	status, said, _ := testserver.Types(t, s.Environ(), "probe", "-staging")
	require.Equal(t, 3, status)
	require.Contains(t, said, "a second gate is there")
	require.NotContains(t, said, "POST /licences/apply.php\n")
	require.Regexp(t, `refused +case +POST /LICENCES/APPLY`, said)
	require.Contains(t, said, "ALIASES=POST /{path...}?q=licences/apply\n")
}

func TestAProbeFindsPayCodeThatRunsOnGET(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool { return r.URL.Path == "/licences/apply" && r.FormValue("name") != "" })
	args := []string{"probe", "-staging", "-form", "name=Ann"}
	status, said, _ := testserver.Types(t, s.Environ(), args...)
	require.Equal(t, 3, status, said)
	require.Regexp(t, `LET THROUGH +safe method with a query +GET /licences/apply\?name=Ann`, said)
	require.Contains(t, said, "\nPAYGATE_ROUTE_LICENCE_GET_QUERY=lang\n")
	require.NotContains(t, said, "No setting of this route declares these.")
	settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
	status, said, _ = testserver.Types(t, s.Environ(settings...), args...)
	require.Zero(t, status, said)

	always := testserver.NewProbedService(t, func(r *http.Request) bool { return r.URL.Path == "/licences/apply" })
	status, said, _ = testserver.Types(t, always.Environ(), append(args, "-expect", "Application received")...)
	require.Equal(t, 3, status, said)
	require.Contains(t, said, "The pay code runs on GET too")
}

// What the probe tries besides paths, and the setting that closes each.
func TestAProbeFindsTheOtherWaysIn(t *testing.T) {
	t.Parallel()
	pass := []string{"PAYGATE_ROUTE_LICENCE_MATCH=GET /report"}
	button := []string{"PAYGATE_ROUTE_LICENCE_WHEN=form:pay=now"}
	for name, c := range map[string]struct {
		isPay   func(*http.Request) bool
		environ []string
		found   string
		setting string
	}{
		"a locale": {
			func(r *http.Request) bool {
				return r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/licences/apply") && len(r.URL.Path) < 20
			}, nil,
			"POST /cy/licences/apply", ",POST /cy/licences/apply,",
		},
		"the data of a page": {
			func(r *http.Request) bool {
				return r.URL.Path == "/report" || r.URL.Path == "/_next/data/build/report.json"
			}, pass,
			"GET /_next/data/build/report.json", "ALIASES=GET /_next/data/{build}/report.json\n",
		},
		"a server action": {
			func(r *http.Request) bool {
				return r.Method == "POST" && (r.URL.Path == "/licences/apply" || r.Header.Get("Next-Action") != "")
			}, nil,
			"with the header Next-Action", "PAYGATE_NEXT_ACTIONS=refuse\n",
		},
		"a field without its value": {
			func(r *http.Request) bool {
				return r.Method == "POST" && r.URL.Path == "/licences/apply" && r.PostForm.Has("pay")
			}, button,
			`with the body "name=Ann&pay=x"`, "PAYGATE_ROUTE_LICENCE_WHEN=form:pay\n",
		},
		"an event target": {
			func(r *http.Request) bool {
				return r.Method == "POST" && r.URL.Path == "/licences/apply" && (r.PostForm.Has("pay") || r.PostForm.Get("__EVENTTARGET") == "pay")
			}, button, `with the body "name=Ann&pay="`, "PAYGATE_ROUTE_LICENCE_WHEN=form:pay\n",
		},
		"a query": {
			func(r *http.Request) bool {
				return r.URL.Path == "/licences/apply" && r.FormValue("name") != "" && r.FormValue("pay") != "free"
			}, nil,
			"GET /licences/apply?name=Ann", "PAYGATE_ROUTE_LICENCE_GET_QUERY=lang\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testserver.NewProbedService(t, c.isPay)
			args := []string{"probe", "-staging", "-form", "name=Ann", "-expect", "Application received"}
			status, said, complained := testserver.Types(t, s.Environ(c.environ...), args...)
			require.Equal(t, 3, status, said+complained)
			require.Contains(t, said, c.found)
			require.Contains(t, said, c.setting)
			settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
			status, said, _ = testserver.Types(t, s.Environ(append(c.environ, settings...)...), args...)
			require.Zero(t, status, said)
		})
	}
}

func TestAProbeOfAServiceThatRoutesByTheQuery(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		return r.Method == http.MethodPost && r.URL.Path == "/index.php" && strings.EqualFold(r.FormValue("page"), "apply")
	})
	environ := s.Environ("PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply")
	status, said, _ := testserver.Types(t, environ, "probe", "-staging", "-form", "name=Ann")
	require.Zero(t, status, said)
	require.Regexp(t, `refused +query +POST /index.php\?page=APPLY`, said)
	require.Regexp(t, `refused +form for query +POST /index.php, with the body "page=apply&name=Ann"`, said)
}

func TestARouteThatIsNotStrictIsToldToBe(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path+"/", "/licences/apply/")
	})
	environ := s.Environ("PAYGATE_ROUTE_LICENCE_STRICT=off", "PAYGATE_ROUTE_LICENCE_ALIASES=POST /old/apply")
	status, said, _ := testserver.Types(t, environ, "probe", "-staging")
	require.Equal(t, 3, status, said)
	require.Contains(t, said, "\nPAYGATE_ROUTE_LICENCE_STRICT=on\n")
	require.NotContains(t, said, "PAYGATE_ROUTE_LICENCE_ALIASES")
	status, said, _ = testserver.Types(t, append(environ, "PAYGATE_ROUTE_LICENCE_STRICT=on"), "probe", "-staging")
	require.Zero(t, status, said)
}

// An alias for every path would clash with another pay route, and be refused as a setting: the probe does not print it.
func TestAProbePrintsNoSettingThatIsAFault(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, carelessly)
	environ := s.Environ("PAYGATE_ROUTES=licence,fine", "PAYGATE_ROUTE_FINE_MATCH=POST /fines/pay", "PAYGATE_ROUTE_FINE_PRICE=5",
		"PAYGATE_ROUTE_FINE_DESCRIPTION=Fine", "PAYGATE_ROUTE_FINE_ACCEPT=303", "PAYGATE_ROUTE_FINE_ACCEPT_LOCATION=/fines/done", "PAYGATE_ROUTE_LICENCE_ALIASES=POST /old/apply")
	status, said, _ := testserver.Types(t, environ, "probe", "-staging", "-route", "licence")
	require.Equal(t, 3, status, said)
	require.Contains(t, said, "PAYGATE_ROUTE_LICENCE_ALIASES=POST /old/apply,POST /index.php?q=licences/apply\n")
	require.Contains(t, said, "    POST /paygate-probe-nowhere?q=licences/apply\n")
	settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
	status, _, complained := testserver.Types(t, append(environ, settings...), "check")
	require.Zero(t, status, complained)
}

// What a wildcard was filled with must not stand in a setting: it would declare that one value alone.
func TestAProbePutsWildcardsBack(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		path := strings.TrimSuffix(r.URL.Path, ".php")
		return r.Method == http.MethodPost && (path == "/licences/7/apply" || path == "/" && r.FormValue("q") == "licences/7/apply")
	})
	environ := s.Environ("PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/{id}/apply", "PAYGATE_ROUTE_LICENCE_STRICT=off")
	args := []string{"probe", "-staging", "-form", "name=Ann", "-fill", "id=7"}
	status, said, _ := testserver.Types(t, environ, args...)
	require.Equal(t, 3, status)
	require.Contains(t, said, "\nPAYGATE_ROUTE_LICENCE_STRICT=on\n")
	require.Contains(t, said, "No setting of this route declares these. A second gate in the service's own web server closes them (docs/headers.md):\n    POST /?q=licences/7/apply\n")
	require.NotContains(t, said, "ALIASES")
}

func TestAProbeAsksAsACitizenWouldAndPrintsNothingSecret(t *testing.T) {
	t.Parallel()
	s := &testserver.Service{Answer: func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "/licences/apply/7" || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusNotFound)
		}
	}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Server.Close)
	environ := testserver.NewProbedService(t, testserver.Exactly).Environ("PAYGATE_UPSTREAM="+s.Server.URL, "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply/{id}")
	status, said, complained := testserver.Types(t, environ, "probe", "-staging", "-form", "name=Ann&x=1",
		"-cookie", "SESSID=topsecret", "-header", "X-Token: topsecret", "-fill", "id=7")
	require.Zero(t, status, said+complained)
	require.NotContains(t, said+complained, "topsecret")
	require.NotContains(t, said+complained, "secretkey")
	posts := s.Got(http.MethodPost)
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
	require.Equal(t, "apply.example", posts[0].Host)
}

// TestAProbeTellsOfARuleWithoutAnEnd: one alias would declare one of as many addresses as there are words.
func TestAProbeTellsOfARuleWithoutAnEnd(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/licences/apply")
	})
	status, said, _ := testserver.Types(t, s.Environ(), "probe", "-staging")
	require.Equal(t, 3, status, said)
	require.Regexp(t, `LET THROUGH +endless rule +POST /licences/applyx`, said)
	require.Regexp(t, `refused +endless rule +POST /licences/apply@x`, said)
	require.Contains(t, said, "No setting of this route declares these.")
	require.Contains(t, said, "end it (nginx: location =; elsewhere: ^…$)")
	require.NotContains(t, said, "Settings to paste")
}
