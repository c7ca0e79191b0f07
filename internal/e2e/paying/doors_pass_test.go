package paying

import (
	"net/http"
	"net/url"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// A pass is for the names that browsers write: what is asked for is what the service gets, byte for byte.
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
		require.NotEqual(t, http.StatusOK, c.Get("/download/x"+name).Status, "the pass is for that address")
	}
}

// Wide readings count for passes too. They are refused and not redirected, and ALLOW names what is other code.
func TestAmbiguousPassAddressesAreRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_REGISTER_MATCH=GET /report",
		"PAYGATE_ROUTE_REGISTER_ALLOW=GET /report/help,GET /report.css")
	for _, target := range []string{
		"/report.csv", "/report.json", "/report.json/", "/report.pdf", "/index.php/report", "/report/x",
		"/report.json?x=1", "/report/help/x", "/report/help.pdf",
		"/report~", "/index.php/report.json",
	} {
		answer := d.MustBlock(t, "GET "+target+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
		require.Equal(t, http.StatusBadRequest, answer.Status, target)
		d.MustBlock(t, "HEAD "+target+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	}
	require.Contains(t, d.Log.String(), "PAYGATE_ROUTE_REGISTER_ALLOW, if it leads to other code")
	for _, line := range []string{
		"GET /report/help", "HEAD /report/help", "GET /report.css?v=2", "GET /reports",
		"GET /",
	} {
		d.MustReach(t, line+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	}
}

// A Server Action is called by its number, wherever the browser is.
func TestNextActionsRefuse(t *testing.T) {
	t.Parallel()
	call := func(target string) string {
		return "POST " + target +
			" HTTP/1.1\r\nHost: apply.example\r\nNext-Action: 7f01\r\nContent-Type: " +
			"application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann"
	}
	refusing := testserver.StartRaw(t, "PAYGATE_NEXT_ACTIONS=refuse", testserver.WhenPayButton)
	for _, target := range []string{"/", "/about", "/licences/apply"} {
		require.Equal(t, http.StatusBadRequest, refusing.MustBlock(t, call(target)).Status, target)
	}
	require.Contains(t, refusing.Log.String(), "PAYGATE_NEXT_ACTIONS")
	refusing.MustReach(t, "GET / HTTP/1.1\r\nHost: apply.example\r\nNext-Action: 7f01\r\n\r\n")
	passing := testserver.StartRaw(t, testserver.WhenPayButton)
	passing.MustReach(t, call("/about"))
	held := testserver.StartRaw(t, "PAYGATE_NEXT_ACTIONS=refuse")
	held.MustHold(t, call("/licences/apply"))
}

// One payment opens one query: who has paid for another is told so, and can pay for this one as well.
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
		"as our own list of payments links to it")
	require.Equal(t, http.StatusOK, c.Get("/download?id=1").Status, "the first is as good as before")
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
