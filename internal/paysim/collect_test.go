package paysim

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressAndEmailAreAskedForUnlessTheAccountSaysNo(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{AddressCollection: "off", EmailCollection: "off"})
	w, id, drawn := b.atCardPage(nil)
	require.NotContains(t, drawn.text, `name="address`)
	require.NotContains(t, drawn.text, `name="email"`)
	form := cardDetails("4444333322221111")
	for _, name := range []string{"addressLine1", "addressCity", "addressPostcode", "addressCountry", "email"} {
		form.Del(name)
	}
	confirm := w.send("/card_details/"+id, form)
	require.Contains(t, confirm.text, "Confirm your payment")
	require.NotContains(t, confirm.text, `id="address"`)
	require.NotContains(t, confirm.text, `id="email"`)
	require.Nil(t, b.get(id).at("email"))
	require.Contains(t, b.get(id).at("card_details"), "billing_address")
	require.Nil(t, b.get(id).at("card_details", "billing_address"))
}

func TestPrefilledDetailsAreKeptIfTheyAreNotAskedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{AddressCollection: "off", EmailCollection: "off"})
	w, id, _ := b.atCardPage(map[string]any{
		"email": "ann@example.org", "prefilled_cardholder_details": map[string]any{
			"billing_address": map[string]any{"line1": "1 Quay", "country": "FR"},
		},
	})
	form := cardDetails("4444333322221111")
	form.Set("email", "someone@example.org") // a field that the page does not have
	form.Set("addressLine1", "2 Quay")
	w.send("/card_details/"+id, form)
	require.Equal(t, "ann@example.org", b.get(id).at("email"))
	require.Equal(t, "1 Quay", b.get(id).at("card_details", "billing_address", "line1"))
	require.Equal(t, "FR", b.get(id).at("card_details", "billing_address", "country"))
}

func TestOptionalEmailMayBeLeftOutButNotWrong(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{EmailCollection: "optional"})
	w, id, drawn := b.atCardPage(nil)
	require.Contains(t, drawn.text, "Email (optional)")
	form := cardDetails("4444333322221111")
	form.Set("email", "ann")
	b.showsError(w.send("/card_details/"+id, form), "email")
	form.Set("email", "")
	require.Contains(t, w.send("/card_details/"+id, form).text, "Confirm your payment")
}

func TestConfirmPageShowsWhatWasEntered(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, _ := b.atCardPage(nil)
	confirm := w.send("/card_details/"+id, cardDetails("4444333322221111")).text
	for name, value := range map[string]string{
		"card-number": "●●●●●●●●●●●●1111", "expiry-date": "11/30", "cardholder-name": "Ann Angler",
		"address": "1 Quay, Rivermouth, RM1 1AA, United Kingdom", "email": "ann@example.org",
	} {
		require.Contains(t, confirm, `id="`+name+`">`+value+"<")
	}
}

func TestCountryIsTheServicesOrTheUnitedKingdom(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for given, chosen := range map[string]string{"FR": "FR", "": "GB", "XX": "GB"} {
		_, _, drawn := b.atCardPage(map[string]any{"prefilled_cardholder_details": map[string]any{
			"billing_address": map[string]any{"country": given},
		}})
		require.Contains(t, drawn.text, `<option value="`+chosen+`" selected>`, given)
	}
	require.Equal(t, "Ffrainc", countryName("FR", "cy"))
	require.Len(t, countriesIn("en"), 249)
	for _, c := range append(countriesIn("en"), countriesIn("cy")...) {
		require.Len(t, c.Code, 2)
		require.NotEmpty(t, c.Name)
	}
}

func TestScriptsThatSendPaysHiddenFieldsAreUnderstood(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, drawn := b.atCardPage(nil)
	require.Regexp(t, `name="csrfToken" value="\S+"`, drawn.text)
	form := cardDetails("4444333322221111")
	form.Set("csrfToken", "x")
	form.Set("chargeId", id)
	require.Contains(t, w.send("/card_details/"+id, form).text, "Confirm your payment")
	require.Equal(t, 302, w.send("/card_details/"+id+"/confirm", url.Values{"csrfToken": {"x"}}).status)
}
