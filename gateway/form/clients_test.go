package form_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

// clients are submissions of the free button as different clients write them. Each has the field action, with the value
// save, and the named files.
func clients() map[string]disguise {
	const photo = "\xff\xd8\xff\x00 action=pay\r\n--\r\n"
	multipart := func(boundary string, bodies ...string) disguise {
		var body strings.Builder
		for _, p := range bodies {
			body.WriteString("--" + strings.Trim(boundary, `"`) + "\r\n" + p + "\r\n")
		}
		return disguise{
			"Content-Type: multipart/form-data; boundary=" + boundary + "\n",
			body.String() + "--" + strings.Trim(boundary, `"`) + "--\r\n",
		}
	}
	field := "Content-Disposition: form-data; name=\"action\"\r\n\r\nsave"
	file := func(disposition, kind string) string {
		return "Content-Disposition: form-data; name=\"photo\"; " + disposition + "\r\n" +
			"Content-Type: " + kind + "\r\n\r\n" + photo
	}
	return map[string]disguise{
		".NET HttpClient": multipart(`"0f3c4a1e-64ab-4c5e-9d0a-000000000000"`,
			"Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=action\r\n\r\nsave",
			"Content-Type: image/jpeg\r\n"+
				"Content-Disposition: form-data; name=photo; filename=a.jpg; filename*=utf-8''a.jpg\r\n\r\n"+photo),
		".NET HttpClient, odd names": multipart(`"0f3c4a1e-64ab-4c5e-9d0a-000000000000"`,
			"Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=action\r\n\r\nsave",
			"Content-Disposition: form-data; name=\"the photo\"; "+
				"filename=\"=?utf-8?B?w6kuanBn?=\"; filename*=utf-8''%C3%A9.jpg\r\n\r\n"+photo),
		".NET, bytes without a name": multipart(
			"b", field,
			"Content-Type: application/octet-stream\r\nContent-Disposition: form-data; name=note\r\n\r\nabc",
		),
		"curl": multipart(
			"------------------------d74496d66958873e", field, file(`filename="a.jpg"`, "image/jpeg"),
		),
		"curl, a quote in a name": multipart(
			"------------------------d74496d66958873e", field, file(`filename="my \"best\" photo.jpg"`, "image/jpeg"),
		),
		"curl, a backslash in a name": multipart(
			"------------------------d74496d66958873e", field, file(`filename="a\\b.jpg"`, "image/jpeg"),
		),
		"curl, a type of a field": multipart(
			"b", "Content-Disposition: form-data; name=\"action\"\r\nContent-Type: text/html\r\n\r\nsave",
		),
		"Chrome": multipart(
			"----WebKitFormBoundary7MA4YWxkTrZu0gW", field, file(`filename="a.jpg"`, "image/jpeg"),
			"Content-Disposition: form-data; name=\"more\"; filename=\"\"\r\n"+
				"Content-Type: application/octet-stream\r\n\r\n",
		),
		"Chrome, a quote in a name": multipart(
			"----WebKitFormBoundary7MA4YWxkTrZu0gW", field, file(`filename="my %22best%22 photo.jpg"`, "image/jpeg"),
		),
		"Safari, an odd name": multipart(
			"----WebKitFormBoundary7MA4YWxkTrZu0gW", field,
			file("filename=\"Skärmavbild 2026-11-30 kl. 10.00.png\"", "image/png"),
		),
		"Firefox": multipart(
			"----geckoformboundaryd5a3b2c1", field, file(`filename="a.jpg"`, "image/jpeg"),
		),
		"Internet Explorer, a whole path": multipart(
			"---------------------------7d81b516112482", field,
			file(`filename="C:\Users\Ann\My photos\a.jpg"`, "image/pjpeg"),
		),
		"a path that browsers make up": multipart("b", field, file(`filename="C:\fakepath\a.jpg"`, "image/jpeg")),
		"a share":                      multipart("b", field, file(`filename="\\server\share\new.jpg"`, "image/jpeg")),
		"a name of a field in a name":  multipart("b", field, file(`filename="a; name=b.jpg"`, "image/jpeg")),
		"a quoted name in a name":      multipart("b", field, file(`filename="a; name=\"b\".jpg"`, "image/jpeg")),
		"an equals sign in a name":     multipart("b", field, file(`filename="surname=Smith; x=1.jpg"`, "image/jpeg")),
		"a saved page":                 multipart("b", field, file(`filename="a.mht"`, "multipart/related")),
		"a saved message":              multipart("b", field, file(`filename="a.eml"`, "message/rfc822")),
		"a recording":                  multipart("b", field, file(`filename="blob"`, "video/webm;codecs=vp8")),
		"a recording with two codecs": multipart(
			"b", field, file(`filename="blob"`, `audio/webm; codecs="opus,vorbis"`),
		),
		"a type of Android": multipart("b", field, file(`filename="a.jpg"`, "image/*")),
		"no type of a file": multipart(
			"b", field, "Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\r\n"+photo,
		),
		"a type of a file with a charset": multipart(
			"b", field, file(`filename="a.txt"`, "text/plain; charset=utf-16le"),
		),
		"a file that is empty": multipart(
			"b", field,
			"Content-Disposition: form-data; name=\"photo\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n",
		),
		"a preamble": {
			"Content-Type: multipart/form-data; boundary=b\n",
			"This is a multi-part message in MIME format.\r\n--b\r\n" + field + "\r\n--b--\r\n",
		},
		"a line before": {
			"Content-Type: multipart/form-data; boundary=b\n", "\r\n--b\r\n" + field + "\r\n--b--\r\n",
		},
		"an epilogue": {
			"Content-Type: multipart/form-data; boundary=b\n", "--b\r\n" + field + "\r\n--b--\r\nend of the form\r\n",
		},
		"a charset (Jersey)": {
			"Content-Type: multipart/form-data;charset=UTF-8;boundary=Boundary_1_1138251_1700000000\n",
			"--Boundary_1_1138251_1700000000\r\n" + field + "\r\n--Boundary_1_1138251_1700000000--\r\n",
		},
		"a JSON part": multipart("b", field,
			"Content-Disposition: form-data; name=\"details\"\r\n"+
				"Content-Type: application/json\r\n\r\n"+`{"name":"Ann","lines":[1,2,{"x":"pay"}]}`),
		"a JSON part that is a text": multipart(
			"b", "Content-Disposition: form-data; name=\"action\"\r\nContent-Type: application/json\r\n\r\n\"save\"",
		),
		"Spring RestTemplate": multipart("Lw3kCsKn8Vk-0T_abc",
			"Content-Disposition: form-data; name=\"action\"\r\nContent-Type: text/plain;charset=UTF-8\r\n"+
				"Content-Length: 4\r\n\r\nsave",
			"Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n"+
				"Content-Length: 26\r\n\r\n"+photo),
		"Apache HttpClient": multipart("-6mn2z1uAbC_x",
			"Content-Disposition: form-data; name=\"action\"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n"+
				"Content-Transfer-Encoding: 8bit\r\n\r\nsave",
			"Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n"+
				"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"+photo),
		"Apache HttpClient 5, extended": multipart("httpclient_boundary_0f3c4a1e-64ab-4c5e",
			"Content-Disposition: form-data; name=\"action\"\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nsave",
			"Content-Disposition: form-data; name=\"photo\"; filename=\"?.jpg\"; filename*=\"UTF-8''%C3%A9.jpg\"\r\n"+
				"Content-Type: image/jpeg\r\n\r\n"+photo),
		"OkHttp": multipart(
			"0f3c4a1e-64ab-4c5e-9d0a-000000000000",
			"Content-Disposition: form-data; name=\"action\"\r\nContent-Length: 4\r\n\r\nsave",
		),
		"Python requests": multipart(
			"d2f1a0c9b8e7f6a5d4c3b2a190817263", field,
			"Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nExpires: 0\r\n\r\n"+photo,
		),
		"Python email": multipart(
			`"===============7330845974216740156=="`,
			"Content-Type: text/plain; charset=\"us-ascii\"\r\nMIME-Version: 1.0\r\n"+
				"Content-Transfer-Encoding: 7bit\r\n"+
				"Content-Disposition: form-data; name=\"action\"\r\n\r\nsave",
		),
		"Dart": multipart(
			"dart-http-boundary-a+b.c_d",
			"content-disposition: form-data; name=\"action\"\r\ncontent-type: text/plain; charset=utf-8\r\n"+
				"content-transfer-encoding: binary\r\n\r\nsave",
		),
		"Symfony": multipart(
			`"_=_symfony_1700000000_abc_=_"`,
			"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"+
				"Content-Disposition: form-data; name=\"action\"\r\n\r\nsave",
		),
		"Ruby": multipart(
			"-----------RubyMultipartPost-1a2b3c", field,
			"Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Length: 26\r\n"+
				"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: binary\r\n\r\n"+photo,
		),
		"Perl": multipart("xYzZY", field),
		"a text with a byte order mark": multipart("b", field,
			"Content-Disposition: form-data; name=\"story\"\r\n\r\n\ufeffOnce upon a time",
			"Content-Disposition: form-data; name=\"other\"\r\n\r\n+/v"),
		"many fields": {pairsType, strings.Repeat("a=1&", 5000) + "action=save"},
		"many parts": multipart(
			"b",
			append(
				strings.Split(strings.Repeat("Content-Disposition: form-data; name=\"a\"\r\n\r\n1|", 1500), "|")[:1500],
				field,
			)...,
		),
		"a large value": {
			pairsType, "action=save&signature=" + strings.Repeat("iVBORw0KGgo%2B", 50_000) + "&x=1",
		},
		"several large values": {
			pairsType, "action=save" + strings.Repeat("&signature[]="+strings.Repeat("A", 60_000), 30),
		},
		"a percent sign":    {pairsType, "action=save&discount=100%&x=5%+of%20it&y=%e"},
		"a semicolon":       {pairsType, "action=save&note=fish;+chips;&x=a;b=c"},
		"a path of a field": {pairsType, "action=save&a/b=1&items[0].name=x&user.name=y&x[]=1&x[]=2"},
		"a plus sign in a charset": {
			"Content-Type: application/x-www-form-urlencoded;charset=\"utf-8\"\n", "action=save",
		},
		"a field of charsets": {pairsType, "_charset_=windows-1252&action=save&utf8=%E2%9C%93"},
		"JSON, nested": {
			"Content-Type: application/json\n",
			`{"action":"save","items":[{"action":"pay"},{"action":null}],"meta":{"action":"edit","n":1.5e3}}`,
		},
		"JSON, a long list": {
			"Content-Type: application/json\n",
			`{"action":"save","points":[` + strings.Repeat("[1.5,2.5],", 20_000) + `[0,0]]}`,
		},
		"JSON in Latin letters": {"Content-Type: application/json;charset=ISO-8859-1\n", `{"action":"save"}`},
	}
}

