package paying

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

func TestAcceptanceWithoutContentShowsDonePage(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusResetContent} {
		h, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "flash", Value: "once"})
			w.WriteHeader(status)
		})
		done := c.ReturnFromPay()
		require.Equal(t, http.StatusOK, done.Status)
		require.Contains(t, done.Text, "Payment received and request completed")
		require.Contains(t, done.Text, "You have paid £25.")
		require.Equal(t, []string{"flash=once"}, done.Header["Set-Cookie"])
		require.Equal(t, status,
			c.Get("/licences/apply?paygate-reply="+c.Journeys()[0].ID, "Accept", "application/json").Status)

		c.Get("/register/2026")
		h.EndPayment("success")
		c.ReturnFromPay()
		require.Contains(t, c.Get("/register/2026").Text+c.Get("/_pay/status").Text, "£6")
	}
}

func TestHeadAndPrefetchDoNotUseUpStoredReply(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flash", Value: "once"})
		_, _ = w.Write([]byte("accepted"))
	})
	marked := c.Get("/_pay/return").Location()
	_, err := h.App.Sweep(t.Context())
	require.NoError(t, err)

	head := c.Do(http.MethodHead, marked, nil)
	require.Equal(t, http.StatusOK, head.Status)
	require.Empty(t, head.Header["Set-Cookie"])
	require.Empty(t, head.Header["Paygate-Answer"])
	early := c.Get(marked, "Sec-Purpose", "prefetch;prerender")
	require.Equal(t, http.StatusServiceUnavailable, early.Status)
	require.Contains(t, early.Text, `href="/_pay/status"`, "which leads to the reply")
	shown := c.Get(marked)
	require.Equal(t, "accepted", shown.Text)
	require.Equal(t, []string{"flash=once"}, shown.Header["Set-Cookie"])
}

func TestLargeReplyIsStreamedAndTruncationIsVisible(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 2<<20)
	var breaks atomic.Bool
	h, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Paygate-Answer", "forged")
		_, _ = w.Write([]byte(large))
		if breaks.Load() {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	p := c.ReturnFromPay()
	require.Len(t, p.Text, len(large))
	require.Empty(t, p.Header["Paygate-Answer"])
	require.Equal(t, "private, no-cache", p.Header.Get("Cache-Control"))

	breaks.Store(true)
	c.Apply("Bob")
	h.EndPayment("success")
	text, err := readUntilError(c, c.Get("/_pay/return").Location())
	require.Error(t, err, "the answer is incomplete")
	require.Len(t, text, len(large), "all that arrived")
}

// TestTruncatedReplyIsShownInPart matters because some old services send a wrong Content-Length.
func TestTruncatedReplyIsShownInPart(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"one too long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "19")
			_, _ = w.Write([]byte("licence LIC-7 given"[:18]))
		},
		"in a chunk": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("licence LIC-7 given"[:18]))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		h, c := testserver.NewWithPayment(t, answer)
		text, err := readUntilError(c, c.Get("/_pay/return").Location())
		require.Error(t, err, "%s: the answer is incomplete", name)
		require.Equal(t, "licence LIC-7 give", text, name)
		require.Len(t, h.Service.Requests(http.MethodPost), 1, name)
		require.Equal(t, journey.StateReleased, c.State(), name)
		require.Contains(t, c.ReturnFromPay().Text, "your payment and your form", name)
	}
}

func TestTruncatedRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	_, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			testserver.Plain(w, r)
			return
		}
		w.Header().Set("Location", "/licences/confirmation/1")
		w.Header().Set("Content-Length", "9")
		w.WriteHeader(http.StatusFound)
	})
	answer, err := c.Client.Get(c.H.URL + c.Get("/_pay/return").Location())
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, "/licences/confirmation/1", answer.Header.Get("Location"))
}

func TestEmptyTruncatedReplyShowsOwnPage(t *testing.T) {
	t.Parallel()
	_, c := testserver.NewWithPayment(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
	})
	require.Contains(t, c.ReturnFromPay().Text, "your payment and your form")
}
