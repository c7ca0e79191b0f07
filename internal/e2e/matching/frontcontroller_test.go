package matching

import (
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// frontController are the pay routes of a service with all pages at one path.
var frontController = []string{
	"PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply", "PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /index.php?page=fine",
	"PAYGATE_ROUTE_PRICED_MATCH=POST /index.php?page=shop&step=2",
	"PAYGATE_ROUTE_REGISTER_MATCH=GET /index.php?page=certificate",
}

// Many services read a parameter from the query, the form or a cookie.
func TestFormOrCookieCannotReplaceAQueryParameter(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, frontController...)
	page := part("page", "apply") + end
	for name, raw := range map[string]string{
		"a form":                            post("/index.php", formType, "page=apply"),
		"a form that disagrees":             post("/index.php?page=home", formType, "page=apply"),
		"an encoded form":                   post("/index.php", formType, "p%61ge=%61pply"),
		"an array":                          post("/index.php", formType, "page[]=apply"),
		"in another case":                   post("/index.php", formType, "Page=Apply"),
		"repeated":                          post("/index.php", formType, "page=home&page=apply"),
		"after a semicolon":                 post("/index.php", formType, "a=1;page=apply"),
		"a multipart form":                  post("/index.php", multipartType, page),
		"after the end of a multipart form": post("/index.php", multipartType, "--b--\r\n"+page),
		"another multipart form": post("/index.php",
			"Content-Type: multipart/mixed; boundary=b\r\n", page),
		"JSON":                         post("/index.php", jsonType, `{"page":"apply"}`),
		"broken JSON":                  post("/index.php", jsonType, `{/**/"page":"apply"}`),
		"JSON after a byte order mark": post("/index.php", jsonType, "\xef\xbb\xbf"+`{"page":"apply"}`),
		"another JSON type (Rails)":    post("/index.php", "Content-Type: text/x-json\r\n", `{"page":"apply"}`),
		"another form type (Werkzeug)": post("/index.php", "Content-Type: application/x-url-encoded\r\n", "page=apply"),
		"part of a form type (Node)":   post("/index.php", "Content-Type: text/x-urlencoded\r\n", "page=apply"),
		"a type removed by Connection": post("/index.php",
			"Content-Type: image/png\r\nConnection: content-type\r\n", "page=apply"),
		"in the path": post("/index.php&page=apply", formType, "name=Ann"),
		"no type":     post("/index.php", "", "page=apply"),
		"two types":   post("/index.php", textType+formType, "page=apply"),
		"a type that only PHP reads": post("/index.php",
			"Content-Type: application/x-www-form-urlencoded,x\r\n", "page=apply"),
		"a type with the same prefix": post("/index.php",
			"Content-Type: application/x-www-form-urlencodedx\r\n", "page=apply"),
		"another character set": post("/index.php",
			"Content-Type: application/x-www-form-urlencoded; charset=ibm037\r\n", "%97%81%87%85=%81%97%97%93%A8"),
		"chunks": "POST /index.php HTTP/1.1\r\nHost: apply.example.org\r\n" + formType +
			"Transfer-Encoding: chunked\r\n\r\na\r\npage=apply\r\n0\r\n\r\n",
		"a cookie": post("/index.php", "Cookie: a=1; page=apply\r\n", ""),
		"a cookie on a GET": "GET /index.php HTTP/1.1\r\nHost: apply.example.org\r\nCookie: " +
			"page=certificate\r\n\r\n",
		"a cookie on a HEAD": "HEAD /index.php?page=home HTTP/1.1\r\nHost: apply.example.org\r\nCookie: " +
			"page=certificate\r\n\r\n",
		"conditions in query and form":     post("/index.php?page=shop", formType, "step=2"),
		"both in the form":                 post("/index.php", formType, "page=shop&step=2"),
		"another method":                   testserver.Request("PUT /index.php", formType, "page=apply"),
		"another spelling":                 post("/INDEX.php", formType, "page=apply"),
		"an escaped path":                  post("/%69ndex.php", formType, "page=apply"),
		"further path segments":            post("/index.php/home", formType, "page=apply"),
		"the folder":                       post("/", formType, "page=apply"),
		"another route's page in the form": post("/index.php?page=apply", formType, "page=fine"),
		"another route's page in a cookie": post("/index.php?page=apply", formType+"Cookie: page=fine\r\n",
			"name=Ann"),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusBadRequest, d.MustBlock(t, raw).Status)
		})
	}
	require.Empty(t, d.Pay.Payments())
}

// PHP prefers a parameter of the form to that of the query.
func TestContradictedCheaperQueryIsRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"on", "free", "shadow"} {
		d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=renew",
			"PAYGATE_ROUTE_LICENCE_MODE="+mode,
			"PAYGATE_ROUTE_IMMEDIATE_MATCH=POST /index.php", "PAYGATE_ROUTE_PRICED_MATCH=POST /other")
		for _, raw := range []string{
			post("/index.php?page=renew", formType, "page=apply"),
			post("/index.php?page=renew", formType, "Page[]=apply"),
			post("/index.php?page=renew", jsonType, `{"page":"apply"}`),
			post("/index.php?page=renew", "", "page=apply"),
			post("/index.php?page=renew", formType+"Cookie: page=apply\r\n", "name=Ann"),
		} {
			require.Equal(t, http.StatusBadRequest, d.MustBlock(t, raw).Status, raw)
		}
		if mode == "on" {
			for _, body := range []string{"name=Ann", "page=renew&name=Ann"} {
				d.MustHold(t, post("/index.php?page=renew", formType, body))
			}
			require.EqualValues(t, 2500, d.Pay.Payments()[1].Amount)
			continue
		}
		d.MustReach(t, post("/index.php?page=renew", formType, "page=renew&name=Ann"))
	}
}

func TestOtherFrontControllerPagesPass(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, frontController...)
	large := strings.Repeat("x", 11<<20)
	for name, c := range map[string]struct{ raw, body string }{
		"a form":                 {post("/index.php?page=home", formType, "name=Ann&page=home"), "name=Ann&page=home"},
		"another page's step":    {post("/index.php?page=other", formType, "step=2"), "step=2"},
		"no parameters":          {post("/index.php", "", ""), ""},
		"a JSON list":            {post("/index.php", jsonType, `["apply"]`), `["apply"]`},
		"XML":                    {post("/index.php", "Content-Type: text/xml\r\n", "page=apply"), "page=apply"},
		"a large file":           {post("/index.php", "Content-Type: application/octet-stream\r\n", large), large},
		"a form at another path": {post("/other.php", formType, "page=apply"), "page=apply"},
		"cookies": {
			post("/index.php?page=home", formType+"Cookie: page=home; sid=apply\r\n", "a=1"),
			"a=1",
		},
		"a GET": {"GET /index.php?page=home HTTP/1.1\r\nHost: apply.example.org\r\nCookie: " +
			"page=home\r\n\r\n", ""},
		"a GET without its form": {testserver.Request("GET /index.php", formType, "page=certificate"), ""},
		"a GET of the form page": {get("/index.php?page=apply"), ""},
		"chunks": {"POST /index.php HTTP/1.1\r\nHost: apply.example.org\r\n" + formType +
			"Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n", "a=1"},
		"a page whose name contains another": {post("/index.php?page=applying", formType,
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
		d.MustBlock(t, post("/index.php", formType, large)).Status,
		"a form too large to read does not pass")
	d.MustHold(t, post("/index.php?page=apply", formType, "page=apply&name=Ann")) // the same value twice
	d.MustHold(t, testserver.Request("GET /index.php?page=certificate", "", ""))
}