// The free button is free, and the other one costs money, whichever client sends the form.
func TestFormsOfAllClientsAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, d := range clients() {
		r, body := submitted(t, d.head, d.body)
		a := submissionOf(t, r, "", body)
		require.NoError(t, a.Form.Ambiguity, name)
		require.Equal(t, form.Unmet, payNow.Fits(a), name)
		require.Contains(t, []string{"save", `"save"`}, form.FirstValue(a.Form.Fields, "action"), name)
		for _, f := range a.Form.Fields {
			require.Equal(t, strings.Contains(f.Name, "photo"), f.File, "%s: %s", name, f.Name)
		}
		require.NotEmpty(t, a.Form.Fingerprint, name)

		paid := []byte(strings.Replace(d.body, "save", "pay", 1))
		r.ContentLength = int64(len(paid))
		require.Equal(t, form.Met, payNow.Fits(submissionOf(t, r, "", paid)), name)
	}
}

// No honest form is refused for the way it is written.
func TestFormsOfAllClientsChooseAPrice(t *testing.T) {
	t.Parallel()
	choice := form.Choice{Field: "action", Options: []string{"save", "pay"}}
	for name, d := range clients() {
		r, body := submitted(t, d.head, d.body)
		option, ok := choice.InForm(submissionOf(t, r, "", body))
		if name == "a JSON part that is a text" {
			require.False(t, ok, "its value has quotes to a service that does not read JSON")
			continue
		}
		require.True(t, ok, name)
		require.Equal(t, "save", option, name)
	}
}

