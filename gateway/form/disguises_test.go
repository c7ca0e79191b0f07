package form_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

// submitted returns a submission as net/http reads it.
func submitted(t testing.TB, head, body string) (*http.Request, []byte) {
	t.Helper()
	target := "/licences/apply"
	if query, rest, found := strings.Cut(head, "\n?"); found {
		head, target = query, target+"?"+rest
	}
	raw := fmt.Sprintf(
		"POST %s HTTP/1.1\r\nHost: apply.example\r\n%sContent-Length: %d\r\n\r\n%s", target,
		strings.ReplaceAll(head, "\n", "\r\n"), len(body), body,
	)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	require.NoError(t, err)
	read, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r, read
}

// submissionOf returns the fields of a request with this query and body.
func submissionOf(t testing.TB, r *http.Request, query string, body []byte) form.Submission {
	t.Helper()
	read, err := form.Read(r.Header, bytes.NewReader(body))
	require.NoError(t, err)
	return form.NewSubmission(query, r.Header, read)
}

const (
	pairsType = "Content-Type: application/x-www-form-urlencoded\n"
	partsType = "Content-Type: multipart/form-data; boundary=b\n"
	named     = `Content-Disposition: form-data; name="action"`
	saved     = "--b\r\n" + named + "\r\n\r\nsave\r\n"
	end       = "--b--\r\n"
)

func partOf(header, value string) string { return "--b\r\n" + header + "\r\n\r\n" + value + "\r\n" }

