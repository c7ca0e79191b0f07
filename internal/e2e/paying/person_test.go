package paying

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

// personData is what a search for one person answers.
type personData struct {
	Journeys []struct {
		ID        journey.ID        `json:"id"`
		Reference string            `json:"reference"`
		Typed     map[string]string `json:"typed"`
		Left      string            `json:"left"`
	} `json:"journeys"`
}

func heldAbout(h *testserver.Harness, text string) (found personData) {
	p := h.Ann().Do(http.MethodPost, "/person", map[string]any{"q": text})
	require.Equal(h.T, http.StatusOK, p.Status, p.Text)
	require.NoError(h.T, json.Unmarshal([]byte(p.Text), &found))
	return found
}

// applyAs holds a request of a citizen of this name, and pays for it unless told otherwise.
func applyAs(h *testserver.Harness, name string) *testserver.Citizen {
	c := h.Citizen()
	require.Equal(h.T, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"name": {name}}).Status)
	return c
}

func TestOnePersonsDataIsListedAndErased(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_FIND=name",
		"PAYGATE_ROUTE_LICENCE_REFERENCE=LIC-{form:name}", "PAYGATE_ROUTE_LICENCE_METADATA=who={form:name},channel=web")
	c := applyAs(h, "Zoe Zebedee")
	h.EndPayment("success")
	c.ReturnFromPay()
	require.Equal(t, journey.StateReleased, c.State())
	open := applyAs(h, "zoe zebedee")
	applyAs(h, "Zoe Smith")
	applyAs(h, "Zoe Zebedee Smith")

	require.Empty(t, heldAbout(h, "zebedee").Journeys, "only whole values count")
	require.Len(t, heldAbout(h, "LIC zoe zebedee").Journeys, 2)
	found := heldAbout(h, "ZOE ZEBEDEE")
	require.Len(t, found.Journeys, 2)
	require.Equal(t, "It has not ended: At GOV.UK Pay.", found.Journeys[0].Left)
	require.Empty(t, found.Journeys[1].Left)
	require.Equal(t, map[string]string{"name": "Zoe Zebedee"}, found.Journeys[1].Typed)

	ids := []journey.ID{found.Journeys[0].ID, found.Journeys[1].ID, "0T45QC88T55VKQVH"}
	order := testserver.WithReason("journeys", ids)
	p := h.Ann().Do(http.MethodPost, "/person/erase", order)
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	require.Contains(t, p.Text, `"erased":["`+string(ids[1])+`"]`)
	require.Contains(t, p.Text, "There is no such journey.")
	require.Contains(t, p.Text, "It has not ended: At GOV.UK Pay.")
	require.Contains(t, p.Text, "payment IDs")
	audit := h.Ann().Do(http.MethodGet, "/audit.csv", nil).Text
	require.Contains(t, audit, "erase,"+string(ids[0])+",,refused")
	require.Contains(t, audit, "erase,"+string(ids[1])+",,done")
	require.Contains(t, audit, ",person,,")
	require.NotContains(t, strings.ToLower(audit), "zebedee")

	found = heldAbout(h, "zoe zebedee")
	require.Len(t, found.Journeys, 1, "the open journey is left")
	require.Equal(t, open.Journeys()[0].ID, string(found.Journeys[0].ID))
	w := h.Ann().Journey(string(ids[1]))
	require.Equal(t, string(ids[1]), w.Reference)
	require.Equal(t, map[string]string{"channel": "web"}, w.Metadata)
	require.EqualValues(t, 2500, w.TakenPence)
	require.NotEmpty(t, w.PaymentID)
	require.NotContains(t, h.Ann().Do(http.MethodGet, "/journeys/"+string(ids[1]), nil).Text, "ebedee")
	require.NotContains(t, strings.ToLower(h.Log.String()), "zebedee", "nothing that was typed is logged")

	h.Pay.Advance(25 * time.Hour)
	_, err := h.App.Sweep(t.Context())
	require.NoError(t, err)
	require.Equal(t, journey.StateReleased, h.Ann().Journey(string(ids[1])).State, "Pay still has the old reference")
	refunded, status, text := h.Ann().Order(string(ids[1]), "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status, text)
	require.EqualValues(t, 500, refunded.RefundedPence)
}

func TestNothingIsErasedByASearch(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_FIND=name")
	for range 51 {
		applyAs(h, "Ann")
	}
	for says, order := range map[string]map[string]any{
		"more than 50":              {"q": "ann"},
		"Give a reference":          {"q": " - "},
		"not the expected JSON":     {"find": "ann"},
		"nothing is erased by a se": {"q": "ann", "reason": "x"},
		"Tick at least one":         {"reason": "x"},
		"Give a reason":             {"journeys": []string{"X"}},
	} {
		path := "/person/erase"
		if len(order) == 1 && order["reason"] == nil && order["journeys"] == nil {
			path = "/person"
		}
		p := h.Ann().Do(http.MethodPost, path, order)
		require.Equal(t, http.StatusUnprocessableEntity, p.Status, says)
		require.Contains(t, p.Text, says[1:])
	}
}

func TestThePageOfOnePersonErasesWhatIsTicked(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm, "PAYGATE_ROUTE_LICENCE_FIND=name")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	form := func(path, body string) testserver.Page {
		return h.Ann().Do(http.MethodPost, path, body, "Accept", testserver.AcceptHTML,
			"Content-Type", "application/x-www-form-urlencoded")
	}
	p := form("/person", "q=ann")
	require.Equal(t, http.StatusOK, p.Status)
	require.Contains(t, p.Text, `name="journeys" value="`+id+`"`)
	p = form("/person/erase", "journeys="+id+"&reason=asked")
	require.Contains(t, p.Text, "You are about to erase what came from the citizen in one journey.")
	require.Contains(t, form("/person", "q=ann").Text, id, "nothing is erased before it is checked")
	p = form("/person/erase", "journeys="+id+"&reason=asked&confirmed=yes")
	require.Contains(t, p.Text, "What is kept")
	require.Contains(t, p.Text, id)
	require.Contains(t, form("/person", "q=ann").Text, "Nothing is held under this.")
}
