package operating

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

func TestKeepJourneysDeletesOldHistory(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_KEEP_JOURNEYS=1ms")
	c := h.Citizen()
	c.Apply("Ann")
	id := c.Journeys()[0].ID
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Eventually(t, func() bool {
		h.Sweep()
		return h.Ann().Do(http.MethodGet, "/journeys/"+id, nil).Status == http.StatusNotFound
	}, testserver.LongTimeout, 1)
	require.Empty(t, c.Journeys())
	require.Equal(t, http.StatusNotFound, c.Get("/_pay/return?looked").Status)
}

func TestOnRefusedStaffLeavesMoneyToStaff(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnprocessableEntity) },
		"PAYGATE_ROUTE_LICENCE_ON_REFUSED=staff", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
	c.ReturnFromPay()
	c.SweepUntil(journey.StateStuck)
	id := c.Journeys()[0].ID
	require.Contains(t, h.Ann().Journey(id).Note, "leaves that to staff")
	require.Equal(t, "capturable", h.Payments()[0].Status, "neither taken nor given back until a person says so")
	w, status, text := h.Ann().Order(id, "settle", testserver.WithReason("as", "reversed"))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReversed, w.State)
	require.Equal(t, "cancelled", h.Payments()[0].Status)
}

func TestRepeatSafeSendsTheRequestAgain(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	broken := true
	h, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		breaks := broken && r.Method == http.MethodPost
		broken = broken && !breaks
		mu.Unlock()
		if breaks {
			panic(http.ErrAbortHandler)
		}
		testserver.Confirm(w, r)
	}, "PAYGATE_ROUTE_LICENCE_REPEAT=safe")
	c.ReturnFromPay()
	c.SweepUntil(journey.StateReleased)
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	for name, same := range map[string]bool{
		"Paygate-Journey": true, "Paygate-Submission": true,
		"Paygate-Attempt": false,
	} {
		require.Equal(t, same, posts[0].Header.Get(name) == posts[1].Header.Get(name), name)
	}
	require.Equal(t, posts[0].Body, posts[1].Body)
	require.Equal(t, "success", h.Payments()[0].Status)
}

func TestPayRateQueuesThenShowsAPage(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_RATE=1")
	var mu sync.Mutex
	var answers []testserver.Page
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p := h.Citizen().Post("/licences/apply", url.Values{"name": {"Ann"}})
			mu.Lock()
			defer mu.Unlock()
			answers = append(answers, p)
		})
	}
	all.Wait()
	at := map[int]int{}
	for _, p := range answers {
		if at[p.Status]++; p.Status == http.StatusServiceUnavailable {
			require.Equal(t, "60", p.Header.Get("Retry-After"))
			require.Contains(t, p.Text, "No money has been taken")
			require.Contains(t, p.Text, `action="/_pay/again"`, "the form is stored")
		}
	}
	require.Equal(t, 8, at[http.StatusSeeOther]+at[http.StatusServiceUnavailable], at)
	require.Positive(t, at[http.StatusSeeOther])
	require.Positive(t, at[http.StatusServiceUnavailable])
	require.Len(t, h.Payments(), at[http.StatusSeeOther])
}

func TestUpstreamHostReplacesTheHostHeader(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_UPSTREAM_HOST=legacy.internal")
	c := h.Citizen()
	c.Post("/free", url.Values{})
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	for _, got := range posts {
		require.Equal(t, "legacy.internal", got.Host)
		require.Equal(t, strings.TrimPrefix(h.URL, "http://"), got.Header.Get("X-Forwarded-Host"))
	}
}

func TestPrefixMovesPaygatesOwnAddresses(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PREFIX=/talu-yma")
	c := h.Citizen()
	c.Apply("Ann")
	require.Equal(t, h.URL+"/talu-yma/return", h.Payments()[0].ReturnURL)
	require.Contains(t, c.Get("/talu-yma/return").Text, `action="/talu-yma/resume"`)
	require.Equal(t, http.StatusOK, c.Get("/_pay/return").Status, "the service's own address now")
	h.EndPayment("success")
	require.Contains(t, c.Follow(c.Get("/talu-yma/return")).Text, "the service's own page")
}

func TestPublicListenerServesHTTPS(t *testing.T) {
	t.Parallel()
	h := testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm)
	certFile, keyFile := testserver.WriteCertificate(t, testserver.PublicHost)
	serving := h.Serve("PAYGATE_PUBLIC_URL=https://"+testserver.PublicHost,
		"PAYGATE_TLS_CERT_FILE="+certFile, "PAYGATE_TLS_KEY_FILE="+keyFile)
	h.URL = strings.Replace(h.URL, "http://", "https://", 1)
	c := h.Citizen()
	c.Client.Transport = &http.Transport{
		TLSClientConfig: testserver.TLSConfig(t, certFile), ForceAttemptHTTP2: true,
	}
	t.Cleanup(c.Client.CloseIdleConnections)
	r, err := http.NewRequest(http.MethodPost, h.URL+"/licences/apply", strings.NewReader("name=Ann"))
	require.NoError(t, err)
	r.Host = h.Host
	answer, err := c.Client.Do(r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "HTTP/1.1", answer.Proto)
	ticket := answer.Header.Get("Set-Cookie")
	for _, wanted := range []string{"__Host-paygate=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"} {
		require.Contains(t, ticket, wanted)
	}
	require.NotContains(t, ticket, "Domain")
	h.EndPayment("success")
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Equal(t, "https", h.Service.Requests(http.MethodPost)[0].Header.Get("X-Forwarded-Proto"))
	c.Client.CloseIdleConnections()
	require.Zero(t, serving.Stop())
}