func utf16le(text string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// disguise is a submission that some service reads as action=pay: the lines before the body, with the query after "?".
type disguise struct{ head, body string }

// disguises are named after the services that read them as action=pay.
func disguises() map[string]disguise {
	disposition := func(text string) disguise {
		return disguise{partsType, partOf("Content-Disposition: "+text, "pay") + end}
	}
	return map[string]disguise{
		"plainly":                         {pairsType, "a=1&action=pay"},
		"in parts":                        {partsType, partOf(named, "pay") + end},
		"JSON":                            {"Content-Type: application/json\n", `{"action":"pay"}`},
		"JSON of another type":            {"Content-Type: application/vnd.api+json\n", `{"action":"pay"}`},
		"repeated, first wins (Java)":     {pairsType, "action=pay&action=save"},
		"repeated, last wins (PHP, Rack)": {pairsType, "action=save&action=pay"},
		"repeated in parts":               {partsType, saved + partOf(named, "pay") + end},
		"repeated in JSON": {
			"Content-Type: application/json\n", `{"action":"save","action":"pay"}`,
		},
		"an array (PHP, Rack)":                {pairsType, "action[]=pay"},
		"brackets (Rack 1 and 2)":             {pairsType, "[action]=pay"},
		"a bracket before (Rack)":             {pairsType, "]action=pay"},
		"blanks before (PHP)":                 {pairsType, "+action=pay"},
		"a NUL after it (PHP)":                {pairsType, "action%00x=pay"},
		"another case (ASP.NET)":              {pairsType, "ACTION=pay"},
		"a model before (ASP.NET MVC)":        {pairsType, "model.action=pay"},
		"a default (Spring)":                  {pairsType, "!action=pay"},
		"semicolons (Rack, old Python, Perl)": {pairsType, "a=1;action=pay"},
		"%u (ASP)":                            {pairsType, "action=%u0070ay"},
		"twice encoded":                       {pairsType, "action=%2570ay"},
		"full width (best fit)":               {pairsType, "action=%EF%BD%90ay"},
		"overlong":                            {pairsType, "action=%C1%B0ay"},
		"white space":                         {pairsType, "action=%20pay%0D%0A"},
		"a NUL after the value (C)":           {pairsType, "action=pay%00"},
		"a broken escape (PHP, Perl)":         {pairsType, "x=%zz&action=pay"},
		"a broken escape in it":               {pairsType, "action=pay%"},
		"in the query":                        {pairsType + "\n?action=pay", "a=1"},
		"in the query, repeated":              {pairsType + "\n?action=save&action=pay", "a=1"},
		"in the query, parted by ;":           {pairsType + "\n?a=1;action=pay", "a=1"},
		"in the query, %u":                    {pairsType + "\n?action=%u0070ay", "a=1"},
		"in the query, brackets":              {pairsType + "\n?[action]=pay", "a=1"},
		"in the query, without a body":        {"\n?x;action=pay", ""},
		"in a cookie (PHP's $_REQUEST, ASP)":  {"Cookie: sid=1; action=pay\n" + pairsType, "a=1"},
		"in a cookie, escaped":                {"Cookie: action=%70ay\n" + pairsType, "action=save"},
		"no type (Rack, CGI.pm)":              {"", "action=pay"},
		"an empty type":                       {"Content-Type:\n", "action=pay"},
		"a type with a comma (PHP)":           {"Content-Type: application/x-www-form-urlencoded, x\n", "action=pay"},
		"a type with a blank (PHP)":           {"Content-Type: application/x-www-form-urlencoded x\n", "action=pay"},
		"a type with more after it (ASP.NET)": {"Content-Type: application/x-www-form-urlencodedx\n", "action=pay"},
		"a broken parameter": {
			"Content-Type: application/x-www-form-urlencoded; charset\n", "action=pay",
		},
		"a parameter twice": {
			"Content-Type: application/x-www-form-urlencoded; a=1; a=2\n", "action=pay",
		},
		"two types, the second counts (PHP)":         {pairsType + "Content-Type: text/plain\n", "action=pay"},
		"two types, the first counts":                {"Content-Type: text/plain\n" + pairsType, "action=pay"},
		"text/plain (services that read raw bodies)": {"Content-Type: text/plain\n", `{"action":"pay"}`},
		"XML":                           {"Content-Type: text/xml\n", "<form><action>pay</action></form>"},
		"an unknown type":               {"Content-Type: x/y\n", "action=pay"},
		"text/json":                     {"Content-Type: text/json\n", `{"action":"pay"}`},
		"JSON that says it is a form":   {pairsType, `{"action":"pay"}`},
		"JSON after blanks":             {pairsType, "\n [\"action\",\"pay\"]"},
		"XML that says it is a form":    {pairsType, "<action>pay</action>"},
		"parts that say they are pairs": {pairsType, partOf(named, "pay") + end},
		"pairs that say they are parts": {partsType, "action=pay"},
		"pairs that say they are JSON":  {"Content-Type: application/json\n", "action=pay"},
		"UTF-16": {
			"Content-Type: application/x-www-form-urlencoded; charset=utf-16le\n", utf16le("action=pay"),
		},
		"UTF-16 in escapes (Django)": {
			"Content-Type: application/x-www-form-urlencoded; charset=utf-16\n", "action=%FF%FEp%00a%00y%00",
		},
		"UTF-16 by its mark (ASP.NET Core)": {pairsType, "\xff\xfe" + utf16le("action=pay")},
		"UTF-8 by its mark (Node)":          {pairsType, "\xef\xbb\xbfaction=pay"},
		"UTF-7 (Django)": {
			"Content-Type: application/x-www-form-urlencoded; charset=utf-7\n", "action=%2BAHAAYQB5-",
		},
		"EBCDIC (Django, ASP.NET, Tomcat)": {
			"Content-Type: application/x-www-form-urlencoded; charset=ibm037\n", "%81%83%A3%89%96%95=%97%81%A8",
		},
		"a charset in quotes": {
			"Content-Type: application/x-www-form-urlencoded; charset=\"ibm037\"\n", "%81%83%A3%89%96%95=%97%81%A8",
		},
		"a charset in a parameter": {
			"Content-Type: application/x-www-form-urlencoded; x=\";charset=ibm037\"\n", "%81%83%A3%89%96%95=%97%81%A8",
		},
		"a charset by another header (ASP.NET)": {
			pairsType + "User-Agent: UP\nx-up-devcap-post-charset: ibm037\n", "%81%83%A3%89%96%95=%97%81%A8",
		},
		"a charset by a field": {
			partsType,
			partOf(`Content-Disposition: form-data; name="_charset_"`, "ibm037") + partOf(named, "\x97\x81\xa8") + end,
		},
		"a charset of a part (Spring)": {
			partsType, partOf(named+"\r\nContent-Type: text/plain; charset=ibm037", "\x97\x81\xa8") + end,
		},
		"UTF-16 by the mark of a part": {partsType, partOf(named, "\xff\xfe"+utf16le("pay")) + end},
		"compressed":                   {pairsType + "Content-Encoding: gzip\n", "\x1f\x8b\x08"},
		"JSON in UTF-16 (Jackson)":     {"Content-Type: application/json\n", utf16le(`{"action":"pay"}`)},
		"JSON after a mark": {
			"Content-Type: application/json\n", "\xef\xbb\xbf" + `{"action":"pay"}`,
		},
		"JSON with escapes":       {"Content-Type: application/json\n", `{"\u0061ction":"p\u0061y"}`},
		"JSON with comments":      {"Content-Type: application/json\n", `{/**/"action":"pay"}`},
		"JSON with single quotes": {"Content-Type: application/json\n", `{'action':'pay'}`},
		"JSON in a list":          {"Content-Type: application/json\n", `[{"action":"pay"}]`},
		"a list in JSON":          {"Content-Type: application/json\n", `{"action":["save","pay"]}`},
		"JSON in another case":    {"Content-Type: application/json\n", `{"Action":"pay"}`},
		"two objects":             {"Content-Type: application/json\n", `{"a":1}{"action":"pay"}`},
		"after the end (PHP)":     {partsType, saved + end + partOf(named, "pay") + end},
		"before the beginning":    {partsType, "\r\n" + partOf(named, "pay") + end},
		"a bare line feed (PHP)": {
			partsType, partOf(`Content-Disposition: form-data; name="x"`, "a\n--b\r\n"+named+"\r\n\r\npay") + end,
		},
		"no end (PHP)":                      {partsType, partOf(named, "pay")},
		"bare line feeds":                   {partsType, strings.ReplaceAll(partOf(named, "pay")+end, "\r", "")},
		"two names (PHP)":                   disposition(`form-data; name="x"; name="action"`),
		"the same name twice (PHP)":         disposition(`form-data; name="action"; name="action"`),
		"an attachment (PHP)":               disposition(`attachment; name="action"`),
		"no disposition":                    disposition(`; name="action"`),
		"a quote that nothing closes (PHP)": disposition(`form-data; name="action`),
		"single quotes (PHP)":               disposition(`form-data; name='action'`),
		"no quotes":                         disposition(`form-data; name=action`),
		"an escaped quote":                  disposition(`form-data; name="\action"`),
		"name* (Werkzeug)":                  disposition(`form-data; name*=utf-8''action`),
		"a name in a file's name (Rack)":    disposition(`form-data; name="x"; filename="; name=action"`),
		"filename* (PHP)":                   disposition(`form-data; name="action"; filename*=utf-8''x`),
		"an empty file name":                disposition(`form-data; name="action"; filename=""`),
		"a file (Spring)":                   disposition(`form-data; name="action"; filename="x"`),
		"an encoded word (ASP.NET)":         disposition(`form-data; name="=?utf-8?B?YWN0aW9u?="`),
		"a line within another (Rack)": {
			partsType,
			partOf(
				`X-A: Content-Disposition: form-data; name="action"`+"\r\n"+`Content-Disposition: form-data; name="x"`,
				"pay",
			) + end,
		},
		"before the first delimiter (Django)": {partsType, named + "\r\n\r\npay\r\n" + saved + end},
		"after the last part (Django)":        {partsType, saved + end + named + "\r\n\r\npay\r\n"},
		"brackets and more (qs)":              {pairsType, "a=1&[action]x=pay"},
		"a bracket that nothing opens (Rack)": {pairsType, "action]x=pay"},
		"a JSON part of a model (Spring)": {
			partsType,
			partOf(
				`Content-Disposition: form-data; name="action"`+"\r\nContent-Type: application/json", `["pay"]`,
			) + end,
		},
		"a name of a file before (PHP)": disposition(`form-data; filename="action"; name="x"`),
		"a folded line (PHP)":           disposition("form-data;\r\n name=\"action\""),
		"no blank":                      disposition(`form-data;name="action"`),
		"two dispositions": {
			partsType, partOf(`Content-Disposition: form-data; name="x"`+"\r\n"+named, "pay") + end,
		},
		"two dispositions, the first counts": {
			partsType, partOf(named+"\r\n"+`Content-Disposition: form-data; name="x"`, "pay") + end,
		},
		"base64 (Django)": {
			partsType, partOf(named+"\r\nContent-Transfer-Encoding: base64", "cGF5") + end,
		},
		"quoted-printable (Jetty)": {
			partsType, partOf(named+"\r\nContent-Transfer-Encoding: quoted-printable", "p=61y") + end,
		},
		"parts in a part (commons-fileupload)": {
			partsType, partOf(named+"\r\nContent-Type: multipart/mixed; boundary=c", "--c\r\n\r\npay\r\n--c--") + end,
		},
		"parts in a file": {
			partsType,
			partOf(
				`Content-Disposition: form-data; name="x"; filename="y"`+"\r\n"+
					"Content-Type: multipart/mixed; boundary=c",
				"--c\r\n"+named+"\r\n\r\npay\r\n--c--",
			) + end,
		},
		"JSON in a part": {
			partsType, partOf(named+"\r\nContent-Type: application/json", `"pay"`) + end,
		},
		"another multipart (Rack)": {
			"Content-Type: multipart/mixed; boundary=b\n", partOf(named, "pay") + end,
		},
		"multipart/related (Rack)": {
			"Content-Type: multipart/related; boundary=b\n", partOf(named, "pay") + end,
		},
		"no boundary": {"Content-Type: multipart/form-data\n", partOf(named, "pay") + end},
		"two boundaries (PHP)": {
			"Content-Type: multipart/form-data; boundary=b; boundary=c\n", partOf(named, "pay") + end,
		},
		"another's boundary (PHP)": {
			"Content-Type: multipart/form-data; xboundary=c; boundary=b\n",
			saved + end + "--c\r\n" + named + "\r\n\r\npay\r\n--c--\r\n",
		},
		"a boundary with a comma(PHP)": {
			"Content-Type: multipart/form-data; boundary=\"c,d\"\n", partOf(named, "pay") + end,
		},
		"a boundary in pieces": {
			"Content-Type: multipart/form-data; boundary*0=c; boundary*1=d\n", partOf(named, "pay") + end,
		},
		"a boundary in capitals": {
			"CONTENT-TYPE: MULTIPART/FORM-DATA; BOUNDARY=b\n", partOf(named, "pay") + end,
		},
		"a long name":            {pairsType, strings.Repeat("+", 70_000) + "action=pay"},
		"a long value":           {pairsType, "action=" + strings.Repeat("+", 70_000) + "pay"},
		"a long value of a part": {partsType, partOf(named, strings.Repeat(" ", 70_000)+"pay") + end},
		"after many fields":      {pairsType, strings.Repeat("a&", 20_000) + "action=pay"},
		"after many parts": {
			partsType,
			strings.Repeat(partOf(`Content-Disposition: form-data; name="a"`, ""), 20_000) + partOf(named, "pay") + end,
		},
		"after many cookies":           {"Cookie: " + strings.Repeat("a;", 20_000) + "action=pay\n", ""},
		"after many of its name":       {"\n?" + strings.Repeat("action&", 2_000) + "action=pay", ""},
		"a boundary longer than it is": {partsType, "--bX\r\n" + named + "\r\n\r\npay\r\n--bX--\r\n"},
	}
}

var payNow = &form.Condition{Field: "action", Value: "pay"}

func TestNoDisguisedFormPassesForAFreeOne(t *testing.T) {
	t.Parallel()
	for name, d := range disguises() {
		r, body := submitted(t, d.head, d.body)
		_, query, _ := strings.Cut(r.RequestURI, "?")
		require.NotEqual(t, form.Unmet, payNow.Fits(submissionOf(t, r, query, body)), name)
	}
}

func TestConditionFits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, body string
		wanted     form.Fit
	}{
		"the form":       {"application/x-www-form-urlencoded", "action=pay", form.Met},
		"another button": {"application/x-www-form-urlencoded", "action=save", form.Unmet},
		"another script": {"application/x-www-form-urlencoded", "Action[]=pay", form.Met},
		"two buttons": {
			"application/x-www-form-urlencoded", "action=save&action=pay", form.Met,
		},
		"beside another": {
			"application/x-www-form-urlencoded", "action=save&Action[]=pay", form.Unclear,
		},
		"beyond the limits": {
			"application/x-www-form-urlencoded", strings.Repeat("a=1&", 10_000) + "action=pay", form.Unclear,
		},
		"unreadable": {
			"application/x-www-form-urlencoded", "action=save&x%zz=1", form.Unclear,
		},
		"no type":             {"", "action=pay", form.Unclear},
		"a lying type":        {"text/plain", "action=pay", form.Unclear},
		"a type with a fault": {"application/x-www-form-urlencoded; charset", "action=pay", form.Met},
		"a type with a fault, another button": {
			"application/x-www-form-urlencoded; charset", "action=save", form.Unclear,
		},
		"nothing": {"", "", form.Unmet},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Content-Type", c.kind)
		require.Equal(t, c.wanted, payNow.Fits(submissionOf(t, r, "", []byte(c.body))), name)
	}
}

