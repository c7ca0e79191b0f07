package probe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command/probe"
)

func licence() probe.Address {
	return probe.Address{
		Method: "POST", Path: "/licences/apply", Host: "apply.example",
		Form: "name=Ann&application[action]=pay", Field: "application[action]", Value: "pay", Other: "save",
	}
}

func TestSpellingsOfEachKind(t *testing.T) {
	t.Parallel()
	counts := map[probe.Kind]int{}
	for _, s := range probe.Spellings(licence()) {
		counts[s.Kind]++
		require.NotEmpty(t, s.Tries)
		require.NotEmpty(t, s.Servers)
	}
	for kind, atLeast := range map[probe.Kind]int{
		probe.KindPath: 200, probe.KindQuery: 60, probe.KindMethod: 60, probe.KindField: 60, probe.KindChoice: 20,
	} {
		require.GreaterOrEqual(t, counts[kind], atLeast, kind)
	}
	for _, s := range probe.Spellings(licence(), probe.KindField) {
		require.Equal(t, probe.KindField, s.Kind)
	}
}

// Every line of the table applies to some address, and leaves no placeholder.
func TestEveryLineOfTableIsUsed(t *testing.T) {
	t.Parallel()
	used := map[string]int{}
	for _, a := range []probe.Address{
		licence(),
		{
			Method: "POST", Path: "/kil_ss/index.php/apply.do", Query: "page=apply&step=2",
			Form: "a=b", Field: "the_action", Value: "pay", Other: "no",
		},
	} {
		for _, s := range probe.Spellings(a) {
			used[string(s.Kind)+s.Class]++
			text := fmt.Sprint(s.Method, s.Target, s.Header, s.Type, s.Body)
			require.NotRegexp(t, `\{[a-zA-Z]`, strings.ReplaceAll(text, `{x`, ""), s.Class)
		}
	}
	for group, lines := range probe.Lines() {
		require.GreaterOrEqual(t, used[group], lines, group)
	}
}

func TestSpellingsOfAnyPath(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/", "/a", "/a/", "/apply.php", "/a/b/c/d.html", "/1/2", "/~x/_", "/index.php/licences/apply", "/a,b/c",
	} {
		known := map[string]bool{"POST " + path: true}
		for _, s := range probe.Spellings(probe.Address{Method: "POST", Path: path, Host: "apply.example"}) {
			require.NotEmpty(t, s.Class)
			require.NotEmpty(t, s.Target)
			require.False(t, strings.ContainsAny(s.Target, " \r\n"), "%q would break the request's line", s.Target)
			key := fmt.Sprint(s.Method, " ", s.Target, strings.Join(s.Header, ""), s.Body)
			require.False(t, known[key] && s.Type != "", "%s appears twice", key)
			known[key] = true
		}
		require.Greater(t, len(known), 120, path)
	}
}

func TestSpellingsOfSafeMethodsHaveBodyOrQuery(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	address := probe.Address{Method: "POST", Path: "/apply", Form: "name=Ann&pay=1", Field: "pay", Value: "1"}
	for _, s := range probe.Spellings(address, probe.KindMethod) {
		tried[s.Method+" "+s.Target+" "+s.Body] = true
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for _, rest := range []string{
			"/apply name=Ann&pay=1", "/apply?name=Ann&pay=1 ", "/apply?pay= ",
			"/apply?__EVENTTARGET=pay&__EVENTARGUMENT= ", "/apply?__VIEWSTATE=x&pay=1 ",
		} {
			require.True(t, tried[method+" "+rest], method+" "+rest)
		}
	}
}

func TestSpellingsOfQuery(t *testing.T) {
	t.Parallel()
	targets := func(a probe.Address) map[string]string {
		all := map[string]string{}
		for _, s := range probe.Spellings(a) {
			if s.Method == "POST" {
				all[s.Target] = s.Body
			}
		}
		return all
	}
	front := targets(probe.Address{Method: "POST", Path: "/licences/apply", Host: "apply.example"})
	for _, target := range []string{
		"/?q=licences/apply", "/index.php?url=licences/apply", "/index.php?/licences/apply",
		"/index.php?controller=licences&action=apply", probe.Nowhere + "?route=licences/apply",
	} {
		require.Contains(t, front, target)
	}
	routed := targets(probe.Address{
		Method: "POST", Path: "/index.php", Query: "page=apply&step=2", Host: "apply.example",
	})
	for _, target := range []string{
		"/index.php?PAGE=apply&step=2", "/index.php?page[]=apply&step=2",
		"/index.php?page=applyx&page=apply&step=2", "/index.php?%70age=apply&step=2",
		"/index.php?page=%61pply&step=2", "//index.php?page=apply&step=2", "/index.php/x?page=apply&step=2",
	} {
		require.Contains(t, routed, target)
	}
	require.Equal(t, "page=apply&step=2", routed["/index.php"], "the form may replace the query")
}
