package delivery_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/delivery"
	"paygate/journey"
)

const yes = "Application received"

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.String()
}

// page returns an answer with status 200.
func page(coding, body string) string {
	header := ""
	if coding != "" {
		header = "Content-Encoding: " + coding + "\r\n"
	}
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", header, len(body), body)
}

func TestVerdictSearchesTheDecodedPage(t *testing.T) {
	t.Parallel()
	const limit = 1 << 10
	filling := strings.Repeat("<p>filling</p>", limit)
	confirmation, form := "<h1>"+yes+"</h1>", "<h1>Apply</h1>"
	for name, c := range map[string]struct {
		answer  string
		verdict journey.Verdict
	}{
		"plain":                     {page("", confirmation), journey.VerdictAccepted},
		"plain, without it":         {page("", form), journey.VerdictRefused},
		"identity":                  {page("identity", confirmation), journey.VerdictAccepted},
		"gzip":                      {page("gzip", gzipped(t, confirmation)), journey.VerdictAccepted},
		"GZip":                      {page("GZip", gzipped(t, confirmation)), journey.VerdictAccepted},
		"x-gzip, without it":        {page("x-gzip", gzipped(t, form)), journey.VerdictRefused},
		"gzip, and the body is not": {page("gzip", confirmation), journey.VerdictUnknown},
		"gzip that breaks off":      {page("gzip", gzipped(t, form+filling)[:40]), journey.VerdictUnknown},
		"gzip of more than the limit": {
			page("gzip", gzipped(t, form+filling+confirmation)),
			journey.VerdictUnknown,
		},
		"gzip of more, with it at the start": {page("gzip", gzipped(t, confirmation+filling)), journey.VerdictAccepted},
		"gzip twice": {
			page("gzip, gzip", gzipped(t, gzipped(t, confirmation))),
			journey.VerdictUnknown,
		},
		"brotli":                     {page("br", "xx"+confirmation), journey.VerdictUnknown},
		"more than the limit":        {page("", form+filling+confirmation), journey.VerdictUnknown},
		"more, with it at the start": {page("", confirmation+filling), journey.VerdictAccepted},
		"breaks off": {
			strings.TrimSuffix(page("", form+"......"), "......"),
			journey.VerdictUnknown,
		},
		"breaks off after it": {
			strings.TrimSuffix(page("", confirmation+"......"), "......"),
			journey.VerdictAccepted,
		},
		"part of it": {
			strings.Replace(page("", form), "200 OK", "206 Partial Content", 1),
			journey.VerdictUnknown,
		},
		"nothing": {"HTTP/1.1 204 No Content\r\n\r\n", journey.VerdictRefused},
		"in two chunks": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nApplicati\r\nb\r\non received\r\n0\r\n\r\n",
			journey.VerdictAccepted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, -1, answers(c.answer))
			d := paidForm()
			d.Request.Header.Set("Accept-Encoding", "gzip, br")
			d.Request.Header.Set("Range", "bytes=0-9")
			d.Journey.Terms.Acceptance = &journey.Acceptance{Texts: []string{yes}}
			result := deliverer(t, w.url, func(o *delivery.Options) { o.ReplyMaxBytes = limit }).Deliver(t.Context(), d)
			_ = result.Reply.Close()
			require.Equal(t, c.verdict, result.Verdict, result.Detail)
			_, got := w.got()
			require.NotContains(t, got, "Accept-Encoding", "so that the service does not encode its page")
			require.NotContains(t, got, "Range:", "so that the page is whole")
		})
	}
}

// Without a text to look for, the header alone decides.
func TestVerdictOnAPageThatStalls(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	for text, verdict := range map[string]journey.Verdict{
		journey.Any: journey.VerdictAccepted, yes: journey.VerdictUnknown, "Apply": journey.VerdictAccepted,
	} {
		w := newWire(t, -1, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<h1>Apply</h1>")
			<-release
		})
		d := paidForm()
		d.Journey.Terms.Acceptance = &journey.Acceptance{Texts: []string{text}}
		ctx, giveUp := context.WithCancel(t.Context())
		headerRead := func(http.Header) { giveUp() }
		result := deliverer(t, w.url, func(o *delivery.Options) { o.StripSetCookie = headerRead }).Deliver(ctx, d)
		require.Equal(t, verdict, result.Verdict, text)
	}
}

func TestMissingTextsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	type told struct {
		route  string
		inARow int
	}
	var called []told
	answer := ""
	w := newWire(t, -1, func(conn net.Conn) { _, _ = io.WriteString(conn, answer) })
	deliver := deliverer(t, w.url, func(o *delivery.Options) {
		o.TextMissing = func(route string, inARow int) { called = append(called, told{route, inARow}) }
	})
	send := func(route, text string) {
		answer = text
		d := paidForm()
		d.Journey.Terms.Route = route
		d.Journey.Terms.Acceptance = &journey.Acceptance{Texts: []string{yes}}
		_ = deliver.Deliver(t.Context(), d).Reply.Close()
	}
	send("licence", page("", "form"))
	send("fine", page("", "form"))
	send("licence", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
	send("licence", page("", "form"))
	send("licence", page("", yes))
	send("licence", page("", "form"))
	require.Equal(t, []told{{"licence", 1}, {"fine", 1}, {"licence", 2}, {"licence", 1}}, called)
}
