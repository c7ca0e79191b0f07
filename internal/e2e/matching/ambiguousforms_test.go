package matching

import (
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// An ambiguous form is neither charged, in case a free button was pressed, nor passed, in case it was not.
func TestAmbiguousFormIsRefused(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay")
	save := part("action", "save")
	for _, raw := range []string{
		applyWith(multipartType, save),
		applyWith(multipartType, save+end+part("action", "pay")+end),
		applyWith(multipartType, strings.ReplaceAll(save+end, "\r\n", "\n")),
		applyWith(multipartType,
			strings.Replace(save, "\r\n\r\nsave", "\r\nContent-Transfer-Encoding: base64\r\n\r\ncGF5", 1)+end),
		applyWith("", "action=save"),
		applyWith(textType, "action=save"),
		applyWith(formType+"Content-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		applyWith(formType+"Content-Encoding:\r\nContent-Encoding: gzip\r\n", "\x1f\x8b\x08"),
		applyWith("Content-Type: application/x-www-form-urlencoded; charset=utf-7\r\n", "action=save"),
		applyWith(jsonType, `{"action":"save",}`),
		applyWith(jsonType, `{"name":"Ann","__proto__":{"action":"pay"}}`),
		applyForm("action=save&Action[]=pay"),
		applyForm("action=save&note=1;action=pay"),
		post("/licences/apply?action=pay", formType, "action=save"),
		applyWith(formType+"Cookie: action=pay\r\n", "action=save"),
		applyWith(formType+"Cookie: action=pay\r\n", "save=1"), // a cookie presses no button
	} {
		refused := d.MustRefuse(t, raw)
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
		header := formType + "Content-Encoding: " + coding + "\r\n"
		d.MustRefuse(t, applyWith(header, packed.String()))
	}
}
