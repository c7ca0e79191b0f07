package paysim

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// atBank returns a citizen whose bank asks whether the card is theirs.
func (b *bench) atBank(form url.Values) (w *citizen, id string) {
	b.t.Helper()
	w, id, _ = b.atCardPage(nil)
	shown := w.send("/card_details/"+id, form)
	require.Contains(b.t, shown.text, "Your bank is checking your details")
	require.Contains(b.t, shown.text, `src="/card_details/`+id+`/3ds_required_out"`)
	require.Equal(b.t, "started", b.status(id), "seen from outside, nothing has happened yet")
	require.Contains(b.t, w.visit("/card_details/"+id+"/3ds_required_out").text, `id="challengeForm"`)
	return w, id
}

func TestBankDecidesAboutAChallengedCard(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id := b.atBank(cardDetails(cardWith3DS))
	confirm := w.send("/card_details/"+id+"/3ds_handler", url.Values{"result": {"authorised"}})
	require.Contains(t, confirm.text, "Confirm your payment")
	require.Equal(t, "submitted", b.status(id))
	w.send("/card_details/"+id+"/confirm", nil)
	require.Equal(t, "success", b.status(id))
	require.Equal(t, true, b.get(id).at("authorisation_summary", "three_d_secure", "required"))

	w, id = b.atBank(cardDetails(cardWith3DS))
	failed := w.send("/card_details/"+id+"/3ds_handler", url.Values{"result": {"failed"}})
	require.Contains(t, failed.text, "has been declined")
	require.Equal(t, "failed P0010", b.status(id))
}

func TestWhichCardsAreChallenged(t *testing.T) {
	t.Parallel()
	form := cardDetails("4462030000000000")
	form.Set("cardholderName", nameWith3DS)
	newBench(t, Options{}).atBank(form)
	always := newBench(t, Options{ThreeDSecure: true})
	always.atBank(cardDetails("4444333322221111"))

	w, id, _ := always.atCardPage(nil)
	w.send("/card_details/"+id, cardDetails("4000000000000002"))
	require.Equal(t, "failed P0010", always.status(id), "a card that is declined is not challenged")
}

func TestChallengedPaymentCanBeResumedCancelledAndExpire(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id := b.atBank(cardDetails(cardWith3DS))
	next := b.get(id).at("_links", "next_url", "href").(string)
	require.Contains(t, b.citizen().visit(next).text, "Your bank is checking your details")
	require.Contains(t, w.visit("/card_details/"+id).text, "Your bank is checking your details", "not the card again")
	require.Equal(t, 204, b.do("POST", "/v1/payments/"+id+"/cancel", "").status)
	w.send("/card_details/"+id+"/3ds_handler", nil)
	require.Equal(t, "cancelled P0040", b.status(id), "the bank's answer comes too late")

	_, id = b.atBank(cardDetails(cardWith3DS))
	b.Advance(2 * 60 * 60 * 1e9)
	require.Equal(t, "failed P0020", b.status(id))
}

func TestBankIsNotAskedBeforeTheCard(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, _ := b.atCardPage(nil)
	for _, path := range []string{"/3ds_required", "/3ds_required_out"} {
		require.Contains(t, w.visit("/card_details/"+id+path).text, "Enter card details", path)
	}
	require.Contains(t, w.send("/card_details/"+id+"/3ds_handler", nil).text, "Enter card details")
	require.Equal(t, 403, b.citizen().send("/card_details/"+id+"/3ds_handler", nil).status)
	require.Equal(t, "started", b.status(id))
}

func TestPlayedCitizenPassesTheChallenge(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.newPayment(nil)
	require.NoError(t, b.PayWithCard(id, cardWith3DS))
	require.Equal(t, "success", b.status(id))
	require.Equal(t, true, b.get(id).at("authorisation_summary", "three_d_secure", "required"))
	other := b.paid(nil)
	require.Nil(t, b.get(other).at("authorisation_summary"))
}
