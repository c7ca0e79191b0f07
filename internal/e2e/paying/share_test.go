package paying

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/boltstore"
)

const shareAll = "PAYGATE_ROUTE_LICENCE_SHARE=card_brand,card_last4,email"

// shared returns the headers about the payer of each request.
func shared(requests []testserver.Received) (all [][]string) {
	for _, r := range requests {
		var values []string
		for _, name := range []string{"Paygate-Card-Brand", "Paygate-Card-Last4", "Paygate-Payer-Email"} {
			values = append(values, r.Header.Get(name))
		}
		all = append(all, values)
	}
	return all
}

var (
	annPaid = []string{"Visa", "1111", "ann@example.org"}
	nothing = []string{"", "", ""}
)

// pays applies for a licence with an e-mail address, and pays for it.
func pays(h *testserver.Harness, c *testserver.Citizen, header ...string) {
	h.T.Helper()
	form := url.Values{"name": {"Ann"}, "email": {"ann@example.org"}}
	require.Equal(h.T, http.StatusSeeOther, c.Post("/licences/apply", form, header...).Status)
	h.EndPayment("success")
}

func TestServiceIsToldOfThePayer(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, shareAll)
	c := h.Citizen()
	pays(h, c, "Paygate-Payer-Email", "forged@example.org", "Paygate_Card_Brand", "forged")
	c.ReturnFromPay()
	posts := h.Service.Requests(http.MethodPost)
	require.Equal(t, [][]string{annPaid}, shared(posts))
	h.RequireVerified(t, true, posts...)
	forged := posts[0]
	forged.Header = forged.Header.Clone()
	forged.Header.Set("Paygate-Payer-Email", "eve@example.org")
	h.RequireVerified(t, false, forged)
	require.NotContains(t, h.Log.String(), "ann@example.org")
	id := journey.ID(c.Journeys()[0].ID)
	h.Close()
	h.WithStore(func(s *boltstore.Store) {
		j, err := s.Get(t.Context(), id)
		require.NoError(t, err)
		text, err := json.Marshal(j)
		require.NoError(t, err)
		require.Contains(t, string(text), "card_brand", "the terms")
		require.NotRegexp(t, "Visa|ann@example.org", string(text))
	})
	h.Open(h.ListenAgain(), shareAll) // so that it can be closed
}

func TestServiceIsToldOfThePayerOncePerSubmission(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Refuse.Answer, shareAll)
	c := h.Citizen()
	pays(h, c)
	c.ReturnFromPay()
	h.Service.SetAnswer(testserver.BreakOff)
	c.Post("/licences/apply", url.Values{"name": {"Ann Other"}})
	require.Equal(t, journey.StateStuck, c.State())
	h.Service.SetAnswer(testserver.Confirm)
	_, status, text := h.Ann().Order(c.Journeys()[0].ID, "release", testserver.WithReason())
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, [][]string{annPaid, annPaid, nothing}, shared(h.Service.Requests(http.MethodPost)))
}

func TestUnknownPayerDelaysNoDelivery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, shareAll)
	c := h.Citizen()
	pays(h, c)
	back := c.Get("/_pay/return") // asks Pay, and leads to where the request is delivered
	require.Equal(t, journey.StateConfirmed, c.State())
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	c.Follow(back)
	require.Equal(t, journey.StateReleased, c.State())
	require.Equal(t, [][]string{nothing}, shared(h.Service.Requests(http.MethodPost)))
}

func TestPayerIsNotSharedUnlessTheRouteSaysSo(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	pays(h, c)
	c.ReturnFromPay()
	require.Equal(t, [][]string{nothing}, shared(h.Service.Requests(http.MethodPost)))
}
