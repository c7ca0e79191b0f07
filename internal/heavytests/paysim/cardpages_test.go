package paysim

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/testbrowser"
	"paygate/internal/paysim"
)

// shown waits for something on the page. The wait is begun again where it was cut off by the page giving way to the
// next.
func shown(t *testing.T, tab context.Context, selector string) {
	t.Helper()
	var err error
	for range 5 {
		if err = chromedp.Do(tab, chromedp.WaitVisible(chromedp.CSS(selector))); err == nil {
			return
		}
	}
	require.NoError(t, err, selector)
}

// seen is a page that has been drawn in a real browser: it fits a telephone, and axe has nothing to say.
func seen(t *testing.T, tab context.Context, selector string) {
	t.Helper()
	shown(t, tab, selector)
	require.NoError(t, testbrowser.Width(tab, 320))
	require.LessOrEqual(t, testbrowser.Overflow(t, tab), 0, selector)
	testbrowser.Axe(t, tab)
}

func fillCard(t *testing.T, tab context.Context, number string) {
	t.Helper()
	for _, field := range [][2]string{
		{"#cardNo", number},
		{"#expiryMonth", "11"},
		{"#expiryYear", "30"},
		{"#cardholderName", "Ann"},
		{"#cvc", "123"},
		{"#email", "a@example.org"},
	} {
		require.NoError(t, chromedp.Do(tab, chromedp.SetValue(chromedp.CSS(field[0]), field[1])))
	}
	clickOn(t, tab, "#submit-card-details")
}

func clickOn(t *testing.T, tab context.Context, selector string) {
	t.Helper()
	require.NoError(t, chromedp.Do(tab, chromedp.Click(chromedp.CSS(selector))))
}

func TestPagesAreAccessibleAndLeadBackInARealBrowser(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<p id="service">Back</p>`))
	}))
	t.Cleanup(service.Close)
	for _, language := range []string{"en", "cy"} {
		t.Run(language, func(t *testing.T) {
			pay := newServer(t, paysim.Options{PostLimit: -1, Surcharge: 250, ServiceName: "Fishing licences"})
			tab := testbrowser.Tab(t)
			open := func() {
				t.Helper()
				made := pay.created(map[string]any{"language": language, "return_url": service.URL + "/back"})
				require.NoError(t, chromedp.Do(tab, chromedp.Navigate(made.at("_links", "next_url", "href"))))
			}
			open()
			seen(t, tab, "#cardNo")
			clickOn(t, tab, "#submit-card-details")
			seen(t, tab, ".errors")
			fillCard(t, tab, "4111111111111111")
			seen(t, tab, "#confirm")
			clickOn(t, tab, "#confirm")
			shown(t, tab, "#service") // the form's redirect to another site is allowed

			open()
			fillCard(t, tab, "4000000000000002")
			seen(t, tab, "#return-url")
			clickOn(t, tab, "#return-url")
			shown(t, tab, "#service")

			require.NoError(t, chromedp.Do(tab, chromedp.Navigate(pay.url+"/secure/nothing")))
			seen(t, tab, "h1")
			require.NoError(t, chromedp.Do(tab, chromedp.Navigate(pay.url+"/")))
			seen(t, tab, "table")
		})
	}
}
