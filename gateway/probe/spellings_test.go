package probe_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/probe"
)

// The probe tries what the door is tested with: every class of testdata/raw/spellings.txt, and nearly all that is in it.
func TestEveryKnownClassOfSpellingsIsTried(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, s := range probe.Spellings(probe.Address{Method: "POST", Path: "/licences/apply", Host: "apply.example"}) {
		require.Equal(t, s.Method == "POST", s.Class != "method", s)
		tried[strings.ToLower(s.Target)] = true
	}
	content, err := os.ReadFile("../../testdata/raw/spellings.txt")
	require.NoError(t, err)
	known, missing, classes := 0, []string{}, map[string]bool{}
	for line := range strings.Lines(string(content)) {
		class, target, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || class == "#" {
			continue
		}
		target = strings.TrimSpace(target)
		known++
		if tried[strings.ToLower(target)] {
			classes[class] = true
		} else {
			missing = append(missing, target)
			classes[class] = classes[class] || false
		}
	}
	for class, some := range classes {
		require.True(t, some, "none of the class %s is tried", class)
	}
	require.Greater(t, known, 200)
	require.Less(t, len(missing), known/8, "%v", missing)
}

func TestAnyPathCanBeSpelled(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/a", "/a/", "/apply.php", "/a/b/c/d.html", "/1/2", "/~x/_", "/index.php/licences/apply", "/a,b/c"} {
		seen := map[probe.Spelling]bool{}
		plain := probe.Spelling{Method: "POST", Target: path}
		for _, s := range probe.Spellings(probe.Address{Method: "POST", Path: path, Host: "apply.example"}) {
			require.NotEmpty(t, s.Class)
			require.NotEmpty(t, s.Target)
			require.False(t, strings.ContainsAny(s.Target, " \r\n"), "%q would break the request's line", s.Target)
			s.Class = ""
			require.False(t, seen[s], "%s stands twice", s.Target)
			require.NotEqual(t, plain, s)
			seen[s] = true
		}
		require.Greater(t, len(seen), 150, path)
	}
}

func TestWhatTheQueryLeadsTo(t *testing.T) {
	t.Parallel()
	targets := func(a probe.Address) map[string]string {
		all := map[string]string{}
		for _, s := range probe.Spellings(a) {
			if s.Method == "POST" {
				all[s.Target] = s.Form
			}
		}
		return all
	}
	front := targets(probe.Address{Method: "POST", Path: "/licences/apply", Host: "apply.example"})
	for _, target := range []string{
		"/?q=licences/apply", "/index.php?url=licences/apply", "/index.php?/licences/apply", "/index.php?controller=licences&action=apply",
		probe.Nowhere + "?route=licences/apply",
	} {
		require.Contains(t, front, target)
	}
	routed := targets(probe.Address{Method: "POST", Path: "/index.php", Query: "page=apply&step=2", Host: "apply.example"})
	for _, target := range []string{
		"/index.php?PAGE=apply&step=2", "/index.php?page[]=apply&step=2", "/index.php?page=applyx&page=apply&step=2", "/index.php?%70age=apply&step=2",
		"/index.php?page=%61pply&step=2", "//index.php?page=apply&step=2", "/index.php/x?page=apply&step=2",
	} {
		require.Contains(t, routed, target)
	}
	require.NotContains(t, routed, "/index.php?page=apply&step=2")
	require.Equal(t, "page=apply&step=2", routed["/index.php"], "the form may stand for the query")
}
