package matching

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestHarmlessRequestsNearPayPathsPassUnchanged(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton, "PAYGATE_ROUTE_LICENCE_GET_QUERY=*",
		"PAYGATE_ROUTE_REGISTER_MATCH=GET /report",
		"PAYGATE_ROUTE_LICENCE_ALLOW=POST /licences/apply/step-2,POST /licences/apply/postcode-lookup,PATCH "+
			"/licences/apply/{id},GET /licences/apply?action=pay")
	const form, save = "application/x-www-form-urlencoded", "name=Ann&action=save"
	for _, c := range []struct{ line, contentType, body string }{
		{"GET /licences/apply", "", ""},
		{"GET /licences/apply?", "", ""},
		{"GET /licences/apply?page=2&lang=cy", "", ""},
		{"GET /licences/apply?action=save", "", ""},
		{"GET /licences/apply?action=pay", "", ""}, // ALLOW says so
		{"GET /licences/apply?next=/licences/apply&pay=1", "", ""},
		{"GET /licences/apply?utm_source=letter&utm_medium=post", "", ""},
		{"GET /licences/apply/", "", ""},
		{"GET /licences/apply/help", "", ""},
		{"GET /licences/apply/help?q=how+to+pay", "", ""},
		{"GET /licences/apply/uploads/7", "", ""},
		{"GET /licences/apply.css?v=3", "", ""},
		{"GET /Licences/Apply", "", ""},
		{"GET /licences/apply;jsessionid=1", "", ""},
		{"GET /cy/licences/apply", "", ""},
		{"GET /index.php/licences/apply", "", ""},
		{"GET /licences/apply?viewState=list", "", ""},
		{"GET /licences/apply?event_target=x", "", ""},
		{"GET /licences/apply?transaction=pay", "", ""},
		{"GET /licences/apply?q=action%3Dpay", "", ""},
		{"GET /licences?action=pay", "", ""},
		{"GET /?action=pay", "", ""},
		{"GET /search?q=action=pay&__VIEWSTATE=x", "", ""},
		{"GET /reports", "", ""},
		{"GET /reports/2026.pdf", "", ""},
		{"GET /report-a-problem", "", ""},
		{"GET /report-a-problem?id=1", "", ""},
		{"GET /annual/report", "", ""},
		{"GET /download/report.pdf", "", ""},
		{"GET /assets/report.css", "", ""},
		{"GET /_next/static/chunks/report.js", "", ""},
		{"GET /_next/data/build/index.json", "", ""},
		{"HEAD /reports", "", ""},
		{"HEAD /licences", "", ""},
		{"OPTIONS /licences?x=1", "", ""},
		{"OPTIONS /licences/apply", "", ""},
		{"OPTIONS /licences/apply/help", "", ""},
		{"POST /licences/apply", form, save},
		{"POST /licences/apply?lang=cy", form, save},
		{"POST /licences/apply", form, "action=save&comment=I+want+to+pay"},
		{"POST /licences/apply", form, "action=save&action_note=pay"},
		{"POST /licences/apply", form, "name=Ann"},
		{"POST /licences/apply", "application/json", `{"action":"save","comment":"pay"}`},
		{
			"POST /licences/apply", "multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nsave\r\n--b--\r\n",
		},
		{"POST /licences/apply/step-2", form, "action=pay"},
		{"POST /licences/apply/postcode-lookup", "application/json", `{"postcode":"AB1 2CD"}`},
		{"PATCH /licences/apply/5", form, "action=pay"},
		{"POST /licences/applying", form, "action=pay"},
		{"POST /licences/apply-online", form, "action=pay"},
		{"POST /licences", form, "action=pay"},
		{"POST /licences/renew/apply-again", form, "action=pay"},
		{"POST /login?next=/licences/apply", form, "user=ann"},
		{"POST /search", form, "q=licences/apply"},
		{"POST /apply", form, "action=pay"},
		{"PUT /documents/licences-apply.pdf", "application/pdf", "%PDF"},
		{"POST /reports", form, "x=1"},
		{"DELETE /people/7", "", ""},
		{"POST /", "text/plain;charset=UTF-8", "[]"},
		{"POST /licence/apply", form, "action=pay"},
	} {
		head := "Host: apply.example.org\r\n"
		if c.contentType != "" {
			head += "Content-Type: " + c.contentType + "\r\n"
		}
		if c.body != "" {
			head += fmt.Sprintf("Content-Length: %d\r\n", len(c.body))
		}
		answer := d.Send(c.line + " HTTP/1.1\r\n" + head + "\r\n" + c.body)
		got := d.Service.Take()
		require.Len(t, got, 1, c.line+" "+c.body)
		require.Equal(t, c.line+" HTTP/1.1", got[0].Line)
		require.Equal(t, c.body, string(got[0].Body))
		require.Equal(t, c.contentType, strings.Join(got[0].Values("Content-Type"), ""))
		require.Equal(t, []string{"none"}, got[0].Values("Paygate-Status"))
		require.Equal(t, http.StatusOK, answer.Answers[0].Status)
	}
	require.Empty(t, d.Pay.Payments())
}