func TestTheSameFormHasTheSameFingerprint(t *testing.T) {
	t.Parallel()
	part := func(boundary string, fields ...string) form.Form {
		var body strings.Builder
		for i := 0; i < len(fields); i += 2 {
			fmt.Fprintf(&body, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n",
				boundary, fields[i], fields[i+1])
		}
		fmt.Fprintf(
			&body, "--%s\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\r\n%s\r\n--%s--\r\n",
			boundary, strings.Repeat("x", 100_000), boundary,
		)
		return readForm(t, "multipart/form-data; boundary="+boundary, body.String())
	}
	first := part("one", "name", "Ann", "csrf_token", "1")
	require.Equal(t, first, part("two", "name", "Ann", "csrf_token", "1"), "another boundary")
	fresh := part("two", "name", "Ann", "csrf_token", "2")
	require.Equal(t, first.Fingerprint, fresh.Fingerprint, "another token")
	require.NotEqual(t, first.Same, fresh.Same)
	for _, other := range []form.Form{
		part("one", "name", "Bob", "csrf_token", "1"), part("one", "nameA", "nn", "csrf_token", "1"),
		part("one", "name", "Ann", "name", "", "csrf_token", "1"),
	} {
		require.NotEqual(t, first.Fingerprint, other.Fingerprint)
	}
	base := readForm(t, "application/x-www-form-urlencoded", "name=Ann&x=1")
	for _, token := range []string{
		"csrfmiddlewaretoken", "authenticity_token", "_token", "__RequestVerificationToken", "__VIEWSTATE",
		"__VIEWSTATE1", "__VIEWSTATEGENERATOR", "__EVENTVALIDATION", "_csrf", "csrf_token", "form_key",
		"_csrf_token", "form[_token]", "ctl00$__VIEWSTATE", "javax.faces.ViewState", "_wpnonce", "form_build_id",
		"csrf-token", "CSRFToken", "XSRF-TOKEN", "csrfToken", "ci_csrf_token", "org.apache.struts.taglib.html.TOKEN",
		"d41d8cd98f00b204e9800998ecf8427e",
	} {
		with := readForm(t, "application/x-www-form-urlencoded", token+"=abc&name=Ann&x=1")
		require.Equal(t, base.Fingerprint, with.Fingerprint, token)
		require.NotEqual(t, base.Same, with.Same, token)
	}
	for _, other := range []string{
		"name=Ann&x=2", "name=Ann", "name=Ann&x=1&y=", "x=1&name=Ann", "name=Ann&x=1&tokens=3", "name=Annx&=1",
	} {
		require.NotEqual(
			t, base.Fingerprint, readForm(t, "application/x-www-form-urlencoded", other).Fingerprint, other,
		)
	}
	require.Empty(t, readForm(t, "text/plain", "name=Ann").Fingerprint, "its content is not known")
}

func readForm(t testing.TB, kind, body string) form.Form {
	t.Helper()
	f, err := form.Read(http.Header{"Content-Type": {kind}}, strings.NewReader(body))
	require.NoError(t, err)
	return f
}
