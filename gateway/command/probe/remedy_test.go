package probe_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestProbeFindsPayCodeThatRunsOnGET(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		return r.URL.Path == "/licences/apply" && r.FormValue("name") != ""
	})
	args := []string{"probe", "-staging", "-form", "name=Ann"}
	status, said, _ := testserver.RunCommand(t, s.Environ(), args...)
	require.Equal(t, 3, status, said)
	require.Regexp(t, `LET THROUGH +safe method with a query +GET /licences/apply\?name=Ann`, said)
	require.Contains(t, said, "\nPAYGATE_ROUTE_LICENCE_GET_QUERY=lang\n")
	require.NotContains(t, said, "No setting of this route declares these.")
	settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
	status, said, _ = testserver.RunCommand(t, s.Environ(settings...), args...)
	require.Zero(t, status, said)

	always := testserver.NewProbedService(t, func(r *http.Request) bool { return r.URL.Path == "/licences/apply" })
	status, said, _ = testserver.RunCommand(t, always.Environ(), append(args, "-expect", "Application received")...)
	require.Equal(t, 3, status, said)
	require.Contains(t, said, "The pay code runs on GET too")
}

// The spellings other than paths, and the setting that closes each.
func TestProbePrintsSettingForEachKindOfSpelling(t *testing.T) {
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
				return r.Method == "POST" && r.URL.Path == "/licences/apply" &&
					(r.PostForm.Has("pay") || r.PostForm.Get("__EVENTTARGET") == "pay")
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
			status, said, complained := testserver.RunCommand(t, s.Environ(c.environ...), args...)
			require.Equal(t, 3, status, said+complained)
			require.Contains(t, said, c.found)
			require.Contains(t, said, c.setting)
			settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
			status, said, _ = testserver.RunCommand(t, s.Environ(append(c.environ, settings...)...), args...)
			require.Zero(t, status, said)
		})
	}
}

func TestProbePrintsStrictBeforeAliases(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path+"/", "/licences/apply/")
	})
	environ := s.Environ("PAYGATE_ROUTE_LICENCE_STRICT=off", "PAYGATE_ROUTE_LICENCE_ALIASES=POST /old/apply")
	status, said, _ := testserver.RunCommand(t, environ, "probe", "-staging")
	require.Equal(t, 3, status, said)
	require.Contains(t, said, "\nPAYGATE_ROUTE_LICENCE_STRICT=on\n")
	require.NotContains(t, said, "PAYGATE_ROUTE_LICENCE_ALIASES")
	status, said, _ = testserver.RunCommand(t, append(environ, "PAYGATE_ROUTE_LICENCE_STRICT=on"), "probe", "-staging")
	require.Zero(t, status, said)
}

// An alias for every path would clash with another pay route, and be refused as a setting: the probe does not print it.
func TestProbePrintsNoSettingThatIsInvalid(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, carelessly)
	environ := s.Environ("PAYGATE_ROUTES=licence,fine", "PAYGATE_ROUTE_LICENCE_ALIASES=POST /old/apply",
		"PAYGATE_ROUTE_FINE_MATCH=POST /fines/pay", "PAYGATE_ROUTE_FINE_PRICE=5", "PAYGATE_ROUTE_FINE_DESCRIPTION=Fine",
		"PAYGATE_ROUTE_FINE_ACCEPT=303", "PAYGATE_ROUTE_FINE_ACCEPT_LOCATION=/fines/done")
	status, said, _ := testserver.RunCommand(t, environ, "probe", "-staging", "-route", "licence")
	require.Equal(t, 3, status, said)
	require.Contains(t, said, "PAYGATE_ROUTE_LICENCE_ALIASES=POST /old/apply,POST /index.php?q=licences/apply\n")
	require.Contains(t, said, "    POST /paygate-probe-nowhere?q=licences/apply\n")
	settings := regexp.MustCompile(`(?m)^PAYGATE_.*$`).FindAllString(said, -1)
	status, _, complained := testserver.RunCommand(t, append(environ, settings...), "check")
	require.Zero(t, status, complained)
}

// A setting must not contain the value of a wildcard: it would declare that one value alone.
func TestProbePutsWildcardsBack(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		path := strings.TrimSuffix(r.URL.Path, ".php")
		return r.Method == http.MethodPost &&
			(path == "/licences/7/apply" || path == "/" && r.FormValue("q") == "licences/7/apply")
	})
	environ := s.Environ("PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/{id}/apply", "PAYGATE_ROUTE_LICENCE_STRICT=off")
	args := []string{"probe", "-staging", "-form", "name=Ann", "-fill", "id=7"}
	status, said, _ := testserver.RunCommand(t, environ, args...)
	require.Equal(t, 3, status)
	require.Contains(t, said, "\nPAYGATE_ROUTE_LICENCE_STRICT=on\n")
	require.Contains(t, said, "No setting of this route declares these. "+
		"A second gate in the service's own web server closes them (docs/reference/headers.md):\n"+
		"    POST /?q=licences/7/apply\n")
	require.NotContains(t, said, "ALIASES")
}

// One alias would declare only one of endlessly many addresses.
func TestProbeReportsRuleWithoutEnd(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/licences/apply")
	})
	status, said, _ := testserver.RunCommand(t, s.Environ(), "probe", "-staging")
	require.Equal(t, 3, status, said)
	require.Regexp(t, `LET THROUGH +endless rule +POST /licences/applyx`, said)
	require.Regexp(t, `refused +endless rule +POST /licences/apply@x`, said)
	require.Contains(t, said, "No setting of this route declares these.")
	require.Contains(t, said, "end it (nginx: location =; others: ^…$)")
	require.NotContains(t, said, "Settings to paste")
}
