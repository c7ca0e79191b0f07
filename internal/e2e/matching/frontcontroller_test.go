package matching

import (
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// frontController are pay routes of a service that has all of its pages at one address.
var frontController = []string{
	"PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply", "PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /index.php?page=fine",
	"PAYGATE_ROUTE_PRICED_MATCH=POST /index.php?page=shop&step=2",
	"PAYGATE_ROUTE_REGISTER_MATCH=GET /index.php?page=certificate",
}

// TestFormOrCookieCannotReplaceAQueryParameter: many services read a parameter wherever it stands.
func TestFormOrCookieCannotReplaceAQueryParameter(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, frontController...)
	parts := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n--b--\r\n"
	}
	for name, raw := range map[string]string{
		"a form": testserver.Request("POST /index.php", testserver.FormType, "page=apply"),
		"a form that disagrees": testserver.Request("POST /index.php?page=home", testserver.FormType,
			"page=apply"),
		"an encoded form": testserver.Request("POST /index.php", testserver.FormType, "p%61ge=%61pply"),
		"an array":        testserver.Request("POST /index.php", testserver.FormType, "page[]=apply"),
		"in another case": testserver.Request("POST /index.php", testserver.FormType, "Page=Apply"),
		"repeated": testserver.Request("POST /index.php", testserver.FormType,
			"page=home&page=apply"),
		"parted by a semicolon": testserver.Request("POST /index.php", testserver.FormType, "a=1;page=apply"),
		"a multipart form": testserver.Request("POST /index.php",
			"Content-Type: multipart/form-data; boundary=b\r\n", parts("page", "apply")),
		"behind the end of one": testserver.Request("POST /index.php",
			"Content-Type: multipart/form-data; boundary=b\r\n", "--b--\r\n"+parts("page", "apply")),
		"another multipart form": testserver.Request("POST /index.php",
			"Content-Type: multipart/mixed; boundary=b\r\n", parts("page", "apply")),
		"JSON": testserver.Request("POST /index.php", "Content-Type: application/json\r\n",
			`{"page":"apply"}`),
		"broken JSON": testserver.Request("POST /index.php", "Content-Type: application/json\r\n",
			`{/**/"page":"apply"}`),
		"JSON behind a mark": testserver.Request("POST /index.php", "Content-Type: application/json\r\n",
			"\xef\xbb\xbf"+`{"page":"apply"}`),
		"JSON by another name (Rails)": testserver.Request("POST /index.php", "Content-Type: text/x-json\r\n",
			`{"page":"apply"}`),
		"by another name (Werkzeug)": testserver.Request("POST /index.php",
			"Content-Type: application/x-url-encoded\r\n", "page=apply"),
		"within another name (Node)": testserver.Request("POST /index.php", "Content-Type: text/x-urlencoded\r\n",
			"page=apply"),
		"a type that a proxy drops": testserver.Request("POST /index.php",
			"Content-Type: image/png\r\nConnection: content-type\r\n", "page=apply"),
		"in the path": testserver.Request("POST /index.php&page=apply", testserver.FormType,
			"name=Ann"),
		"no type": testserver.Request("POST /index.php", "", "page=apply"),
		"two types": testserver.Request("POST /index.php",
			"Content-Type: text/plain\r\n"+testserver.FormType, "page=apply"),
		"a type that only PHP reads": testserver.Request("POST /index.php",
			"Content-Type: application/x-www-form-urlencoded,x\r\n", "page=apply"),
		"a type that begins like it": testserver.Request("POST /index.php",
			"Content-Type: application/x-www-form-urlencodedx\r\n", "page=apply"),
		"another character set": testserver.Request("POST /index.php",
			"Content-Type: application/x-www-form-urlencoded; charset=ibm037\r\n", "%97%81%87%85=%81%97%97%93%A8"),
		"chunks": "POST /index.php HTTP/1.1\r\nHost: apply.example\r\n" + testserver.FormType +
			"Transfer-Encoding: chunked\r\n\r\na\r\npage=apply\r\n0\r\n\r\n",
		"a cookie": testserver.Request("POST /index.php", "Cookie: a=1; page=apply\r\n", ""),
		"a cookie on a GET": "GET /index.php HTTP/1.1\r\nHost: apply.example\r\nCookie: " +
			"page=certificate\r\n\r\n",
		"a cookie on a HEAD": "HEAD /index.php?page=home HTTP/1.1\r\nHost: apply.example\r\nCookie: " +
			"page=certificate\r\n\r\n",
		"one condition here, one there": testserver.Request("POST /index.php?page=shop", testserver.FormType,
			"step=2"),
		"both in the form": testserver.Request("POST /index.php", testserver.FormType,
			"page=shop&step=2"),
		"another method":   testserver.Request("PUT /index.php", testserver.FormType, "page=apply"),
		"another spelling": testserver.Request("POST /INDEX.php", testserver.FormType, "page=apply"),
		"an escaped path":  testserver.Request("POST /%69ndex.php", testserver.FormType, "page=apply"),
		"a path behind": testserver.Request("POST /index.php/home", testserver.FormType,
			"page=apply"),
		"the folder": testserver.Request("POST /", testserver.FormType, "page=apply"),
		"a dear one under a cheap one's": testserver.Request("POST /index.php?page=apply", testserver.FormType,
			"page=fine"),
		"by a cookie": testserver.Request("POST /index.php?page=apply",
			testserver.FormType+"Cookie: page=fine\r\n", "name=Ann"),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusBadRequest, d.MustBlock(t, raw).Status)
		})
	}
	require.Empty(t, d.Pay.Payments())
}

