package probe_test

import (
	"fmt"
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

// formService is a service with a form at /licences/apply. It tells right forms from wrong ones, and people who are
// logged in from others.
func formService(t *testing.T, right, wrong, stranger http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /licences/apply", func(w http.ResponseWriter, r *http.Request) {
		switch _, err := r.Cookie("SESSID"); {
		case err != nil:
			stranger(w, r)
		case strings.Contains(r.FormValue("email"), "@"):
			right(w, r)
		default:
			wrong(w, r)
		}
	})
	mux.HandleFunc("GET /licences/confirmation/{number}", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("flash"); err != nil || c.Value != "received" {
			http.Error(w, "nothing to confirm", http.StatusNotFound)
			return
		}
		shows("<title>Licences</title><h1>Application received</h1>")(w, r)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func shows(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, text)
	}
}

func leadsTo(location string, status int) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "received"})
		w.Header().Set("Location", strings.ReplaceAll(location, "{n}", fmt.Sprintf("RVM-%04d", n.Add(1))))
		w.WriteHeader(status)
	}
}

var askRule = []string{
	"probe", "-staging", "-form", "name=Ann+Boleyn&email=ann@example.org", "-wrong", "name=Ann+Boleyn&email=ann",
	"-wrong", "", "-cookie", "SESSID=x",
}

func TestProbeFindsRuleThatTellsRightFromWrong(t *testing.T) {
	t.Parallel()
	form := shows("<title>Licences</title><script>var x='Apply here'</script><h1>Apply</h1><p class=error>Enter an " +
		"email address</p><form method=post></form>")
	logIn := leadsTo("/login?next=/licences/apply", http.StatusFound)
	json := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, text)
		}
	}
	for name, c := range map[string]struct {
		right, wrong http.HandlerFunc
		settings     []string
	}{
		"a redirect, or the form again": {
			leadsTo("/licences/confirmation/{n}", 303), form,
			[]string{"ACCEPT=303", "ACCEPT_LOCATION=/licences/confirmation"},
		},
		"a redirect, or one to the form": {
			leadsTo("/licences/confirmation/{n}", 302), leadsTo("/licences/apply", 302),
			[]string{"ACCEPT=302", "ACCEPT_LOCATION=/licences/confirmation"},
		},
		"a front controller": {
			leadsTo("/index.php?page=done&id={n}", 302), leadsTo("/index.php?page=apply&error={n}", 302),
			[]string{"ACCEPT=302", "ACCEPT_LOCATION=/index.php?page=done"},
		},
		"two queries of one page": {
			leadsTo("/licences?state=received", 302), leadsTo("/licences?state=wrong", 302),
			[]string{"ACCEPT=302", "ACCEPT_LOCATION=/licences?state=received"},
		},
		"another site": {
			leadsTo("https://thanks2.example.gov.uk/for/{n}", 302), form,
			[]string{"ACCEPT=302", "ACCEPT_LOCATION=https://thanks2.example.gov.uk/for"},
		},
		"two pages with one status": {
			shows("<title>Licences</title><h1>Thank you &amp; good luck</h1><p>Ann Boleyn, number 4711</p>"), form,
			[]string{"ACCEPT=200", "ACCEPT_TEXT=Thank you &amp; good luck"},
		},
		"the form again, with only an error added": {
			shows("<title>Licences</title><h1>Apply</h1><form method=post></form>"), form,
			[]string{"ACCEPT=200", "REFUSE_TEXT=Enter an email address"},
		},
		"a page, or a log-in with the same status": {
			shows("<h1>Received</h1>"), shows("<h1>Apply</h1>"),
			[]string{"ACCEPT=200", "ACCEPT_TEXT=Received"},
		},
		"JSON": {
			json(`{"ok":true,"number":17}`), json(`{"ok":false,"errors":[1]}`),
			[]string{"ACCEPT=200", `ACCEPT_TEXT="ok":true`},
		},
		"nothing in it, and another status": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
			[]string{"ACCEPT=204", "ACCEPT_TEXT=*"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environ := unsaid((&testserver.ProbedService{Server: formService(t, c.right, c.wrong, logIn)}).Environ())
			status, said, complained := testserver.RunCommand(t, environ, askRule...)
			require.Zero(t, status, said+complained)
			var want []string
			for _, setting := range c.settings {
				want = append(want, "PAYGATE_ROUTE_LICENCE_"+setting)
			}
			found := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
			require.Equal(t, want, found, said)
			require.Contains(t, said, "a wrong form")
			require.Contains(t, said, "leads to /login?next=/licences/apply")

			status, said, complained = testserver.RunCommand(t, append(environ, found...), "check") // the circle closes
			require.Zero(t, status, said+complained)
			_, said, _ = testserver.RunCommand(t, append(environ, found...), askRule...)
			require.Regexp(t, `the right form .*\(accepted with these settings\)`, said)
			require.Regexp(t, `a wrong form .*\(refused with these settings\)`, said)
			require.Regexp(t, `without the cookies .*\(refused with these settings\)`, said)
		})
	}
}

