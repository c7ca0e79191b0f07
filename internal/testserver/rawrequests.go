package testserver

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway/command/probe"
)

// PublicHost is the host of the program that StartRaw runs.
const PublicHost = "apply.example.org"

// The sentinel follows each request on its connection: it shows whether anything else was left there.
const (
	SentinelTarget = "/sentinel"
	Sentinel       = "GET " + SentinelTarget + " HTTP/1.1\r\nHost: " + PublicHost + "\r\nConnection: close\r\n\r\n"
)

// FormType is the header line of an ordinary form.
const FormType = "Content-Type: application/x-www-form-urlencoded\r\n"

// WhenPayButton is the setting for a page on which one of several buttons pays.
const WhenPayButton = "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay"

// Smuggled is a request for the pay route, to be put where a body or nothing should be.
const Smuggled = "POST /licences/apply HTTP/1.1\r\nHost: apply.example.org\r\nContent-Type: " +
	"application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann"

// Sensitive marks what a log must not contain: queries, bodies, cookies, headers, names and addresses.
const Sensitive = "s3cr3t"

// Request returns a request with a body.
func Request(line, header, body string) string {
	return fmt.Sprintf("%s HTTP/1.1\r\nHost: apply.example.org\r\n%sContent-Length: %d\r\n\r\n%s",
		line, header, len(body), body)
}

// FormRequest returns the form of the pay route as a browser sends it.
func FormRequest(method, target string) string {
	return Request(method+" "+target, FormType, "name=Ann")
}

// KnownSpellings returns the probe's spellings of the pay path that no setting lets pass.
func KnownSpellings(kinds ...probe.Kind) []probe.Spelling {
	address := probe.Address{Method: http.MethodPost, Path: "/licences/apply", Host: PublicHost, Form: "name=Ann"}
	return slices.DeleteFunc(probe.Spellings(address, kinds...), func(s probe.Spelling) bool { return s.Setting != "" })
}

// GeneratedSpellings returns spellings of a path of two segments. It adds what servers remove before, between and
// after the segments, and rewrites their letters; it combines two such changes, never three.
func GeneratedSpellings(first, second string) []string {
	before := []string{
		"", "/.", "/x/..", "/..", "/x/%2e%2e", "/x/..;", "/;a", "/(S(x))", "/%2e", "/x%2f..", "/x%5c..", "/x//..",
		"/x/%252e%252e", "/index.php", "/x/.%2e",
	}
	between := []string{
		"/", "//", "/./", "/x/../", "/;/", ";a=b/", "%2f", "%252f", "%5c", "%c0%af", "%ef%bc%8f", "/x/..;/", "/%2e/",
		"/x%2f..%2f", "%20/", "./", "/(S(x))/",
	}
	after := []string{
		"", "/", "//", "/.", "/x/..", ";a", ";a=b/", "%20", "%09", "%0a", "%00", "%00.html", ".", "%2e", "::$DATA",
		"%3f", "%3fx=1", "%23", "%3b", "%2f", "%5c", "%c2%a0", "%a0", "+", "/x", ".json", ".php", ".1",
	}
	letters := []func(string) string{
		func(s string) string { return s },
		strings.ToUpper,
		func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
		func(s string) string { return fmt.Sprintf("%%%02x%s", s[0], s[1:]) },
		func(s string) string { return fmt.Sprintf("%%25%02x%s", s[0], s[1:]) },
		func(s string) string { return s[:1] + "%01" + s[1:] },
	}
	var made []string
	for b, start := range before {
		for m, middle := range between {
			for e, end := range after {
				for l, write := range letters {
					if odd := min(b, 1) + min(m, 1) + min(e, 1) + min(l, 1); odd == 1 || odd == 2 && (b+m+e+l)%2 == 0 {
						made = append(made, start+"/"+write(first)+middle+write(second)+end)
					}
				}
			}
		}
	}
	slices.Sort(made)
	return slices.Compact(made)
}

// HostileHeaderNames returns names of headers by which a client would impersonate Paygate, a proxy or another request.
func HostileHeaderNames() []string {
	names := []string{
		"Paygate-Status", "PAYGATE-STATUS", "paygate-status", "pAyGaTe-sTaTuS", "Paygate", "Paygate-",
		"Paygate--Status", "Paygate-Assertion",
		"Paygate-Payment-Id", "Paygate-Anything", "paygate_assertion", "PAYGATE_PAYMENT_ID", "Paygate-Status_",
		"Paygate_-Status",
		"X-Original-URL", "X_Original_URL", "x-original-uri", "X-Original-Path", "X-Rewrite-URL", "X.Rewrite.Url",
		"X-Forwarded-Uri", "X-Forwarded-Path",
		"X-Forwarded-Prefix", "X-HTTP-Method-Override", "X_HTTP_METHOD_OVERRIDE", "X-HTTP-Method", "X-Method-Override",
		"X-HTTP-DestinationURL", "X-Script-Name",
		"Script-Name", "SCRIPT_NAME", "PATH_INFO", "Path-Info", "Proxy", "X-Forwarded-Script-Name",
		"Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
		"X-Forwarded-Ssl", "X-Real-IP", "X-Client-IP",
		"True-Client-IP", "X_Forwarded_For", "X-Custom_Header", "X.Y", "_", "REMOTE_USER", "Content_Length",
		"Content_Type", "Transfer_Encoding", "Host_",
		"TE", "Trailer", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "HTTP2-Settings", "Upgrade",
	}
	for _, mark := range "!#$%&'*+.^_`|~" {
		names = append(names, "Paygate"+string(mark)+"Status", "Paygate-Status"+string(mark),
			"X"+string(mark)+"Original-Url")
	}
	return names
}
