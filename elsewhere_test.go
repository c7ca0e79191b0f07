package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// frontController are pay routes of a service that has all of its pages at one address.
var frontController = []string{
	"PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply", "PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /index.php?page=fine",
	"PAYGATE_ROUTE_PRICED_MATCH=POST /index.php?page=shop&step=2", "PAYGATE_ROUTE_REGISTER_MATCH=GET /index.php?page=certificate",
}

const formType = "Content-Type: application/x-www-form-urlencoded\r\n"

// withForm is a request with a body, as it stands on the wire.
func withForm(line, header, body string) string {
	return fmt.Sprintf("%s HTTP/1.1\r\nHost: apply.example\r\n%sContent-Length: %d\r\n\r\n%s", line, header, len(body), body)
}

// TestWhatAQueryLeadsToIsNotReachedByAFormOrACookie: many services read a parameter wherever it stands.
func TestWhatAQueryLeadsToIsNotReachedByAFormOrACookie(t *testing.T) {
	t.Parallel()
	d := openDoor(t, frontController...)
	parts := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n--b--\r\n"
	}
	for name, raw := range map[string]string{
		"a form":                         withForm("POST /index.php", formType, "page=apply"),
		"a form that disagrees":          withForm("POST /index.php?page=home", formType, "page=apply"),
		"an encoded form":                withForm("POST /index.php", formType, "p%61ge=%61pply"),
		"an array":                       withForm("POST /index.php", formType, "page[]=apply"),
		"in another case":                withForm("POST /index.php", formType, "Page=Apply"),
		"repeated":                       withForm("POST /index.php", formType, "page=home&page=apply"),
		"parted by a semicolon":          withForm("POST /index.php", formType, "a=1;page=apply"),
		"a multipart form":               withForm("POST /index.php", "Content-Type: multipart/form-data; boundary=b\r\n", parts("page", "apply")),
		"behind the end of one":          withForm("POST /index.php", "Content-Type: multipart/form-data; boundary=b\r\n", "--b--\r\n"+parts("page", "apply")),
		"another multipart form":         withForm("POST /index.php", "Content-Type: multipart/mixed; boundary=b\r\n", parts("page", "apply")),
		"JSON":                           withForm("POST /index.php", "Content-Type: application/json\r\n", `{"page":"apply"}`),
		"broken JSON":                    withForm("POST /index.php", "Content-Type: application/json\r\n", `{/**/"page":"apply"}`),
		"JSON behind a mark":             withForm("POST /index.php", "Content-Type: application/json\r\n", "\xef\xbb\xbf"+`{"page":"apply"}`),
		"JSON by another name (Rails)":   withForm("POST /index.php", "Content-Type: text/x-json\r\n", `{"page":"apply"}`),
		"by another name (Werkzeug)":     withForm("POST /index.php", "Content-Type: application/x-url-encoded\r\n", "page=apply"),
		"within another name (Node)":     withForm("POST /index.php", "Content-Type: text/x-urlencoded\r\n", "page=apply"),
		"a type that a proxy drops":      withForm("POST /index.php", "Content-Type: image/png\r\nConnection: content-type\r\n", "page=apply"),
		"in the path":                    withForm("POST /index.php&page=apply", formType, "name=Ann"),
		"no type":                        withForm("POST /index.php", "", "page=apply"),
		"two types":                      withForm("POST /index.php", "Content-Type: text/plain\r\n"+formType, "page=apply"),
		"a type that only PHP reads":     withForm("POST /index.php", "Content-Type: application/x-www-form-urlencoded,x\r\n", "page=apply"),
		"a type that begins like it":     withForm("POST /index.php", "Content-Type: application/x-www-form-urlencodedx\r\n", "page=apply"),
		"another character set":          withForm("POST /index.php", "Content-Type: application/x-www-form-urlencoded; charset=ibm037\r\n", "%97%81%87%85=%81%97%97%93%A8"),
		"chunks":                         "POST /index.php HTTP/1.1\r\nHost: apply.example\r\n" + formType + "Transfer-Encoding: chunked\r\n\r\na\r\npage=apply\r\n0\r\n\r\n",
		"a cookie":                       withForm("POST /index.php", "Cookie: a=1; page=apply\r\n", ""),
		"a cookie on a GET":              "GET /index.php HTTP/1.1\r\nHost: apply.example\r\nCookie: page=certificate\r\n\r\n",
		"a cookie on a HEAD":             "HEAD /index.php?page=home HTTP/1.1\r\nHost: apply.example\r\nCookie: page=certificate\r\n\r\n",
		"one condition here, one there":  withForm("POST /index.php?page=shop", formType, "step=2"),
		"both in the form":               withForm("POST /index.php", formType, "page=shop&step=2"),
		"another method":                 withForm("PUT /index.php", formType, "page=apply"),
		"another spelling":               withForm("POST /INDEX.php", formType, "page=apply"),
		"an escaped path":                withForm("POST /%69ndex.php", formType, "page=apply"),
		"a path behind":                  withForm("POST /index.php/home", formType, "page=apply"),
		"the folder":                     withForm("POST /", formType, "page=apply"),
		"a dear one under a cheap one's": withForm("POST /index.php?page=apply", formType, "page=fine"),
		"by a cookie":                    withForm("POST /index.php?page=apply", formType+"Cookie: page=fine\r\n", "name=Ann"),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusBadRequest, d.isNotFree(t, raw).status)
		})
	}
	require.Empty(t, d.pay.Payments())
}

