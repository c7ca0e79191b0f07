package matching

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// TestAmbiguousFormIsRefused: whoever pressed a free button does not pay, and whoever hides the other one
// gets nothing.
func TestAmbiguousFormIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	parts := "Content-Type: multipart/form-data; boundary=b\r\n"
	part := "--b\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nsave\r\n"
	for _, raw := range []string{
		testserver.Request("POST /licences/apply", parts, part),
		testserver.Request("POST /licences/apply", parts,
			part+"--b--\r\n"+strings.Replace(part, "save", "pay", 1)+"--b--\r\n"),
		testserver.Request("POST /licences/apply", parts, strings.ReplaceAll(part, "\r\n", "\n")+"--b--\n"),
		testserver.Request("POST /licences/apply", parts,
			strings.Replace(part, "\r\n\r\nsave", "\r\nContent-Transfer-Encoding: base64\r\n\r\ncGF5", 1)+"--b--\r\n"),
		testserver.Request("POST /licences/apply", "", "action=save"),
		testserver.Request("POST /licences/apply", "Content-Type: text/plain\r\n", "action=save"),
		testserver.Request("POST /licences/apply", testserver.FormType+"Content-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		testserver.Request("POST /licences/apply",
			testserver.FormType+"Content-Encoding:\r\nContent-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		testserver.Request("POST /licences/apply",
			"Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n", "action=save"),
		testserver.Request("POST /licences/apply", "Content-Type: application/json\r\n", `{"action":"save",}`),
		testserver.Request("POST /licences/apply", "Content-Type: application/json\r\n",
			`{"name":"Ann","__proto__":{"action":"pay"}}`),
		testserver.Request("POST /licences/apply", testserver.FormType, "action=save&Action[]=pay"),
		testserver.Request("POST /licences/apply", testserver.FormType, "action=save&note=1;action=pay"),
		testserver.Request("POST /licences/apply?action=pay", testserver.FormType, "action=save"),
		testserver.Request("POST /licences/apply", testserver.FormType+"Cookie: action=pay\r\n", "action=save"),
		// nobody pressed a cookie
		testserver.Request("POST /licences/apply", testserver.FormType+"Cookie: action=pay\r\n", "save=1"),
	} {
		refused := d.MustRefuse(t, raw)
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status, raw)
		require.Contains(t, string(refused.Body), "We could not read your form", raw)
	}
	require.Empty(t, d.Pay.Payments())
	require.Contains(t, d.Log.String(), "unclear form")
}

func TestEncodedFormIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, testserver.WhenPayButton)
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "action=pay&name=Ann")
	require.NoError(t, z.Close())
	for _, coding := range []string{"gzip", "GZIP", "x-gzip", "deflate", "br", "identity, gzip"} {
		header := testserver.FormType + "Content-Encoding: " + coding + "\r\n"
		refused := d.MustRefuse(t, testserver.Request("POST /licences/apply", header, packed.String()))
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status, coding)
	}
}
