//go:build linux

package servers

import (
	"fmt"

	"paygate/internal/testserver"
)

// paidForms returns requests in which PHP finds the field with this value.
func paidForms(name, value string) []string {
	const parts = "Content-Type: multipart/form-data; boundary=b\r\n"
	header := "Content-Disposition: form-data; name=\"" + name + "\""
	part := func(header, content string) string { return "--b\r\n" + header + "\r\n\r\n" + content + "\r\n" }
	pair := name + "=" + value
	forms := []string{
		testserver.Request("POST /buttons.php?"+pair, "", ""),
		testserver.Request("POST /buttons.php?x&"+pair, testserver.FormType, "a=1"),
		testserver.Request("POST /buttons.php", "Cookie: "+pair+"\r\n"+testserver.FormType, "a=1"),
		testserver.Request("POST /buttons.php", parts, part(header, value)),
		testserver.Request("POST /buttons.php", parts, "\r\n"+part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", parts,
			part(header, "save")+"--b--\r\n"+part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", parts,
			part("Content-Disposition: form-data; name=\"x\"", "a\n"+part(header, value))+"--b--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: multipart/form-data; boundary=c; boundary=b\r\n",
			"--c\r\n"+header+"\r\n\r\n"+value+"\r\n--c--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: multipart/form-data; xboundary=c; boundary=b\r\n",
			part(header, "save")+"--b--\r\n--c\r\n"+header+"\r\n\r\n"+value+"\r\n--c--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: multipart/form-data; boundary=b,c\r\n",
			part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: MULTIPART/FORM-DATA; BOUNDARY=b\r\n",
			part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", parts,
			part(header+"\r\nContent-Disposition: form-data; name=\"x\"", value)+"--b--\r\n"),
	}
	for _, disposition := range []string{
		"form-data; name=\"x\"; name=\"" + name + "\"", "form-data; name=\"" + name + "\"; name=\"" + name + "\"",
		"attachment; name=\"" + name + "\"", "form-data; name=\"" + name, "form-data; name='" + name + "'",
		"form-data; name=" + name, "form-data; name=\"" + name + "\"; filename*=utf-8''x",
		"form-data;\r\n name=\"" + name + "\"", "form-data; name=\"" + name + "[]\"",
		"form-data; name=\" " + name + "\"",
	} {
		forms = append(forms,
			testserver.Request("POST /buttons.php", parts,
				part("Content-Disposition: "+disposition, value)+"--b--\r\n"))
	}
	for _, pairs := range []string{
		pair, "x=1&" + pair, name + "=save&" + pair, "+" + pair, name + "%00x=" + value, name + "[]=" + value,
		name + "[0]=" + value, fmt.Sprintf("%%%02x", name[0]) + pair[1:],
		name + fmt.Sprintf("=%%%02x", value[0]) + value[1:], "x=%zz&" + pair,
	} {
		forms = append(forms, testserver.Request("POST /buttons.php", testserver.FormType, pairs))
	}
	for _, kind := range []string{
		"application/x-www-form-urlencoded, x", "application/x-www-form-urlencoded x",
		"APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencoded;",
		"application/x-www-form-urlencoded; charset",
	} {
		forms = append(forms, testserver.Request("POST /buttons.php", "Content-Type: "+kind+"\r\n", pair))
	}
	return append(forms,
		testserver.Request("POST /buttons.php", testserver.FormType+"Content-Type: text/plain\r\n", pair),
		testserver.Request("POST /buttons.php", "Content-Type: text/plain\r\n"+testserver.FormType, pair))
}