// TestNothingContradictsAQueryThatLowersThePrice: PHP takes a parameter from the form before the query.
func TestNothingContradictsAQueryThatLowersThePrice(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "free", "shadow"} {
		d := openDoor(t, "PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=renew", "PAYGATE_ROUTE_LICENCE_MODE="+mode,
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /index.php", "PAYGATE_ROUTE_PRICED_MATCH=POST /other")
		for _, raw := range []string{
			withForm("POST /index.php?page=renew", formType, "page=apply"),
			withForm("POST /index.php?page=renew", formType, "Page[]=apply"),
			withForm("POST /index.php?page=renew", "Content-Type: application/json\r\n", `{"page":"apply"}`),
			withForm("POST /index.php?page=renew", "", "page=apply"),
			withForm("POST /index.php?page=renew", formType+"Cookie: page=apply\r\n", "name=Ann"),
		} {
			require.Equal(t, http.StatusBadRequest, d.isNotFree(t, raw).status, raw)
		}
		if mode == "on" {
			for _, body := range []string{"name=Ann", "page=renew&name=Ann"} {
				require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /index.php?page=renew", formType, body)).status)
			}
			require.EqualValues(t, 2500, d.pay.Payments()[1].Amount)
			continue
		}
		d.speak(withForm("POST /index.php?page=renew", formType, "page=renew&name=Ann"))
		require.Len(t, d.service.take(), 1)
	}
}

func TestOtherPagesOfAFrontControllerAreFree(t *testing.T) {
	t.Parallel()
	d := openDoor(t, frontController...)
	large := strings.Repeat("x", 11<<20)
	for name, c := range map[string]struct{ raw, body string }{
		"a form":                     {withForm("POST /index.php?page=home", formType, "name=Ann&page=home"), "name=Ann&page=home"},
		"another page's step":        {withForm("POST /index.php?page=other", formType, "step=2"), "step=2"},
		"no parameters":              {withForm("POST /index.php", "", ""), ""},
		"a list of JSON":             {withForm("POST /index.php", "Content-Type: application/json\r\n", `["apply"]`), `["apply"]`},
		"XML":                        {withForm("POST /index.php", "Content-Type: text/xml\r\n", "page=apply"), "page=apply"},
		"a file, however large":      {withForm("POST /index.php", "Content-Type: application/octet-stream\r\n", large), large},
		"a form at another address":  {withForm("POST /other.php", formType, "page=apply"), "page=apply"},
		"cookies":                    {withForm("POST /index.php?page=home", formType+"Cookie: page=home; sid=apply\r\n", "a=1"), "a=1"},
		"a GET":                      {"GET /index.php?page=home HTTP/1.1\r\nHost: apply.example\r\nCookie: page=home\r\n\r\n", ""},
		"a GET less its form":        {withForm("GET /index.php", formType, "page=certificate"), ""},
		"a GET of a submission's":    {"GET /index.php?page=apply HTTP/1.1\r\nHost: apply.example\r\n\r\n", ""},
		"chunks":                     {"POST /index.php HTTP/1.1\r\nHost: apply.example\r\n" + formType + "Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n", "a=1"},
		"a page whose name contains": {withForm("POST /index.php?page=applying", formType, "homepage=apply"), "homepage=apply"},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.speak(c.raw)
			require.Len(t, got.answers, 1)
			require.Equal(t, http.StatusOK, got.answers[0].status, got.answers[0].body)
			received := d.service.take()
			require.Len(t, received, 1)
			require.True(t, c.body == string(received[0].body), "byte for byte")
		})
	}
	require.Equal(t, http.StatusRequestEntityTooLarge, d.isNotFree(t, withForm("POST /index.php", formType, large)).status, "a form that nobody has read is not free")
	require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("POST /index.php?page=apply", formType, "page=apply&name=Ann")).status, "said twice alike is said once")
	require.Equal(t, http.StatusSeeOther, d.isNotFree(t, withForm("GET /index.php?page=certificate", "", "")).status)
}
