package matching

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestOversizedRequestIsRefusedBeforePayment(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	body := bytes.Repeat([]byte("x"), 20<<20)
	p := h.Citizen().Do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", "text/plain")
	require.Equal(t, http.StatusRequestEntityTooLarge, p.Status)
	require.Contains(t, p.Text, "10 MB")
	chunked := h.Citizen().Do(http.MethodPost, "/licences/apply", testserver.OnlyReader{Reader: bytes.NewReader(body)},
		"Content-Type", "text/plain")
	require.Equal(t, http.StatusRequestEntityTooLarge, chunked.Status)
	require.Empty(t, h.Payments())
	free := h.Citizen().Do(http.MethodPost, "/other", bytes.NewReader(body))
	require.Equal(t, http.StatusSeeOther, free.Status, "free requests have no limit")
	require.Len(t, h.Service.Requests(http.MethodPost)[0].Body, 20<<20)
}

func TestCardNumberIsRefusedAndNotLogged(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	for _, number := range []string{
		"4444333322221111", "4444 3333 2222 1111",
		"my card is 4444-3333-2222-1111 thanks",
	} {
		p := h.Citizen().Post("/licences/apply", url.Values{"name": {number}})
		require.Equal(t, http.StatusUnprocessableEntity, p.Status)
		require.Contains(t, p.Text, "Do not enter a card number")
	}
	require.Empty(t, h.Payments())
	require.NotContains(t, h.Log.String(), "4444")
}

func TestCardExemptFieldsAreNotSearched(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_CARD_EXEMPT=microchip,tag")
	p := h.Citizen().Post("/licences/apply",
		url.Values{"microchip": {"372222222222226"}, "tag": {"372222222222226"}, "name": {"Ann"}})
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	for _, form := range []url.Values{
		{"Microchip": {"372222222222226"}},
		{"microchip[]": {"372222222222226"}},
		{"microchip": {"372222222222226"}, "name": {"372222222222226"}},
		{"372222222222226": {"microchip"}},
	} {
		require.Equal(t, http.StatusUnprocessableEntity, h.Citizen().Post("/licences/apply", form).Status, form)
	}
	require.Equal(t, http.StatusUnprocessableEntity,
		h.Citizen().Post("/licences/apply?microchip=372222222222226", url.Values{"name": {"Ann"}}).Status)
	for _, c := range []struct {
		kind, body string
		status     int
	}{
		{"application/json", `{"microchip":"372222222222226"}`, http.StatusSeeOther},
		{"application/json", `{"microchip":372222222222226}`, http.StatusSeeOther},
		{"application/json", `{"pet":{"microchip":"372222222222226"}}`, http.StatusUnprocessableEntity},
		{
			"multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=\"tag\"\r\n\r\n372222222222226\r\n--b--\r\n",
			http.StatusSeeOther,
		},
		{"text/plain", "microchip=372222222222226", http.StatusUnprocessableEntity},
	} {
		p := h.Citizen().Do(http.MethodPost, "/licences/apply", strings.NewReader(c.body), "Content-Type", c.kind)
		require.Equal(t, c.status, p.Status, c.body)
	}
}