// honest are submissions of the free button, as browsers and the usual libraries send them.
func honest(t testing.TB) map[string]disguise {
	t.Helper()
	var written bytes.Buffer
	w := multipart.NewWriter(&written)
	require.NoError(t, w.WriteField("action", "save"))
	require.NoError(t, w.WriteField("story", "pay\r\n--\r\naction=pay; name=\"action\""))
	file, err := w.CreateFormFile("photo", "C:\\my photos\\a;b.jpg")
	require.NoError(t, err)
	_, err = file.Write([]byte("\xff\xfe\x00 action=pay"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	firefox := "-----------------------------9051914041544843365972754266"
	return map[string]disguise{
		"a browser": {
			pairsType, "name=Ann+O%27Hara&action=save&email=a%40b.uk&story=action%3Dpay%26+%C5%B7",
		},
		"with a charset": {"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\n", "action=save&x="},
		"with Latin 1": {
			"Content-Type: application/x-www-form-urlencoded;charset=iso-8859-1\n", "action=save&name=Ren%E9",
		},
		"without the field": {pairsType, "name=pay"},
		"an empty value":    {pairsType, "action=&pay=action"},
		"nothing at all":    {"", ""},
		"an empty form":     {pairsType, ""},
		"another value":     {pairsType, "action=pay-later"},
		"by hand":           {pairsType, "action=save&date=1/2/2026&email=a@b.uk&n=a,b (c)"},
		"in the query":      {pairsType + "\n?step=pay&action=save", "a=1"},
		"cookies":           {"Cookie: sid=pay; lang=cy; action=save; x=\"a b\"\n" + pairsType, "action=save"},
		"JSON": {
			"Content-Type: application/json; charset=utf-8\n", `{"action":"save","n":[1,{"action":"pay"}],"pay":true}`,
		},
		"parts by a library": {"Content-Type: " + w.FormDataContentType() + "\n", written.String()},
		"parts by Firefox": {
			"Content-Type: multipart/form-data; boundary=" + firefox + "\n",
			"--" + firefox + "\r\n" + named + "\r\n\r\nsave\r\n--" + firefox + "--\r\n",
		},
		"no parts": {partsType, end},
		"parts by Java": {
			partsType,
			partOf(
				named+"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit", "save",
			) + "--b--",
		},
		"parts with lengths": {partsType, partOf(named+"\r\nContent-Length: 4", "save") + end},
		"a boundary in quotes": {
			"Content-Type: multipart/form-data; boundary=\"===============1==\"\n",
			"--===============1==\r\n" + named + "\r\n\r\nsave\r\n--===============1==--\r\n",
		},
		"the field of charsets": {pairsType, "_charset_=UTF-8&action=save"},
	}
}

func TestTheFreeButtonStaysFree(t *testing.T) {
	t.Parallel()
	for name, d := range honest(t) {
		r, body := submitted(t, d.head, d.body)
		_, query, _ := strings.Cut(r.RequestURI, "?")
		ask := submissionOf(t, r, query, body)
		require.NoError(t, ask.Form.Ambiguity, name)
		require.Equal(t, form.Unmet, payNow.Fits(ask), name)
	}
}

func TestABodyReadInPiecesIsTheSameForm(t *testing.T) {
	t.Parallel()
	all := honest(t)
	maps.Copy(all, disguises())
	file := partOf(
		`Content-Disposition: form-data; name="photo"; filename="a.jpg"`+"\r\nContent-Type: image/jpeg",
		strings.Repeat("\r\n--", 50_000)+strings.Repeat("\x00", 100_000),
	)
	all["a large file"] = disguise{partsType, saved + file + saved + end}
	all["a delimiter far inside"] = disguise{
		partsType, saved + strings.Replace(file, "\x00\x00", "--b", 1) + saved + end,
	}
	for name, d := range all {
		r, body := submitted(t, d.head, d.body)
		whole, err := form.Read(r.Header, bytes.NewReader(body))
		require.NoError(t, err)
		for _, slow := range []io.Reader{
			iotest.OneByteReader(bytes.NewReader(body)), iotest.HalfReader(bytes.NewReader(body)),
			iotest.DataErrReader(bytes.NewReader(body)),
		} {
			again, err := form.Read(r.Header, slow)
			require.NoError(t, err)
			require.Equal(t, whole, again, name)
		}
		switch name {
		case "a large file":
			require.NoError(t, whole.Ambiguity)
		case "a delimiter far inside":
			require.Error(t, whole.Ambiguity)
		}
	}
}
