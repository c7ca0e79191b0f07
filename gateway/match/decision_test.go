package match

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/canon"
	"paygate/gateway/form"
)

func submissionOf(fields ...form.Field) form.Submission {
	return form.Submission{Form: form.Form{Fields: fields}}
}

// TestWithForm has two buttons at one address, and a less specific route for everything below it.
func TestWithForm(t *testing.T) {
	t.Parallel()
	button := func(name, value string) Route {
		r := routeOf(t, "POST /licences/apply")
		r.Name, r.When = name, &form.Condition{Field: "action", Value: value}
		return r
	}
	other := routeOf(t, "POST /licences/{id}")
	other.Name = "any"
	c := New(optionsOf(button("pay", "pay"), button("renew", "renew"), other))
	d := c.Classify(requestOf(t, "POST", "/licences/apply"))
	require.Equal(t, Pay, d.Action)
	require.False(t, d.IsFree())
	for value, want := range map[string]string{"pay": "pay", "renew": "renew", "save": "any"} {
		got := d.WithForm(submissionOf(form.Field{Name: "action", Value: value}))
		require.Equal(t, Pay, got.Action, value)
		require.Len(t, got.Concerned, 1, value)
		require.Equal(t, want, got.Concerned[0].Name, value)
	}
	unclear := d.WithForm(submissionOf(form.Field{Name: "Action[]", Value: "pay"}))
	require.Equal(t, Refuse, unclear.Action)
	require.Equal(t, http.StatusUnprocessableEntity, unclear.Status)
	require.Equal(t, ErrUnclear, unclear.Reason)
	both := d.WithForm(submissionOf(form.Field{Name: "action", Value: "pay"}, form.Field{
		Name: "action", Value: "renew",
	}))
	require.Len(t, both.Concerned, 2)

	alone := New(optionsOf(button("pay", "pay"))).Classify(requestOf(t, "POST", "/licences/apply;x?a"))
	free := alone.WithForm(submissionOf(form.Field{Name: "action", Value: "save"}))
	require.Equal(t, Forward, free.Action)
	require.Equal(t, "/licences/apply;x", free.Path)
	require.Equal(t, "/licences/apply;x?a", free.Target.String())
}

func TestWithOtherSources(t *testing.T) {
	t.Parallel()
	cheap, dear := routeOf(t, "POST /index.php?page=form"), routeOf(t, "POST /index.php?page=apply")
	c := New(optionsOf(cheap, dear, routeOf(t, "POST /{path...}")))
	for target, needs := range map[string]bool{
		"/index.php?page=home": true, "/index.php": true, "/index.php?page=apply": true, "/other": false,
	} {
		require.Equal(t, needs, c.Classify(requestOf(t, "POST", target)).NeedsForm(), target)
	}
	home := c.Classify(requestOf(t, "POST", "/index.php?page=home"))
	require.Equal(t, Pay, home.WithOtherSources(nil, false).Action)
	require.Equal(t, Refuse, home.WithOtherSources(nil, true).Action)
	require.Equal(t, Refuse, home.WithOtherSources([]form.Field{{Name: "Page", Value: "apply"}}, false).Action)
	apply := c.Classify(requestOf(t, "POST", "/index.php?page=apply"))
	require.Equal(t, Pay, apply.WithOtherSources([]form.Field{{Name: "page", Value: "apply"}}, false).Action)
	require.Equal(t, Refuse, apply.WithOtherSources([]form.Field{{Name: "page", Value: "x"}}, false).Action)
}

func TestARefusalNamesTheDecodersThatMadeTheDifference(t *testing.T) {
	t.Parallel()
	c := classifierOf(t, "POST /licences/apply")
	for target, want := range map[string]string{
		"/licences/%61pply":        "escapes decoded",
		"/licences//apply":         "slashes merged",
		"/x/..;/licences/apply":    "`;parameters` dropped, then dot segments resolved",
		"/LICENCES/apply":          "", // only the case differs
		"/licences/apply.json":     "",
		"/licences//apply.json":    "slashes merged",
		"/licences/apply::$DATA":   "NTFS streams dropped",
		"/index.php/licences/pay":  "",
		"/licences/%2561pply":      "escapes decoded, then escapes decoded",
		"/licences/appl%c3%bd":     "escapes decoded, then accents dropped",
		"/licences/apply%00.jpg":   "escapes decoded, then cut at NUL",
		"/(S(x))/licences/apply":   "cookieless tickets dropped",
		"/licences%5Capply":        "escapes decoded, then backslashes turned",
		"/a/%2e%2e/licences/apply": "escapes decoded, then dot segments resolved",
	} {
		names, _ := canon.Describe(c.Classify(requestOf(t, "POST", target)).Decoders)
		require.Equal(t, want, names, target)
	}
}

