package matching

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"
	"paygate/journey"

	"github.com/stretchr/testify/require"
)

// alwaysOK is a service that answers 200 whether it accepts a form or not, as with most frameworks.
func alwaysOK(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch {
	case r.Method == http.MethodGet:
		_, _ = io.WriteString(w, "<h1>Apply for a licence</h1><form method=post></form>")
	case !strings.Contains(r.FormValue("email"), "@"):
		_, _ = io.WriteString(w, "<h1>There is a problem</h1><p>Enter an email address</p><form method=post></form>")
	default:
		_, _ = io.WriteString(w, "<h1>Application received</h1>")
	}
}

// textRules returns settings that recognise acceptance by text.
func textRules(rules ...string) []string {
	settings := []string{"PAYGATE_ROUTE_LICENCE_ACCEPT=200", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION="}
	for _, rule := range append([]string{"ACCEPT_TEXT="}, rules...) {
		settings = append(settings, "PAYGATE_ROUTE_LICENCE_"+rule)
	}
	return settings
}

func TestInvalidFormShownAgainWith200IsNotCharged(t *testing.T) {
	t.Parallel()
	for _, rules := range [][]string{
		{"ACCEPT_TEXT=Application received | Cais wedi dod i law"},
		{"REFUSE_TEXT=There is a problem | Mae problem"},
		{"ACCEPT_TEXT=Application received", "REFUSE_TEXT=There is a problem"},
		{"ACCEPT_TEXT=*", "REFUSE_TEXT=There is a problem"},
	} {
		h := testserver.New(t, alwaysOK, textRules(rules...)...)
		c := h.Citizen()
		form := url.Values{"name": {"Ada"}, "email": {"ada-at-example"}}
		require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", form).Status)
		h.EndPayment("success")
		c.ReturnUntil(t.Context())
		require.Equal(t, journey.StateRefused, c.State(), rules)
		require.Equal(t, "capturable", h.Payments()[0].Status, "no money is taken")

		form.Set("email", "ada@example.org")
		p := c.Post("/licences/apply", form)
		require.Contains(t, p.Text, "Application received", "the corrected form uses the same payment: %d %v",
			p.Status, p.Header)
		require.Len(t, h.Payments(), 1)
		require.Equal(t, "success", h.Payments()[0].Status)
		require.Equal(t, journey.StateReleased, c.State())
	}
}

// redirects is a service that answers a form with a redirect.
func redirects(status int, location string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			testserver.Plain(w, r)
			return
		}
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}
}

func TestRefusingRedirectTakesNoMoney(t *testing.T) {
	t.Parallel()
	for location, states := range map[string]struct{ exact, any journey.State }{
		"/login?next=/licences/apply":     {journey.StateRefused, journey.StateStuck},
		"/Error?aspxerrorpath=/licences":  {journey.StateRefused, journey.StateStuck},
		"/licences/apply":                 {journey.StateRefused, journey.StateStuck},
		"https://other.example/licences/": {journey.StateRefused, journey.StateStuck},
		"/licences/confirmation/RVM-1":    {journey.StateReleased, journey.StateReleased},
	} {
		for rule, state := range map[string]journey.State{"/licences/confirmation": states.exact, "*": states.any} {
			answer := redirects(http.StatusFound, location)
			h, c := testserver.NewWithPayment(t, answer, "PAYGATE_ROUTE_LICENCE_ACCEPT=302",
				"PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION="+rule)
			c.ReturnUntil(t.Context())
			require.Equal(t, state, c.State(), "%s with ACCEPT_LOCATION=%s", location, rule)
			require.Equal(t, state == journey.StateReleased, h.Payments()[0].Status == "success", location)
		}
	}
}

