package paying

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

func TestPassReachesServiceByteForByte(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download/{name}")
	for _, name := range []string{
		"My%20file.pdf", "a(1).pdf", "o'neil.pdf", "caf%C3%A9.pdf", "a,b.pdf", "a+b.pdf",
		"a@2x.pdf", "caf%c3%a9.pdf",
	} {
		c := h.Citizen()
		require.Equal(t, http.StatusSeeOther, c.Get("/download/"+name).Status, name)
		h.EndPayment("success")
		c.ReturnFromPay()
		require.Equal(t, http.StatusOK, c.Get("/download/"+name).Status)
		got := h.Service.Requests(http.MethodGet)
		require.Equal(t, "/download/"+name, got[len(got)-1].Target)
		require.Equal(t, "success", got[len(got)-1].Header.Get("Paygate-Status"))
		require.NotEqual(t, http.StatusOK, c.Get("/download/x"+name).Status, "the pass covers that address only")
	}
}

// TestAmbiguousPassAddressesAreRefused also proves that the setting ALLOW passes addresses of other code.
func TestAmbiguousPassAddressesAreRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_REGISTER_MATCH=GET /report",
		"PAYGATE_ROUTE_REGISTER_ALLOW=GET /report/help,GET /report.css")
	for _, target := range []string{
		"/report.csv", "/report.json", "/report.json/", "/report.pdf", "/index.php/report", "/report/x",
		"/report.json?x=1", "/report/help/x", "/report/help.pdf",
		"/report~", "/index.php/report.json",
	} {
		answer := d.MustBlock(t, "GET "+target+" HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
		require.Equal(t, http.StatusBadRequest, answer.Status, target)
		d.MustBlock(t, "HEAD "+target+" HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
	}
	require.Contains(t, d.Log.String(), "PAYGATE_ROUTE_REGISTER_ALLOW, if it leads to other code")
	for _, line := range []string{
		"GET /report/help", "HEAD /report/help", "GET /report.css?v=2", "GET /reports",
		"GET /",
	} {
		d.MustReach(t, line+" HTTP/1.1\r\nHost: apply.example.org\r\n\r\n")
	}
}

// TestPassCoversOnlyItsOwnQuery also proves that the page offers a second payment for another query.
func TestPassCoversOnlyItsOwnQuery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download",
		"PAYGATE_ROUTE_REGISTER_PASS_QUERY=lang,page")
	c := h.Citizen()
	c.Get("/download?id=1")
	h.EndPayment("success")
	c.ReturnFromPay()
	for _, target := range []string{
		"/download?id=1", "/download?id=1&lang=cy", "/download?lang=cy&id=1&page=2",
		"/download?id=1&page=", "/download?page=%63&id=1&lang",
	} {
		require.Equal(t, http.StatusOK, c.Get(target).Status, target)
	}
	for _, target := range []string{
		"/download?id=2", "/download", "/download?", "/download?id=1&id=2", "/download?id=1&x", "/download?id=%31",
		"/download?id=1&lang=cy;id=2", "/download?id=1&lang=x%26id%3d2",
		"/download?id=1&LANG=cy", "/download?id=1&lang[]=cy", "/download?id=1&", "/download?id=1&lang%00=x",
		"/download?id=1&lang=%2526",
	} {
		p := c.Get(target)
		require.Equal(t, http.StatusPaymentRequired, p.Status, target)
		require.Contains(t, p.Text, "You have not paid for this yet")
		require.Contains(t, p.Text, "It is still valid")
		require.Equal(t, http.StatusPaymentRequired, c.Do(http.MethodHead, target, nil).Status)
	}
	require.Len(t, h.Payments(), 1)
	require.Contains(t, c.Get("/download?id=2", "Accept-Language", "cy").Text, "It is still valid",
		"in the language of the payment")

	p := c.Get("/download?id=2&x='()")
	require.Contains(t, p.Text, `name="address" value="/download?id=2&amp;x=&#39;()"`)
	require.Equal(t, http.StatusSeeOther, c.Post("/_pay/pass", url.Values{"address": {"/download?id=2&x='()"}}).Status)
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, http.StatusOK, c.Get("/download?id=2&x='()").Status)
	require.Equal(t, http.StatusOK, c.Get("/download?id=2&x=%27%28%29").Status,
		"as the list of payments links to it")
	require.Equal(t, http.StatusOK, c.Get("/download?id=1").Status, "the first pass is still valid")
	require.Len(t, h.Payments(), 2)
}

func TestPassButtonAcceptsOnlyPassAddresses(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download")
	c := h.Citizen()
	for _, address := range []string{
		"", "/", "/licences/apply", "//download", "/Download",
		"http://evil.example/download", "download", "/download#x", "/_pay/status", "/download\r\nX: y", "/_pay/pass",
	} {
		require.Equal(t, http.StatusNotFound, c.Post("/_pay/pass", url.Values{"address": {address}}).Status, address)
	}
	require.Equal(t, http.StatusMethodNotAllowed, c.Get("/_pay/pass").Status)
	require.Empty(t, h.Payments())
	require.Empty(t, h.Service.Requests(http.MethodGet))
}

func TestPassQueryStarCoversAnyQuery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download",
		"PAYGATE_ROUTE_REGISTER_PASS_QUERY=*")
	c := h.Citizen()
	c.Get("/download?id=1")
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, http.StatusOK, c.Get("/download?id=2").Status)
	require.Equal(t, http.StatusOK, c.Get("/download").Status)
}

func TestUnusedPassIsRefunded(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain, captureWindowOver)
	c := h.Citizen()
	c.Get("/register/2026")
	h.EndPayment("success")
	h.Ann().Do(http.MethodPost, "/journeys/"+c.Journeys()[0].ID+"/check", nil)
	c.SweepUntil(journey.StateReversed)
	require.Equal(t, "cancelled", h.Payments()[0].Status)
	require.Empty(t, h.Service.Requests(http.MethodGet))
}

func TestFullRefundEndsPass(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain)
	c := h.Citizen()
	c.Get("/register/2026")
	h.EndPayment("success")
	require.Equal(t, http.StatusOK, c.ReturnFromPay().Status)
	id := c.Journeys()[0].ID
	_, status, text := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 100))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, http.StatusOK, c.Get("/register/2026").Status, "a partial refund is goodwill")
	_, status, text = h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, http.StatusSeeOther, c.Get("/register/2026").Status)
	require.Len(t, h.Payments(), 2, "it has to be paid for again")
}
