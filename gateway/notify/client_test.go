package notify_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/notify"
	"paygate/internal/notifysim"
)

// newSim starts a simulated Notify, and returns a client of it.
func newSim(t *testing.T) (*notifysim.Simulator, *notify.Client) {
	t.Helper()
	sim := notifysim.New(notifysim.Options{})
	return sim, clientOf(t, sim)
}

func clientOf(t *testing.T, handler http.Handler) *notify.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	key, err := notify.ParseKey(notifysim.Key)
	require.NoError(t, err)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	return notify.NewClient(notify.Options{URL: address, Key: key, Now: time.Now})
}

func anEmail() notify.Email {
	return notify.Email{
		Template: notifysim.Templates()[0].ID, Address: "ann@example.org", Reference: "J1-refund-7",
		Fields: map[string]string{
			"reference": "R1", "amount": "£25.00", "service": "Fishing", "description": "Licence", "contact": "",
		},
	}
}

func TestAnEmailArrivesOnceAndIsFoundByItsReference(t *testing.T) {
	t.Parallel()
	sim, client := newSim(t)
	taken, err := client.Took(t.Context(), "J1-refund-7")
	require.NoError(t, err)
	require.False(t, taken)
	require.NoError(t, client.Send(t.Context(), anEmail()))
	require.Len(t, sim.Emails(), 1)
	require.Equal(t, "We have received your payment and your form: Fishing", sim.Emails()[0].Subject)
	require.Contains(t, sim.Emails()[0].Body, "You have paid £25.00 for: Licence")
	taken, err = client.Took(t.Context(), "J1-refund-7")
	require.NoError(t, err)
	require.True(t, taken)
}

func TestWhichErrorsArePermanent(t *testing.T) {
	t.Parallel()
	for fault, permanent := range map[string]bool{
		notifysim.FaultDown: false, notifysim.FaultLimit: false, notifysim.FaultLost: false,
		notifysim.FaultKey: true, notifysim.FaultTemplate: true,
	} {
		sim, client := newSim(t)
		sim.Break(fault, anEmail().Template)
		requireError(t, client.Send(t.Context(), anEmail()), permanent)
	}
}

func requireError(t *testing.T, err error, permanent bool) {
	t.Helper()
	failed, is := err.(*notify.Error)
	require.True(t, is, "%v", err)
	require.Equal(t, permanent, failed.Permanent(), failed.Error())
	require.NotContains(t, failed.Error(), "example.org")
}

func TestAnswersThatAreNotNotifysAreNeverPermanent(t *testing.T) {
	t.Parallel()
	for status, body := range map[int]string{
		400: "<html>blocked</html>", 403: `{"errors":"blocked"}`, 404: `{"errors":[{"error":"NoResultFound"}]}`,
		301: "", 200: "{}", 502: "",
	} {
		client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		requireError(t, client.Send(t.Context(), anEmail()), false)
		_, err := client.Took(t.Context(), "x")
		requireError(t, err, false)
	}
}

func TestAnErrorHasTheClassAndNotTheTextOfNotify(t *testing.T) {
	t.Parallel()
	client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errors":[{"error":"ValidationError","message":"ann@example.org is bad"}]}`)
	}))
	require.EqualError(t, client.Send(t.Context(), anEmail()), "GOV.UK Notify: status 400, ValidationError")
}

func TestAnEmailThatFailedForATechnicalReasonIsSentAgain(t *testing.T) {
	t.Parallel()
	client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"notifications":[{"reference":"r","status":"technical-failure"}]}`)
	}))
	taken, err := client.Took(t.Context(), "r")
	require.NoError(t, err)
	require.False(t, taken)
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, client := newSim(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.EqualError(t, client.Send(ctx, anEmail()), "GOV.UK Notify: no answer")
}

func TestKeysAndTemplates(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "onlyaname", "onlyaname-11111111-2222-4333-8444-555555555555", strings.ToUpper(notifysim.Key) + "-x",
		strings.TrimPrefix(notifysim.Key, "demo-"), "two words-" + strings.TrimPrefix(notifysim.Key, "demo-"),
	} {
		_, err := notify.ParseKey(bad)
		require.Error(t, err, bad)
		if bad != "" {
			require.NotContains(t, err.Error(), bad)
		}
	}
	_, err := notify.ParseTemplate("delivered")
	require.Error(t, err)
	_, err = notify.ParseTemplate("7a0a79c3-0000-4000-8000-000000000001")
	require.NoError(t, err)
}

func TestOnlyOneAddressIsAnAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ann@example.org": "ann@example.org", " Ann.Lee+x@Example.ORG ": "Ann.Lee+x@example.org",
		"o'neil@example.gov.uk": "o'neil@example.gov.uk", "ann@exämple.org": "ann@xn--exmple-cua.org",
		"": "", "ann": "", "@example.org": "", "ann@": "", "ann@localhost": "", "ann@example.org,bob@example.org": "",
		"ann@example.org;bob@example.org": "", "ann@example.org bob@example.org": "", "a@b@example.org": "",
		"ann@example.org\r\nBcc: bob@example.org": "", "Ann <ann@example.org>": "", "ann..lee@example.org": "",
		".ann@example.org": "", "ann@-example.org": "", "ann@example..org": "", "ann@[127.0.0.1]": "",
		"ann@127.0.0.1": "", "ann\x00@example.org": "", "ann@example.org\x00": "", `"ann"@example.org`: "",
		strings.Repeat("a", 65) + "@example.org": "", "ann@" + strings.Repeat("a.", 130) + "org": "",
		"änn@example.org": "", "ann@ex_ample.org": "", "ann%0abcc:x@example.org": "",
	} {
		require.Equal(t, want, notify.Address(text), "%q", text)
	}
}