func TestRepeatRequestResponseTakesNoMoney(t *testing.T) {
	t.Parallel()
	for status, locations := range map[int]map[string]journey.State{
		http.StatusMovedPermanently: {
			"/licences/apply/":                          journey.StateRefused,
			"https://www.example.gov.uk/licences/apply": journey.StateRefused, "/x": journey.StateStuck,
		},
		http.StatusTemporaryRedirect: {
			"/licences/apply/":       journey.StateRefused,
			"/licences/confirmation": journey.StateStuck,
		},
		http.StatusPermanentRedirect: {"/Licences/Apply": journey.StateRefused},
		http.StatusNotModified:       {"": journey.StateRefused},
		http.StatusMultipleChoices:   {"/licences/confirmation": journey.StateRefused},
	} {
		for location, state := range locations {
			h, c := testserver.NewWithPayment(t, redirects(status, location))
			c.ReturnUntil(t.Context())
			require.Equal(t, state, c.State(), "%d %s", status, location)
			require.Equal(t, "capturable", h.Payments()[0].Status)
		}
	}
}

func TestSignInPageIsNotAPaidFile(t *testing.T) {
	t.Parallel()
	signIn := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<h1>Sign in</h1>") }
	for rule, state := range map[string]journey.State{
		"ACCEPT_TEXT=Register of 2026":           journey.StateRefused,
		"REFUSE_TEXT=Sign in":                    journey.StateRefused,
		"ACCEPT_TEXT=Sign in | Register of 2026": journey.StateReleased,
		"ACCEPT=206":                             journey.StateRefused,
		"ACCEPT=200":                             journey.StateReleased, // without a text
	} {
		h := testserver.New(t, signIn, "PAYGATE_ROUTE_REGISTER_"+rule)
		c := h.Citizen()
		c.Get("/register/2026")
		h.EndPayment("success")
		c.Get("/register/2026", "Range", "bytes=0-3")
		require.Equal(t, state, c.State(), rule)
		require.Equal(t, state == journey.StateReleased, h.Payments()[0].Status == "success", rule)
		hasText := strings.Contains(rule, "_TEXT")
		require.Equal(t, hasText, h.Service.Requests(http.MethodGet)[0].Header.Get("Range") == "",
			"a part of a page may lack the text: %s", rule)
	}
}

func TestFiveRefusalsForMissingTextAreLogged(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain, textRules("ACCEPT_TEXT=Application received")...)
	for n := range 5 {
		require.NotContains(t, h.Log.String(), "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT", n)
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment("success")
		c.ReturnUntil(t.Context())
		require.Equal(t, journey.StateRefused, c.State())
	}
	for line := range strings.Lines(h.Log.String()) {
		if strings.Contains(line, "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT") {
			require.Contains(t, line, `"level":"ERROR"`)
			require.Contains(t, line, `"route":"licence"`)
			return
		}
	}
	t.Fatal("no error was logged")
}

// A changed setting applies only to new journeys.
func TestJourneyKeepsItsAcceptanceRule(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, alwaysOK, textRules("ACCEPT_TEXT=Application received")...)
	h.Restart(textRules("ACCEPT_TEXT=Something else")...)
	c.ReturnUntil(t.Context())
	require.Equal(t, journey.StateReleased, c.State())
}

func TestDoctorReportsWeakAcceptanceRules(t *testing.T) {
	t.Parallel()
	for line, settings := range map[string][]string{
		"ok: the settings say which answers mean yes": {
			"ACCEPT_LOCATION=/licences/confirmation",
		},
		"warning: PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=* accepts almost any redirect": {"ACCEPT_LOCATION=*"},
		"warning: with PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=* the status alone decides": {
			"ACCEPT=2xx", "ACCEPT_TEXT=*",
			"ACCEPT_LOCATION=",
		},
		"note: citizens pay for any page with a status in ACCEPT, even a log-in page": {
			"MATCH=GET /register.pdf",
			"ACCEPT=", "ACCEPT_LOCATION=",
		},
	} {
		over := []string{}
		for _, setting := range settings {
			over = append(over, "PAYGATE_ROUTE_LICENCE_"+setting)
		}
		v := testserver.NewDoctor(t, testserver.FormPage(), over...).Run()
		require.Contains(t, v.Lines["acceptance licence"], line)
	}
}