// TestContradictedCheaperQueryIsRefused: PHP takes a parameter from the form before the query.
func TestContradictedCheaperQueryIsRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "free", "shadow"} {
		d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=renew",
			"PAYGATE_ROUTE_LICENCE_MODE="+mode,
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /index.php", "PAYGATE_ROUTE_PRICED_MATCH=POST /other")
		for _, raw := range []string{
			testserver.Request("POST /index.php?page=renew", testserver.FormType, "page=apply"),
			testserver.Request("POST /index.php?page=renew", testserver.FormType, "Page[]=apply"),
			testserver.Request("POST /index.php?page=renew", "Content-Type: application/json\r\n", `{"page":"apply"}`),
			testserver.Request("POST /index.php?page=renew", "", "page=apply"),
			testserver.Request("POST /index.php?page=renew", testserver.FormType+"Cookie: page=apply\r\n", "name=Ann"),
		} {
			require.Equal(t, http.StatusBadRequest, d.MustBlock(t, raw).Status, raw)
		}
		if mode == "on" {
			for _, body := range []string{"name=Ann", "page=renew&name=Ann"} {
				require.Equal(t, http.StatusSeeOther,
					d.MustBlock(t, testserver.Request("POST /index.php?page=renew", testserver.FormType, body)).Status)
			}
			require.EqualValues(t, 2500, d.Pay.Payments()[1].Amount)
			continue
		}
		d.Send(testserver.Request("POST /index.php?page=renew", testserver.FormType, "page=renew&name=Ann"))
		require.Len(t, d.Service.Take(), 1)
	}
}

func TestOtherFrontControllerPagesPass(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, frontController...)
	large := strings.Repeat("x", 11<<20)
	for name, c := range map[string]struct{ raw, body string }{
		"a form": {testserver.Request("POST /index.php?page=home", testserver.FormType,
			"name=Ann&page=home"), "name=Ann&page=home"},
		"another page's step": {
			testserver.Request("POST /index.php?page=other", testserver.FormType, "step=2"),
			"step=2",
		},
		"no parameters": {testserver.Request("POST /index.php", "", ""), ""},
		"a list of JSON": {testserver.Request("POST /index.php", "Content-Type: application/json\r\n",
			`["apply"]`), `["apply"]`},
		"XML": {testserver.Request("POST /index.php", "Content-Type: text/xml\r\n",
			"page=apply"), "page=apply"},
		"a file, however large": {testserver.Request("POST /index.php",
			"Content-Type: application/octet-stream\r\n", large), large},
		"a form at another address": {
			testserver.Request("POST /other.php", testserver.FormType, "page=apply"),
			"page=apply",
		},
		"cookies": {testserver.Request("POST /index.php?page=home",
			testserver.FormType+"Cookie: page=home; sid=apply\r\n", "a=1"), "a=1"},
		"a GET": {"GET /index.php?page=home HTTP/1.1\r\nHost: apply.example\r\nCookie: " +
			"page=home\r\n\r\n", ""},
		"a GET less its form": {
			testserver.Request("GET /index.php", testserver.FormType, "page=certificate"),
			"",
		},
		"a GET of a submission's": {"GET /index.php?page=apply HTTP/1.1\r\nHost: apply.example\r\n\r\n", ""},
		"chunks": {"POST /index.php HTTP/1.1\r\nHost: apply.example\r\n" + testserver.FormType +
			"Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n", "a=1"},
		"a page whose name contains": {testserver.Request("POST /index.php?page=applying", testserver.FormType,
			"homepage=apply"), "homepage=apply"},
	} {
		t.Run(name, func(t *testing.T) {
			got := d.Send(c.raw)
			require.Len(t, got.Answers, 1)
			require.Equal(t, http.StatusOK, got.Answers[0].Status, got.Answers[0].Body)
			received := d.Service.Take()
			require.Len(t, received, 1)
			require.True(t, c.body == string(received[0].Body), "byte for byte")
		})
	}
	require.Equal(t, http.StatusRequestEntityTooLarge,
		d.MustBlock(t, testserver.Request("POST /index.php", testserver.FormType, large)).Status,
		"a form that nobody has read is not free")
	require.Equal(t, http.StatusSeeOther,
		d.MustBlock(t, testserver.Request("POST /index.php?page=apply", testserver.FormType,
			"page=apply&name=Ann")).Status, "said twice alike is said once")
	require.Equal(t, http.StatusSeeOther,
		d.MustBlock(t, testserver.Request("GET /index.php?page=certificate", "", "")).Status)
}
