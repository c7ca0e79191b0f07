package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// saying returns settings of the route with only the given settings about acceptance.
func saying(over ...string) map[string]string {
	all := map[string]string{
		"PAYGATE_ROUTE_LICENCE_ACCEPT": "(unset)", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION": "(unset)",
	}
	for i := 0; i < len(over); i += 2 {
		all["PAYGATE_ROUTE_LICENCE_"+over[i]] = over[i+1]
	}
	return all
}

func TestFaultsExplainHowToSetAcceptance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings []string
		faults   []string // what each says
	}{
		{nil, []string{
			"LICENCE_ACCEPT: is required: with which status does the service answer a form that it accepts?",
		}},
		{
			[]string{"ACCEPT", "303"},
			[]string{"LICENCE_ACCEPT_LOCATION: is required with ACCEPT=303: a service also redirects to its log-in"},
		},
		{[]string{"ACCEPT", "302"}, []string{"LICENCE_ACCEPT_LOCATION: is required"}},
		{[]string{"ACCEPT", "3xx", "ACCEPT_TEXT", "x"}, []string{"LICENCE_ACCEPT_LOCATION: is required"}},
		{
			[]string{"ACCEPT", "200"},
			[]string{"LICENCE_ACCEPT_TEXT: is required with ACCEPT=200, or REFUSE_TEXT: " +
				"many services show an invalid form again"},
		},
		{[]string{"ACCEPT", "201", "ACCEPT_LOCATION", "/x"}, []string{"LICENCE_ACCEPT_TEXT: is required"}},
		{
			[]string{"ACCEPT", "2xx,3xx"},
			[]string{"LICENCE_ACCEPT_LOCATION: is required", "LICENCE_ACCEPT_TEXT: is required"},
		},
		{[]string{"ACCEPT", "200-204"}, []string{"LICENCE_ACCEPT_TEXT: is required"}},
		{[]string{"ACCEPT", "301"}, nil},
		{[]string{"ACCEPT", "422"}, nil},
		{[]string{"ACCEPT", "303", "ACCEPT_LOCATION", "*"}, nil},
		{[]string{"ACCEPT", "2xx", "ACCEPT_TEXT", "*"}, nil},
		{[]string{"ACCEPT", "2xx", "REFUSE_TEXT", "There is a problem"}, nil},
		{[]string{"ACCEPT", "302-303", "ACCEPT_LOCATION", "/a?b=c,https://x.example/y"}, nil},
	} {
		_, faults := load(t, saying(c.settings...))
		require.Len(t, faults, len(c.faults), "%v: %v", c.settings, faults)
		for i, text := range c.faults {
			require.Contains(t, faults[i], "PAYGATE_ROUTE_"+text)
		}
		require.NoError(t, faults.WithoutAcceptance(), "%v", c.settings)
	}
}

func TestPassNeedsNoAcceptanceSettings(t *testing.T) {
	t.Parallel()
	s, faults := load(t, saying("MATCH", "GET /register"))
	require.Empty(t, faults)
	require.Equal(t, journey.Statuses{{From: 200, To: 299}, {From: 304, To: 304}}, s.Routes[0].Terms.Accept)
	require.NotNil(t, s.Routes[0].Terms.Acceptance)
	s, faults = load(t, saying("MATCH", "GET /register", "ACCEPT", "302", "ACCEPT_TEXT", "a | b"))
	require.Empty(t, faults)
	require.Equal(t, []string{"a", "b"}, s.Routes[0].Terms.Acceptance.Texts)
}

func TestDescribeShowsAcceptance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings []string
		words    string
		notes    []string
	}{
		{[]string{"ACCEPT", "303", "ACCEPT_LOCATION", "/done,/thanks"}, "303 to /done or /thanks", nil},
		{
			[]string{"ACCEPT", "3xx", "ACCEPT_LOCATION", "*"},
			"302 or 303 to any place of the service that does not look like the form, a log-in or an error", nil,
		},
		{
			[]string{"ACCEPT", "200,303", "ACCEPT_TEXT", "Thank you | Diolch", "ACCEPT_LOCATION", "/done"},
			`200 with the text "Thank you" or "Diolch"; 303 to /done`, nil,
		},
		{
			[]string{"ACCEPT", "2xx", "ACCEPT_TEXT", "Thanks", "REFUSE_TEXT", "Sorry | Mae problem"},
			`2xx with the text "Thanks" and without the text "Sorry" or "Mae problem"`,
			[]string{"ACCEPT_TEXT has only one text"},
		},
		{
			[]string{"ACCEPT", "2xx", "REFUSE_TEXT", "Sorry"},
			`2xx without the text "Sorry"`,
			[]string{"REFUSE_TEXT has only one text"},
		},
		{[]string{"ACCEPT", "201", "ACCEPT_TEXT", "*"}, "201, with any page", nil},
	} {
		s, faults := load(t, saying(c.settings...))
		require.Empty(t, faults)
		require.Contains(t, s.Describe(), "  accepted       "+c.words+"\n")
		require.Len(t, s.Notes, len(c.notes))
		for i, note := range c.notes {
			require.Contains(t, s.Notes[i], "PAYGATE_ROUTE_LICENCE_"+note)
			require.Contains(t, s.Describe(), "note             PAYGATE_ROUTE_LICENCE_"+note)
		}
	}
}

func TestWarningsAboutAcceptance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings []string
		warning  string
	}{
		{[]string{"ACCEPT", "303", "ACCEPT_LOCATION", "/licences"}, "/licences covers the form's own address"},
		{
			[]string{"ACCEPT", "303", "ACCEPT_LOCATION", "/x", "ALIASES", "POST /x/y"},
			"/x covers the form's own address",
		},
		{[]string{"ACCEPT", "303", "ACCEPT_LOCATION", "/x", "REFUSE_TEXT", "a | b"}, "ACCEPT has no 2xx"},
		{[]string{"ACCEPT", "200", "ACCEPT_LOCATION", "/x", "REFUSE_TEXT", "a | b"}, "ACCEPT has no redirect"},
	} {
		s, faults := load(t, saying(c.settings...))
		require.Empty(t, faults)
		require.Len(t, s.Warnings, 1, c.settings)
		require.Contains(t, s.Warnings[0], c.warning)
	}
}
