package delivery_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/delivery"
	"paygate/journey"
)

func toldJourney() (journey.Journey, journey.Message) {
	j := journey.Journey{
		ID: "01TEST", State: journey.StateReleased, PaidWith: "pay1", PaidAt: t0, Submission: 1,
		Terms: journey.Terms{Route: "licence", Amount: 2500, Reference: "LIC-1", Tell: "/paygate/events"},
		Payments: []journey.Payment{
			{ID: "pay1", Status: "success", Total: 2500}, {ID: "pay2", Status: "failed"},
		},
	}
	m := journey.Message{
		ID: "re1", To: journey.ToService, What: journey.WhatRefunded, PaymentID: "pay1", Amount: 500,
		RefundedTotal: 500, At: t0, Failures: 2,
	}
	return j, m
}

func TestTheServiceIsToldOfAnEvent(t *testing.T) {
	t.Parallel()
	service := newWire(t, -1, answers("HTTP/1.1 204 No Content\r\n\r\n"))
	j, m := toldJourney()
	require.NoError(t, deliverer(t, service.url, nil).Send(t.Context(), j, m))
	_, got := service.got()
	require.NotContains(t, got, "X-Forwarded-For")
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(got)))
	require.NoError(t, err)
	require.Equal(t, "POST /paygate/events", request.Method+" "+request.RequestURI)
	require.Equal(t, "licences.example.gov.uk", request.Host)
	require.Equal(t, "application/json", request.Header.Get("Content-Type"))
	require.Equal(t, "event", request.Header.Get("Paygate-Status"))
	require.Equal(t, "https", request.Header.Get("X-Forwarded-Proto"))
	require.NotEmpty(t, request.Header.Get("Paygate-Assertion"))
	body, err := io.ReadAll(request.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `"evt":{"id":"re1","what":"refunded","amount":500,"refunded_total":500,`)
	require.Contains(t, string(body), `"pay":{"id":"pay1"`)
}

func TestOnlyA2xxTakesAnEvent(t *testing.T) {
	t.Parallel()
	j, m := toldJourney()
	for answer, wanted := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":                                  "",
		"HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\ncut off":                    "",
		"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n":               "",
		"HTTP/1.1 303 See Other\r\nLocation: /secret\r\nContent-Length: 0\r\n\r\n":      "the service answered 303",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nsecret":                     "the service answered 404",
		"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n":                         "the service answered 503",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n": "the service answered 101",
		"HTTP/1.1 200 OK\r\nBroken header line secret\r\n\r\n": "no complete answer " +
			"from the service",
		"": "no complete answer from the service",
	} {
		service := newWire(t, -1, answers(answer))
		err := deliverer(t, service.url, nil).Send(t.Context(), j, m)
		conns, _ := service.got()
		require.Equal(t, 1, conns, "sent once, and no redirect followed: %q", answer)
		if wanted == "" {
			require.NoError(t, err, answer)
			continue
		}
		require.EqualError(t, err, wanted, answer)
	}
}

func TestAServiceThatIsAwayOrSilentIsNamedAsThat(t *testing.T) {
	t.Parallel()
	j, m := toldJourney()
	away := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	require.EqualError(t, deliverer(t, away, nil).Send(t.Context(), j, m), "the service cannot be reached")
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	silent := newWire(t, -1, func(net.Conn) { <-release })
	err := deliverer(t, silent.url, func(o *delivery.Options) { o.Timeout = 50_000_000 }).Send(t.Context(), j, m)
	require.EqualError(t, err, "no answer from the service in time")
}

func TestAnEventHasTheHostWhereTheCitizenStarted(t *testing.T) {
	t.Parallel()
	j, m := toldJourney()
	j.Terms.ReturnURL = "http://trwyddedau.example.gov.uk/_pay/return"
	for host, wanted := range map[string]string{"": "trwyddedau.example.gov.uk", "legacy.internal": "legacy.internal"} {
		service := newWire(t, -1, answers("HTTP/1.1 204 No Content\r\n\r\n"))
		require.NoError(t, deliverer(t, service.url, func(o *delivery.Options) {
			o.Host = host
			o.Origins = append(o.Origins, &url.URL{Scheme: "http", Host: "trwyddedau.example.gov.uk"})
		}).Send(t.Context(), j, m))
		_, got := service.got()
		require.Contains(t, got, "Host: "+wanted+"\r\n")
		require.Contains(t, got, "X-Forwarded-Host: trwyddedau.example.gov.uk\r\nX-Forwarded-Proto: http\r\n")
	}
}