func TestClassifySafeMethods(t *testing.T) {
	t.Parallel()
	route := routeOf(t, "POST /licences/apply")
	route.When = &form.Condition{Field: "action", Value: "pay"}
	c := New(optionsOf(route))
	for _, line := range [][2]string{
		{"GET", "/licences/apply?step=2"},
		{"HEAD", "/licences/apply"},
		{"OPTIONS", "/licences/apply"},
		{"GET", "/Licences//apply?lang=cy"},
	} {
		d := c.Classify(requestOf(t, line[0], line[1]))
		require.Equal(t, Forward, d.Action, line)
		require.True(t, d.WithoutForm, line)
	}
	require.False(t, c.Classify(requestOf(t, "GET", "/licences/apply")).WithoutForm, "it carries nothing")
	for target, reason := range map[string]*Reason{
		"/licences/apply?action=pay":      ErrQueryForm,
		"/licences/apply?action":          ErrQueryForm,
		"/licences//apply?Action%5B%5D":   ErrQueryForm,
		"/licences/apply?__VIEWSTATE=x":   ErrPostback,
		"/licences/apply.php?action=pay":  ErrQueryForm,
		"/licences/apply&action=pay":      ErrQueryForm,
		"/licences/apply%3Faction%3Dpay":  ErrQueryForm,
		"/licences/apply;__EVENTTARGET=x": ErrPostback,
	} {
		d := c.Classify(requestOf(t, "GET", target))
		require.Equal(t, Refuse, d.Action, target)
		require.Equal(t, reason, d.Reason, target)
	}
	pressed := requestOf(t, "GET", "/licences/apply")
	pressed.Header.Set("Cookie", "action=pay")
	require.Equal(t, ErrCookieForm, c.Classify(pressed).Reason)

	route.GetQuery = []string{"step"}
	c = New(optionsOf(route))
	require.Equal(t, Forward, c.Classify(requestOf(t, "GET", "/licences/apply?step=2")).Action)
	require.Equal(t, ErrGetQuery, c.Classify(requestOf(t, "GET", "/licences/apply?page=2")).Reason)
	require.Equal(t, ErrHandler, c.Classify(requestOf(t, "GET", "/licences/apply/pay")).Reason)
}

func TestTargetParameters(t *testing.T) {
	t.Parallel()
	for target, want := range map[string][3]string{ // parameters, carried by GET and by OPTIONS
		"/a?x=1":             {"x=1", "x=1", ""},
		"/a":                 {"", "", ""},
		"/a;jsessionid=1?x":  {"x&jsessionid=1", "x", ""},
		"/a&b=2?x":           {"x&b=2", "x&b=2", "b=2"},
		"/a%3Fb=2":           {"b=2", "b=2", "b=2"},
		"/a%253Fb=2%26c?x=1": {"x=1&c&b=2&c", "x=1&c&b=2&c", "c&b=2&c"},
	} {
		path, query, _ := strings.Cut(target, "?")
		at := Target{Path: path, Query: query}
		got := [3]string{at.parameters(), at.carried(http.MethodGet), at.carried(http.MethodOptions)}
		require.Equal(t, want, got, target)
	}
}

func TestRemedyNamesSettings(t *testing.T) {
	t.Parallel()
	require.Equal(
		t, "X_ALIASES, if it leads to the pay code; X_ALLOW, if it leads to other code", Remedy(ErrHandler, "X_"),
	)
	require.Equal(t, "X_ALIASES, if it leads to the pay code", Remedy(errEscape, "X_"))
	require.Equal(t, "strict match", RuleOf(ErrHandler))
	require.Equal(t, "address", RuleOf(http.ErrBodyNotAllowed))
}
