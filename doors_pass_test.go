package main

import (
	"net/http"
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
