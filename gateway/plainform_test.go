package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// submitted is a submission as net/http reads it off the wire.
func submitted(t testing.TB, head, body string) (*http.Request, []byte) {
	t.Helper()
	target := "/licences/apply"
	if query, rest, found := strings.Cut(head, "\n?"); found {
		head, target = query, target+"?"+rest
	}
	raw := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: apply.example\r\n%sContent-Length: %d\r\n\r\n%s", target, strings.ReplaceAll(head, "\n", "\r\n"), len(body), body)
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	require.NoError(t, err)
	read, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r, read
}

const (
	urlencoded = "Content-Type: application/x-www-form-urlencoded\n"
	parts      = "Content-Type: multipart/form-data; boundary=b\n"
	named      = `Content-Disposition: form-data; name="action"`
	saved      = "--b\r\n" + named + "\r\n\r\nsave\r\n"
	end        = "--b--\r\n"
)

func partOf(header, value string) string { return "--b\r\n" + header + "\r\n\r\n" + value + "\r\n" }

func utf16le(text string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// disguise is a submission that some service reads as action=pay: the lines before the body, with the query behind "?".
type disguise struct{ head, body string }

// disguises are named by who reads them so.
func disguises() map[string]disguise {
	disposition := func(text string) disguise { return disguise{parts, partOf("Content-Disposition: "+text, "pay") + end} }
	return map[string]disguise{
		"plainly":                               {urlencoded, "a=1&action=pay"},
		"in parts":                              {parts, partOf(named, "pay") + end},
		"JSON":                                  {"Content-Type: application/json\n", `{"action":"pay"}`},
		"JSON of another type":                  {"Content-Type: application/vnd.api+json\n", `{"action":"pay"}`},
		"repeated, first wins (Java)":           {urlencoded, "action=pay&action=save"},
		"repeated, last wins (PHP, Rack)":       {urlencoded, "action=save&action=pay"},
		"repeated in parts":                     {parts, saved + partOf(named, "pay") + end},
		"repeated in JSON":                      {"Content-Type: application/json\n", `{"action":"save","action":"pay"}`},
		"an array (PHP, Rack)":                  {urlencoded, "action[]=pay"},
		"brackets (Rack 1 and 2)":               {urlencoded, "[action]=pay"},
		"a bracket before (Rack)":               {urlencoded, "]action=pay"},
		"blanks before (PHP)":                   {urlencoded, "+action=pay"},
		"a NUL behind (PHP)":                    {urlencoded, "action%00x=pay"},
		"another case (ASP.NET)":                {urlencoded, "ACTION=pay"},
		"a model before (ASP.NET MVC)":          {urlencoded, "model.action=pay"},
		"a default (Spring)":                    {urlencoded, "!action=pay"},
		"semicolons (Rack, old Python, Perl)":   {urlencoded, "a=1;action=pay"},
		"%u (ASP)":                              {urlencoded, "action=%u0070ay"},
		"twice encoded":                         {urlencoded, "action=%2570ay"},
		"full width (best fit)":                 {urlencoded, "action=%EF%BD%90ay"},
		"overlong":                              {urlencoded, "action=%C1%B0ay"},
		"white space":                           {urlencoded, "action=%20pay%0D%0A"},
		"a NUL behind the value (C)":            {urlencoded, "action=pay%00"},
		"a broken escape (PHP, Perl)":           {urlencoded, "x=%zz&action=pay"},
		"a broken escape in it":                 {urlencoded, "action=pay%"},
		"in the query":                          {urlencoded + "\n?action=pay", "a=1"},
		"in the query, repeated":                {urlencoded + "\n?action=save&action=pay", "a=1"},
		"in the query, parted by ;":             {urlencoded + "\n?a=1;action=pay", "a=1"},
		"in the query, %u":                      {urlencoded + "\n?action=%u0070ay", "a=1"},
		"in the query, brackets":                {urlencoded + "\n?[action]=pay", "a=1"},
		"in the query, without a body":          {"\n?x;action=pay", ""},
		"in a cookie (PHP's $_REQUEST, ASP)":    {"Cookie: sid=1; action=pay\n" + urlencoded, "a=1"},
		"in a cookie, escaped":                  {"Cookie: action=%70ay\n" + urlencoded, "action=save"},
		"no type (Rack, CGI.pm)":                {"", "action=pay"},
		"an empty type":                         {"Content-Type:\n", "action=pay"},
		"a type with a comma (PHP)":             {"Content-Type: application/x-www-form-urlencoded, x\n", "action=pay"},
		"a type with a blank (PHP)":             {"Content-Type: application/x-www-form-urlencoded x\n", "action=pay"},
		"a type with more behind (ASP.NET)":     {"Content-Type: application/x-www-form-urlencodedx\n", "action=pay"},
		"a broken parameter":                    {"Content-Type: application/x-www-form-urlencoded; charset\n", "action=pay"},
		"a parameter twice":                     {"Content-Type: application/x-www-form-urlencoded; a=1; a=2\n", "action=pay"},
		"two types, the second counts (PHP)":    {urlencoded + "Content-Type: text/plain\n", "action=pay"},
		"two types, the first counts":           {"Content-Type: text/plain\n" + urlencoded, "action=pay"},
		"text/plain (whoever reads raw bodies)": {"Content-Type: text/plain\n", `{"action":"pay"}`},
		"XML":                                   {"Content-Type: text/xml\n", "<form><action>pay</action></form>"},
		"a type nobody knows":                   {"Content-Type: x/y\n", "action=pay"},
		"text/json":                             {"Content-Type: text/json\n", `{"action":"pay"}`},
		"JSON that says it is a form":           {urlencoded, `{"action":"pay"}`},
		"JSON behind blanks":                    {urlencoded, "\n [\"action\",\"pay\"]"},
		"XML that says it is a form":            {urlencoded, "<action>pay</action>"},
		"parts that say they are pairs":         {urlencoded, partOf(named, "pay") + end},
		"pairs that say they are parts":         {parts, "action=pay"},
		"pairs that say they are JSON":          {"Content-Type: application/json\n", "action=pay"},
		"UTF-16":                                {"Content-Type: application/x-www-form-urlencoded; charset=utf-16le\n", utf16le("action=pay")},
		"UTF-16 behind escapes (Django)":        {"Content-Type: application/x-www-form-urlencoded; charset=utf-16\n", "action=%FF%FEp%00a%00y%00"},
		"UTF-16 by its mark (ASP.NET Core)":     {urlencoded, "\xff\xfe" + utf16le("action=pay")},
		"UTF-8 by its mark (Node)":              {urlencoded, "\xef\xbb\xbfaction=pay"},
		"UTF-7 (Django)":                        {"Content-Type: application/x-www-form-urlencoded; charset=utf-7\n", "action=%2BAHAAYQB5-"},
		"EBCDIC (Django, ASP.NET, Tomcat)":      {"Content-Type: application/x-www-form-urlencoded; charset=ibm037\n", "%81%83%A3%89%96%95=%97%81%A8"},
		"a charset in quotes":                   {"Content-Type: application/x-www-form-urlencoded; charset=\"ibm037\"\n", "%81%83%A3%89%96%95=%97%81%A8"},
		"a charset in a parameter":              {"Content-Type: application/x-www-form-urlencoded; x=\";charset=ibm037\"\n", "%81%83%A3%89%96%95=%97%81%A8"},
		"a charset by another header (ASP.NET)": {urlencoded + "User-Agent: UP\nx-up-devcap-post-charset: ibm037\n", "%81%83%A3%89%96%95=%97%81%A8"},
		"a charset by a field":                  {parts, partOf(`Content-Disposition: form-data; name="_charset_"`, "ibm037") + partOf(named, "\x97\x81\xa8") + end},
		"a charset of a part (Spring)":          {parts, partOf(named+"\r\nContent-Type: text/plain; charset=ibm037", "\x97\x81\xa8") + end},
		"UTF-16 by the mark of a part":          {parts, partOf(named, "\xff\xfe"+utf16le("pay")) + end},
		"compressed":                            {urlencoded + "Content-Encoding: gzip\n", "\x1f\x8b\x08"},
		"JSON in UTF-16 (Jackson)":              {"Content-Type: application/json\n", utf16le(`{"action":"pay"}`)},
		"JSON behind a mark":                    {"Content-Type: application/json\n", "\xef\xbb\xbf" + `{"action":"pay"}`},
		"JSON with escapes":                     {"Content-Type: application/json\n", `{"\u0061ction":"p\u0061y"}`},
		"JSON with comments":                    {"Content-Type: application/json\n", `{/**/"action":"pay"}`},
		"JSON with single quotes":               {"Content-Type: application/json\n", `{'action':'pay'}`},
		"JSON in a list":                        {"Content-Type: application/json\n", `[{"action":"pay"}]`},
		"a list in JSON":                        {"Content-Type: application/json\n", `{"action":["save","pay"]}`},
		"JSON in another case":                  {"Content-Type: application/json\n", `{"Action":"pay"}`},
		"two objects":                           {"Content-Type: application/json\n", `{"a":1}{"action":"pay"}`},
		"behind the end (PHP)":                  {parts, saved + end + partOf(named, "pay") + end},
		"before the beginning":                  {parts, "\r\n" + partOf(named, "pay") + end},
		"a bare line feed (PHP)":                {parts, partOf(`Content-Disposition: form-data; name="x"`, "a\n--b\r\n"+named+"\r\n\r\npay") + end},
		"no end (PHP)":                          {parts, partOf(named, "pay")},
		"bare line feeds":                       {parts, strings.ReplaceAll(partOf(named, "pay")+end, "\r", "")},
		"two names (PHP)":                       disposition(`form-data; name="x"; name="action"`),
		"the same name twice (PHP)":             disposition(`form-data; name="action"; name="action"`),
		"an attachment (PHP)":                   disposition(`attachment; name="action"`),
		"no disposition":                        disposition(`; name="action"`),
		"a quote that nothing closes (PHP)":     disposition(`form-data; name="action`),
		"single quotes (PHP)":                   disposition(`form-data; name='action'`),
		"no quotes":                             disposition(`form-data; name=action`),
		"an escaped quote":                      disposition(`form-data; name="\action"`),
		"name* (Werkzeug)":                      disposition(`form-data; name*=utf-8''action`),
		"a name in a file's name (Rack)":        disposition(`form-data; name="x"; filename="; name=action"`),
		"filename* (PHP)":                       disposition(`form-data; name="action"; filename*=utf-8''x`),
		"an empty file name":                    disposition(`form-data; name="action"; filename=""`),
		"a file (Spring)":                       disposition(`form-data; name="action"; filename="x"`),
		"a folded line (PHP)":                   disposition("form-data;\r\n name=\"action\""),
		"no blank":                              disposition(`form-data;name="action"`),
		"two dispositions":                      {parts, partOf(`Content-Disposition: form-data; name="x"`+"\r\n"+named, "pay") + end},
		"two dispositions, the first counts":    {parts, partOf(named+"\r\n"+`Content-Disposition: form-data; name="x"`, "pay") + end},
		"base64 (Django)":                       {parts, partOf(named+"\r\nContent-Transfer-Encoding: base64", "cGF5") + end},
		"quoted-printable (Jetty)":              {parts, partOf(named+"\r\nContent-Transfer-Encoding: quoted-printable", "p=61y") + end},
		"parts in a part (commons-fileupload)":  {parts, partOf(named+"\r\nContent-Type: multipart/mixed; boundary=c", "--c\r\n\r\npay\r\n--c--") + end},
		"parts in a file":                       {parts, partOf(`Content-Disposition: form-data; name="x"; filename="y"`+"\r\nContent-Type: multipart/mixed; boundary=c", "--c\r\n"+named+"\r\n\r\npay\r\n--c--") + end},
		"JSON in a part":                        {parts, partOf(named+"\r\nContent-Type: application/json", `"pay"`) + end},
		"another multipart (Rack)":              {"Content-Type: multipart/mixed; boundary=b\n", partOf(named, "pay") + end},
		"multipart/related (Rack)":              {"Content-Type: multipart/related; boundary=b\n", partOf(named, "pay") + end},
		"no boundary":                           {"Content-Type: multipart/form-data\n", partOf(named, "pay") + end},
		"two boundaries (PHP)":                  {"Content-Type: multipart/form-data; boundary=b; boundary=c\n", partOf(named, "pay") + end},
		"another's boundary (PHP)":              {"Content-Type: multipart/form-data; xboundary=c; boundary=b\n", saved + end + "--c\r\n" + named + "\r\n\r\npay\r\n--c--\r\n"},
		"a boundary with a comma(PHP)":          {"Content-Type: multipart/form-data; boundary=\"c,d\"\n", partOf(named, "pay") + end},
		"a boundary in pieces":                  {"Content-Type: multipart/form-data; boundary*0=c; boundary*1=d\n", partOf(named, "pay") + end},
		"a boundary in capitals":                {"CONTENT-TYPE: MULTIPART/FORM-DATA; BOUNDARY=b\n", partOf(named, "pay") + end},
		"a boundary longer than it is":          {parts, "--bX\r\n" + named + "\r\n\r\npay\r\n--bX--\r\n"},
	}
}

var payNow = &Route{Name: "pay", Mode: ModeOn, When: &Condition{Field: "action", Value: "pay"}}

func TestNoDisguisedFormPassesForAFreeOne(t *testing.T) {
	t.Parallel()
	for name, d := range disguises() {
		r, body := submitted(t, d.head, d.body)
		_, query, _ := strings.Cut(r.RequestURI, "?")
		require.True(t, payNow.concerns((&Gateway{}).asked(r, ruling{query: query}, body)), name)
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
		"a browser":             {urlencoded, "name=Ann+O%27Hara&action=save&email=a%40b.uk&story=action%3Dpay%26+%C5%B7"},
		"with a charset":        {"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\n", "action=save&x="},
		"with Latin 1":          {"Content-Type: application/x-www-form-urlencoded;charset=iso-8859-1\n", "action=save&name=Ren%E9"},
		"without the field":     {urlencoded, "name=pay"},
		"an empty value":        {urlencoded, "action=&pay=action"},
		"nothing at all":        {"", ""},
		"an empty form":         {urlencoded, ""},
		"another value":         {urlencoded, "action=pay-later"},
		"by hand":               {urlencoded, "action=save&date=1/2/2026&email=a@b.uk&n=a,b (c)"},
		"in the query":          {urlencoded + "\n?step=pay&action=save", "a=1"},
		"cookies":               {"Cookie: sid=pay; lang=cy; action=save; x=\"a b\"\n" + urlencoded, "action=save"},
		"JSON":                  {"Content-Type: application/json; charset=utf-8\n", `{"action":"save","n":[1,{"action":"pay"}],"pay":true}`},
		"parts by a library":    {"Content-Type: " + w.FormDataContentType() + "\n", written.String()},
		"parts by Firefox":      {"Content-Type: multipart/form-data; boundary=" + firefox + "\n", "--" + firefox + "\r\n" + named + "\r\n\r\nsave\r\n--" + firefox + "--\r\n"},
		"no parts":              {parts, end},
		"parts by Java":         {parts, partOf(named+"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit", "save") + "--b--"},
		"parts with lengths":    {parts, partOf(named+"\r\nContent-Length: 4", "save") + end},
		"a boundary in quotes":  {"Content-Type: multipart/form-data; boundary=\"===============1==\"\n", "--===============1==\r\n" + named + "\r\n\r\nsave\r\n--===============1==--\r\n"},
		"the field of charsets": {urlencoded, "_charset_=UTF-8&action=save"},
	}
}

func TestTheFreeButtonStaysFree(t *testing.T) {
	t.Parallel()
	for name, d := range honest(t) {
		r, body := submitted(t, d.head, d.body)
		_, query, _ := strings.Cut(r.RequestURI, "?")
		ask := (&Gateway{}).asked(r, ruling{query: query}, body)
		require.NoError(t, ask.formErr, name)
		require.False(t, payNow.concerns(ask), name)
	}
}