// unsaid are settings that do not say yet which answers mean yes.
func unsaid(environ []string) (left []string) {
	for _, setting := range environ {
		if !strings.Contains(setting, "_ACCEPT") {
			left = append(left, setting)
		}
	}
	return left
}

func TestProbeReportsThatNoRuleTellsFormsApart(t *testing.T) {
	t.Parallel()
	same := leadsTo("/licences/confirmation/{n}", 303)
	s := &testserver.ProbedService{Server: formService(t, same, same, same)}
	status, said, _ := testserver.RunCommand(t, unsaid(s.Environ()), askRule...)
	require.Equal(t, 3, status)
	require.Contains(t, said,
		`leads to /licences/confirmation/RVM-0004, which answers 200, and says "Application received"`)
	require.Contains(t, said, "No setting tells them apart")
	require.NotContains(t, said, "PAYGATE_")

	refusing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
	s = &testserver.ProbedService{Server: formService(t, refusing, refusing, refusing)}
	status, said, _ = testserver.RunCommand(t, s.Environ(), askRule...)
	require.Equal(t, 3, status)
	require.Contains(t, said, "not accept the right form")

	stopped := leadsTo("/login", http.StatusFound)
	s = &testserver.ProbedService{Server: formService(t, stopped, shows("<h1>Apply</h1>"), stopped)}
	status, said, _ = testserver.RunCommand(t, s.Environ(), askRule...)
	require.Equal(t, 3, status, said)
	require.NotContains(t, said, "PAYGATE_", "a log-in is not a confirmation")

	status, said, _ = testserver.RunCommand(t, s.Environ("PAYGATE_ROUTE_LICENCE_MATCH=GET /register"), askRule...)
	require.Zero(t, status)
	require.Contains(t, said, "has no form")

	status, _, complained := testserver.RunCommand(t, append(unsaid(s.Environ()), "PAYGATE_ROUTE_LICENCE_PRICE=x"),
		askRule...)
	require.Equal(t, 2, status)
	require.Contains(t, complained, "LICENCE_PRICE")
	require.NotContains(t, complained, "ACCEPT", "that is what the probe is there for")
}

// With -expect, the pay code's text may be on the page that it redirects to.
func TestProbeReadsPageThatRedirectLeadsTo(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, testserver.Exactly)
	others := s.Config.Handler
	confirmed := leadsTo("/licences/confirmation/{n}", http.StatusSeeOther)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost &&
			(r.RequestURI == "/licences/apply" || r.RequestURI == "/licences/apply.php"):
			confirmed(w, r)
		case strings.HasPrefix(r.URL.Path, "/licences/confirmation/"):
			if c, err := r.Cookie("flash"); err != nil || c.Value != "received" {
				http.NotFound(w, r)
				return
			}
			shows("<h1>Application received</h1>")(w, r)
		default:
			others.ServeHTTP(w, r)
		}
	})
	status, said, complained := testserver.RunCommand(t, s.Environ(), "probe", "-staging", "-form", "name=Ann",
		"-expect", "Application received", "-cookie", "a=b; flash=")
	require.Zero(t, status, said+complained)
	require.Contains(t, said, "certain, by the text of -expect")
	require.Regexp(t, `refused +suffix +POST /licences/apply.php`, said)
}
