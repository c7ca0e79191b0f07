package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// A pass is for the names that browsers write: what is asked for is what the service gets, byte for byte.
func TestAFileWithAnyNameCanBeBought(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download/{name}")
	for _, name := range []string{"My%20file.pdf", "a(1).pdf", "o'neil.pdf", "caf%C3%A9.pdf", "a,b.pdf", "a+b.pdf", "a@2x.pdf", "caf%c3%a9.pdf"} {
		c := h.citizen()
		require.Equal(t, http.StatusSeeOther, c.get("/download/"+name).status, name)
		h.pays("success")
		c.comesBack()
		require.Equal(t, http.StatusOK, c.get("/download/"+name).status)
		got := h.service.got(http.MethodGet)
		require.Equal(t, "/download/"+name, got[len(got)-1].target)
		require.Equal(t, "success", got[len(got)-1].header.Get("Paygate-Status"))
		require.NotEqual(t, http.StatusOK, c.get("/download/x"+name).status, "the pass is for that address")
	}
}

// Wide readings count for passes too. They are refused and not redirected, and ALLOW names what is other code.
func TestWideReadingsOfAPassAreRefused(t *testing.T) {
	t.Parallel()
	d := openDoor(t, "PAYGATE_ROUTE_REGISTER_MATCH=GET /report", "PAYGATE_ROUTE_REGISTER_ALLOW=GET /report/help,GET /report.css")
	for _, target := range []string{
		"/report.csv", "/report.json", "/report.json/", "/report.pdf", "/index.php/report", "/report/x", "/report.json?x=1", "/report/help/x", "/report/help.pdf",
		"/report~", "/index.php/report.json",
	} {
		answer := d.isNotFree(t, "GET "+target+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
		require.Equal(t, http.StatusBadRequest, answer.status, target)
		d.isNotFree(t, "HEAD "+target+" HTTP/1.1\r\nHost: apply.example\r\n\r\n")
	}
	require.Contains(t, d.log.String(), "PAYGATE_ROUTE_REGISTER_ALLOW, if it leads to other code")
	for _, line := range []string{"GET /report/help", "HEAD /report/help", "GET /report.css?v=2", "GET /reports", "GET /"} {
		d.speak(line + " HTTP/1.1\r\nHost: apply.example\r\n\r\n")
		require.Len(t, d.service.take(), 1, line)
	}
}

// A Server Action is called by its number, wherever the browser is.
func TestServerActionsCanBeRefusedOffThePayRoutes(t *testing.T) {
	t.Parallel()
	call := func(target string) string {
		return "POST " + target + " HTTP/1.1\r\nHost: apply.example\r\nNext-Action: 7f01\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann"
	}
	refusing := openDoor(t, "PAYGATE_NEXT_ACTIONS=refuse", withButton)
	for _, target := range []string{"/", "/about", "/licences/apply"} {
		require.Equal(t, http.StatusBadRequest, refusing.isNotFree(t, call(target)).status, target)
	}
	require.Contains(t, refusing.log.String(), "PAYGATE_NEXT_ACTIONS")
	refusing.speak("GET / HTTP/1.1\r\nHost: apply.example\r\nNext-Action: 7f01\r\n\r\n")
	require.Len(t, refusing.service.take(), 1)
	passing := openDoor(t, withButton)
	passing.speak(call("/about"))
	require.Len(t, passing.service.take(), 1)
	held := openDoor(t, "PAYGATE_NEXT_ACTIONS=refuse")
	require.Equal(t, http.StatusSeeOther, held.isNotFree(t, call("/licences/apply")).status)
}

// One payment opens one query: who has paid for another is told so, and can pay for this one as well.
func TestAPassIsForItsQuery(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download", "PAYGATE_ROUTE_REGISTER_PASS_QUERY=lang,page")
	c := h.citizen()
	c.get("/download?id=1")
	h.pays("success")
	c.comesBack()
	for _, target := range []string{"/download?id=1", "/download?id=1&lang=cy", "/download?lang=cy&id=1&page=2", "/download?id=1&page=", "/download?page=%63&id=1&lang"} {
		require.Equal(t, http.StatusOK, c.get(target).status, target)
	}
	for _, target := range []string{
		"/download?id=2", "/download", "/download?", "/download?id=1&id=2", "/download?id=1&x", "/download?id=%31", "/download?id=1&lang=cy;id=2", "/download?id=1&lang=x%26id%3d2",
		"/download?id=1&LANG=cy", "/download?id=1&lang[]=cy", "/download?id=1&", "/download?id=1&lang%00=x", "/download?id=1&lang=%2526",
	} {
		p := c.get(target)
		require.Equal(t, http.StatusPaymentRequired, p.status, target)
		require.Contains(t, p.text, "You have not paid for this yet")
		require.Contains(t, p.text, "It is still valid")
		require.Equal(t, http.StatusPaymentRequired, c.do(http.MethodHead, target, nil).status)
	}
	require.Len(t, h.payments(), 1)
	require.Contains(t, c.get("/download?id=2", "Accept-Language", "cy").text, "It is still valid", "in the language of the payment")

	p := c.get("/download?id=2&x='()")
	require.Contains(t, p.text, `name="address" value="/download?id=2&amp;x=&#39;()"`)
	require.Equal(t, http.StatusSeeOther, c.post("/_pay/pass", url.Values{"address": {"/download?id=2&x='()"}}).status)
	h.pays("success")
	c.comesBack()
	require.Equal(t, http.StatusOK, c.get("/download?id=2&x='()").status)
	require.Equal(t, http.StatusOK, c.get("/download?id=2&x=%27%28%29").status, "as our own list of payments links to it")
	require.Equal(t, http.StatusOK, c.get("/download?id=1").status, "the first is as good as before")
	require.Len(t, h.payments(), 2)
}

func TestOnlyAPassIsBoughtByItsButton(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download")
	c := h.citizen()
	for _, address := range []string{"", "/", "/licences/apply", "//download", "/Download", "http://evil.example/download", "download", "/download#x", "/_pay/status", "/download\r\nX: y", "/_pay/pass"} {
		require.Equal(t, http.StatusNotFound, c.post("/_pay/pass", url.Values{"address": {address}}).status, address)
	}
	require.Equal(t, http.StatusMethodNotAllowed, c.get("/_pay/pass").status)
	require.Empty(t, h.payments())
	require.Empty(t, h.service.got(http.MethodGet))
}

func TestAPassForAnyQuery(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_ROUTE_REGISTER_MATCH=GET /download", "PAYGATE_ROUTE_REGISTER_PASS_QUERY=*")
	c := h.citizen()
	c.get("/download?id=1")
	h.pays("success")
	c.comesBack()
	require.Equal(t, http.StatusOK, c.get("/download?id=2").status)
	require.Equal(t, http.StatusOK, c.get("/download").status)
}
