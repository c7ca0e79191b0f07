package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testwire"
)

func TestKeepTicketSurvivesClearSiteData(t *testing.T) {
	t.Parallel()
	public := &url.URL{Scheme: "https", Host: "apply.service.gov.uk"}
	for said, left := range map[string]string{
		`"cookies"`:                  "",
		`"*"`:                        `"cache", "storage", "executionContexts"`,
		`"cache", "cookies"`:         `"cache"`,
		`"Cookies","storage"`:        `"storage"`,
		`"cookies", "cookies", "*"`:  `"cache", "storage", "executionContexts"`,
		`"clientHints" , "cookies",`: `"clientHints"`,
	} {
		header := http.Header{"Clear-Site-Data": {said}, "Set-Cookie": {"sid=new; Path=/"}}
		keepTicket(header, expiry{public, "/licences/apply;jsessionid=1", `sid=1; b = "2"; flag; sid=3`})
		require.Equal(t, left, header.Get("Clear-Site-Data"), said)
		require.Equal(t, []string{
			"sid=; Max-Age=0; Path=/; Secure", "b=; Max-Age=0; Path=/; Secure",
			"sid=; Max-Age=0; Path=/; Domain=apply.service.gov.uk; Secure",
			"b=; Max-Age=0; Path=/; Domain=apply.service.gov.uk; Secure",
			"sid=; Max-Age=0; Path=/licences; Secure", "b=; Max-Age=0; Path=/licences; Secure",
			"sid=; Max-Age=0; Path=/licences/; Secure", "b=; Max-Age=0; Path=/licences/; Secure",
			"sid=; Max-Age=0; Path=/licences/apply; Secure", "b=; Max-Age=0; Path=/licences/apply; Secure",
			"sid=new; Path=/",
		}, header["Set-Cookie"], said)
	}
	for _, said := range []string{`"cache"`, `"storage", "executionContexts"`, `cookies`, ``} {
		header := http.Header{"Clear-Site-Data": {said}}
		keepTicket(header, expiry{public, "/", "a=b"})
		require.Equal(t, http.Header{"Clear-Site-Data": {said}}, header, "nothing that concerns the ticket")
	}
	header, p := http.Header{"Clear-Site-Data": {`"*"`}}, New(optionsFor(public))
	p.CleanReply(header, &http.Request{Header: http.Header{"Cookie": {"a=b"}}}, "/")
	require.Equal(t, http.Header{"Clear-Site-Data": {`"*"`}}, header,
		"without a ticket it is the service's own business")
}

func TestExpiryCoversEachDomainOfTheSite(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][]string{
		"www.licences.example.co.uk:8443": {"www.licences.example.co.uk", "licences.example.co.uk", "example.co.uk"},
		"127.0.0.1:8000":                  nil, "[::1]:8000": nil, "localhost": nil, "gov.uk": nil,
	} {
		require.Equal(t, want, domains(&url.URL{Host: host}), host)
	}
	many := expiry{
		&url.URL{Scheme: "http", Host: "x.example.org"}, strings.Repeat("/a", 1000),
		strings.Repeat("a=b;", 3) + "; c=d",
	}
	require.Len(t, many.lines(), maxExpired)
	require.Equal(t, "a=; Max-Age=0; Path=/", many.lines()[0])
}

func TestServeKeepsTheTicketOnClearSiteData(t *testing.T) {
	t.Parallel()
	service := newRecorder(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nClear-Site-Data: \"cookies\"\r\n\r\nok")
	proxy := serve(t, service.url())
	got := testwire.Exchange(t, proxy,
		"GET /out HTTP/1.1\r\nHost: apply.example\r\nCookie: sid=1; __Host-paygate=ticket\r\n\r\n")
	require.NotContains(t, got, "Clear-Site-Data")
	require.Contains(t, got, "Set-Cookie: sid=; Max-Age=0; Path=/; Secure\r\n")
	require.Contains(t, got, "Set-Cookie: sid=; Max-Age=0; Path=/out; Secure\r\n")
	require.NotContains(t, got, "paygate=")
	require.NotContains(t, <-service.received, "ticket")
	require.Contains(t, testwire.Exchange(t, proxy,
		"GET /out HTTP/1.1\r\nHost: apply.example\r\nCookie: sid=1\r\n\r\n"), "Clear-Site-Data: \"cookies\"\r\n")
}

func TestExpiryIsBounded(t *testing.T) {
	t.Parallel()
	to := expiry{origin: &url.URL{Scheme: "https", Host: "apply.example"}, path: strings.Repeat("/", 60_000)}
	for i := range 10_000 {
		to.cookies += fmt.Sprint("n", i, "=1;")
	}
	require.LessOrEqual(t, len(prefixes(to.path)), 2*maxPath)
	require.LessOrEqual(t, len(prefixes("/"+strings.Repeat("a", 60_000))), 1)
	require.Len(t, to.names(), maxExpired)
	size := 0
	for _, line := range to.lines() {
		size += len(line)
	}
	require.Less(t, size, 20_000)
}
