package paysim

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/paysim"
	"paygate/internal/testprocess"
)

// corporateCard has a surcharge.
const corporateCard = "4111111111111111"

// visitor is a citizen at the pages of the simulated Pay.
type visitor struct {
	browser.Tab
	t *testing.T
}

// look waits for something on a page, which must fit a telephone and be accessible.
func (v visitor) look(selector, name string) {
	v.t.Helper()
	v.Do(browser.See(selector))
	v.SetWidth(320)
	require.LessOrEqual(v.t, v.Overflow(), 0, selector)
	v.Look(name)
}

// payWithSurcharge corrects a form with mistakes first. The form may redirect to another site.
func (v visitor) payWithSurcharge() {
	v.look("#card-no", "sim-card")
	v.Do(browser.Click("#submit-card-details"))
	v.look("#error-summary", "sim-errors")
	v.EnterCard(corporateCard)
	v.look("#confirm", "sim-confirm")
	v.Do(browser.Click("#confirm"), browser.See("#service"))
}

func (v visitor) isDeclined() {
	v.EnterCard(testprocess.DeclinedCard)
	v.look("#return-url", "sim-declined")
	v.Do(browser.Click("#return-url"), browser.See("#service"))
}

func TestCardPagesAreAccessibleAndLeadBack(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<p id="service">Back</p>`))
	}))
	t.Cleanup(service.Close)
	for _, language := range []string{"en", "cy"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			pay := newServer(t, paysim.Options{PostLimit: -1, Surcharge: 250, ServiceName: "Fishing licences"})
			newCardPage := func() string {
				made := pay.created(map[string]any{"language": language, "return_url": service.URL + "/back"})
				return made.at("_links", "next_url", "href")
			}
			v := visitor{browser.Open(t, pay.url), t}
			again := newCardPage()
			v.Visit(again)
			v.payWithSurcharge()
			v.Visit(again)
			v.look("#return-url", "sim-done")
			again = newCardPage()
			v.Visit(again)
			v.Visit(again)
			v.look("#continue-link", "sim-progress")
			v.Visit(newCardPage())
			v.isDeclined()
			v.Visit("/secure/nothing")
			v.look("h1", "sim-session")
			v.Visit("/")
			v.look("table", "sim-front")
		})
	}
}
