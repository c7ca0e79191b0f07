package paysim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// atCardPage returns a citizen at the card page of a new payment.
func (b *bench) atCardPage(over map[string]any) (w *citizen, id string, drawn answer) {
	b.t.Helper()
	made := b.create(over)
	w, id = b.citizen(), made.at("payment_id").(string)
	require.Equal(b.t, "created", b.Payments()[len(b.Payments())-1].Status, "not started before the page is drawn")
	drawn = w.visit(made.at("_links", "next_url", "href").(string))
	require.Equal(b.t, 200, drawn.status)
	require.Equal(b.t, "started", b.status(id))
	return w, id, drawn
}

func TestCitizenPays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{ServiceName: "Fishing licences"})
	w, id, drawn := b.atCardPage(nil)
	for _, text := range []string{`lang="en"`, "Fishing licences", "Fishing licence", "£25.00", "Enter card details"} {
		require.Contains(t, drawn.text, text)
	}
	confirm := w.send("/card_details/"+id, cardDetails("4444 3333-2222 1111"))
	require.Contains(t, confirm.text, "Confirm your payment")
	require.Equal(t, "submitted", b.status(id), "authorised is not paid")

	back := w.send("/card_details/"+id+"/confirm", nil)
	require.Equal(t, http.StatusFound, back.status)
	require.Equal(t, "https://service.example.gov.uk/back", back.header.Get("Location"), "nothing is added to it")
	require.Equal(t, "success", b.status(id))
	details := b.get(id).at("card_details").(map[string]any)
	require.Equal(t, []any{"Ann Angler", "1111", "444433", "11/30", "Visa", "credit"}, []any{
		details["cardholder_name"],
		details["last_digits_card_number"], details["first_digits_card_number"], details["expiry_date"],
		details["card_brand"], details["card_type"],
	})
	require.Equal(t, "RM1 1AA", b.get(id).at("card_details", "billing_address", "postcode"))
	require.Equal(t, "ann@example.org", b.get(id).at("email"))
}

func TestDelayedCaptureEndsInCapturable(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, _ := b.atCardPage(map[string]any{"delayed_capture": true})
	w.send("/card_details/"+id, cardDetails("4444333322221111"))
	require.Equal(t, http.StatusFound, w.send("/card_details/"+id+"/confirm", nil).status)
	require.Equal(t, "capturable", b.status(id))
	w.send("/card_details/"+id+"/cancel", nil)
	require.Equal(t, "capturable", b.status(id), "the citizen can no longer cancel it")
}

func TestTestCardsDoWhatPaySays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{PostLimit: -1})
	want := map[string]string{
		"4000000000000002": "failed P0010", "4000000000000069": "failed P0010", "4000000000000127": "failed P0010",
		"4000000000000119": "error P0050", "6759649826438453": "started", "4929000000006": "error P0050",
		"4444333322221112": "started",
	}
	for _, c := range testCards {
		if _, listed := want[c.Number]; !listed {
			want[c.Number] = "submitted"
		}
	}
	require.Len(t, want, 21)
	for number, status := range want {
		w, id, _ := b.atCardPage(nil)
		w.send("/card_details/"+id, cardDetails(number))
		require.Equal(t, status, b.status(id), number)
	}
}

func TestFailuresHaveAPageWithAWayBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for title, end := range map[string]func(w *citizen, id string) answer{
		"has been declined": func(w *citizen, id string) answer {
			return w.send("/card_details/"+id, cardDetails("4000000000000002"))
		},
		"technical problems": func(w *citizen, id string) answer {
			return w.send("/card_details/"+id, cardDetails("4000000000000119"))
		},
		"has been cancelled": func(w *citizen, id string) answer { return w.send("/card_details/"+id+"/cancel", nil) },
		"session has expired": func(w *citizen, id string) answer {
			_ = b.Pay(id, "expired")
			return w.visit("/card_details/" + id)
		},
		"payment was success": func(w *citizen, id string) answer {
			_ = b.Pay(id, "success")
			return w.visit("/card_details/" + id)
		},
		"has been cancelled  ": func(w *citizen, id string) answer {
			_ = b.Correct(id, "cancelled", "")
			return w.visit("/card_details/" + id)
		},
	} {
		w, id, _ := b.atCardPage(nil)
		last := end(w, id)
		require.Contains(t, last.text, strings.TrimSpace(title))
		require.Contains(t, last.text, `href="/return/`+id+`"`)
		require.Equal(t, "https://service.example.gov.uk/back", w.visit("/return/"+id).header.Get("Location"))
	}
}

func TestCitizenCanCancelOnBothPages(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, _ := b.atCardPage(nil)
	w.send("/card_details/"+id+"/cancel", nil)
	require.Equal(t, "failed P0030", b.status(id))

	w, id, _ = b.atCardPage(nil)
	confirm := w.send("/card_details/"+id, cardDetails("4444333322221111"))
	require.Contains(t, confirm.text, "Cancel payment")
	w.send("/card_details/"+id+"/cancel", nil)
	require.Equal(t, "failed P0030", b.status(id))
}

func TestInvalidFormIsShownAgainWithoutTheSecurityCode(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	for field, value := range map[string]string{
		"cardNo": "4444333322221112", "expiryMonth": "13", "expiryYear": "25", "cardholderName": " ", "cvc": "12",
		"email": "ann",
	} {
		w, id, _ := b.atCardPage(nil)
		form := cardDetails("4444333322221111")
		form.Set(field, value)
		again := w.send("/card_details/"+id, form)
		shown := field
		if field == "expiryYear" {
			shown = "expiryMonth"
		}
		require.Contains(t, again.text, `<a href="#`+shown+`">`, "in the summary")
		require.Contains(t, again.text, `id="`+shown+`-error"`, "at the field")
		require.Contains(t, again.text, `aria-describedby="`+shown+`-error"`)
		require.Contains(t, again.text, "<title>Error: ")
		require.Contains(t, again.text, `value="1 Quay"`, "what was typed stays")
		require.NotContains(t, again.text, `value="123"`)
		require.Equal(t, "started", b.status(id))
	}
}

func TestCardIsValidUntilTheEndOfItsMonth(t *testing.T) {
	t.Parallel()
	for expiry, good := range map[string]bool{
		"3/26": true, "03/2026": true, "2/26": false, "12/2025": false, "0/30": false, "x/30": false, "3/": false,
	} {
		month, year, _ := strings.Cut(expiry, "/")
		require.Equal(t, good, isExpiry(month, year, began), expiry)
	}
}

func TestCardIsAuthorisedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, _ := b.atCardPage(nil)
	w.send("/card_details/"+id, cardDetails("4444333322221111"))
	again := w.send("/card_details/"+id, cardDetails("4000000000000002"))
	require.Contains(t, again.text, "Confirm your payment")
	require.Equal(t, "submitted", b.status(id))
	require.Contains(t, w.visit("/card_details/"+id).text, "Confirm your payment")
}

func TestConfirmingNeedsAnAuthorisation(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, _ := b.atCardPage(nil)
	require.Contains(t, w.send("/card_details/"+id+"/confirm", nil).text, "Enter card details")
	require.Contains(t, w.visit("/card_details/"+id+"/confirm").text, "Enter card details")
	require.Equal(t, "started", b.status(id))
}

func TestNextURLStrandsEveryOtherBrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	made := b.create(nil)
	id, next := made.at("payment_id").(string), made.at("_links", "next_url", "href").(string)
	mine := b.citizen()
	require.Equal(t, 200, mine.visit(next).status)
	require.Equal(t, 200, mine.visit(next).status, "again in the same browser")

	other := b.citizen().visit(next)
	require.Equal(t, 403, other.status)
	require.Contains(t, other.text, "Your payment session has expired")
	require.NotContains(t, other.text, "/return/", "no way back")
	for _, path := range []string{
		"/card_details/" + id, "/card_details/" + id + "/confirm", "/return/" + id, "/secure/nothing",
	} {
		require.Equal(t, 403, b.citizen().visit(path).status, path)
	}
	require.Equal(t, 403, b.citizen().send("/card_details/"+id, cardDetails("4444333322221111")).status)
	require.Equal(t, "started", b.status(id))

	fresh := b.get(id).at("_links", "next_url", "href").(string)
	require.Equal(t, 200, b.citizen().visit(fresh).status, "a fresh one is good in any browser")
	require.Equal(t, 200, mine.visit("/card_details/"+id).status, "and the first browser still knows its payment")
}

func TestNextURLCanBePosted(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	made := b.create(nil)
	token := made.at("_links", "next_url_post", "params", "chargeTokenId").(string)
	require.Equal(t, b.url+"/secure", made.at("_links", "next_url_post", "href"))
	drawn := b.citizen().send("/secure", url.Values{"chargeTokenId": {token}})
	require.Contains(t, drawn.text, "Enter card details")
	require.Equal(t, 403, b.citizen().send("/secure", url.Values{"chargeTokenId": {token}}).status)
}

func TestNextURLLastsSevenDays(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	old := b.create(nil).at("_links", "next_url", "href").(string)
	b.Advance(7*24*time.Hour - time.Minute)
	require.Equal(t, 200, b.citizen().visit(old).status, "the page of a payment that expired")
	other := b.create(nil).at("_links", "next_url", "href").(string)
	b.Advance(7 * 24 * time.Hour)
	require.Equal(t, 403, b.citizen().visit(other).status)
}

func TestResumingOpensThePageOfTheState(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	id := b.newPayment(nil)
	require.NoError(t, b.Pay(id, "submitted"))
	next := b.get(id).at("_links", "next_url", "href").(string)
	require.Contains(t, b.citizen().visit(next).text, "Confirm your payment")
}

func TestPrefilledDetailsAreShown(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, _, drawn := b.atCardPage(map[string]any{
		"email": "ann@example.org",
		"prefilled_cardholder_details": map[string]any{
			"cardholder_name": "Ann O'Angler",
			"billing_address": map[string]any{"line1": "1 Quay", "city": "Rivermouth", "postcode": "RM1 1AA"},
		},
	})
	for _, value := range []string{"ann@example.org", "Ann O&#39;Angler", "1 Quay", "Rivermouth", "RM1 1AA"} {
		require.Contains(t, drawn.text, `value="`+value+`"`)
	}
}

func TestPagesAreInThePaymentsLanguage(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w, id, drawn := b.atCardPage(map[string]any{"language": "cy"})
	require.Contains(t, drawn.text, `lang="cy"`)
	require.Contains(t, drawn.text, "Rhowch fanylion y cerdyn")
	require.Contains(t, w.send("/card_details/"+id, nil).text, "Mae problem")
	require.Contains(t, w.send("/card_details/"+id, cardDetails("4000000000000002")).text,
		"Mae eich taliad wedi’i wrthod")
	for name, text := range cardTexts {
		require.NotEmpty(t, text[0], name)
		require.NotEmpty(t, text[1], name)
	}
}

func TestSurchargeIsShownBeforeItIsConfirmed(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{Surcharge: 250})
	for number, total := range map[string]string{
		"4988080000000000": "£27.50", "4111111111111111": "£27.50", "4131840000000003": "£25.00",
	} {
		w, id, _ := b.atCardPage(nil)
		confirm := w.send("/card_details/"+id, cardDetails(number))
		require.Contains(t, confirm.text, `<strong id="amount">`+total)
		require.Equal(t, total == "£27.50", strings.Contains(confirm.text, "£2.50"))
	}
}

func TestFormsMayBeAnsweredByARedirectToAnyService(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, _, drawn := b.atCardPage(nil)
	require.Contains(t, drawn.header.Get("Content-Security-Policy"), "form-action *")
	require.NotContains(t, drawn.text, "<script")
	style := b.citizen().visit("/style.css")
	require.Contains(t, style.header.Get("Content-Type"), "text/css")
}

func TestFrontPageShowsThePaymentsAndTheCards(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	b.newPayment(map[string]any{"reference": "LIC-77"})
	front := b.citizen().visit("/")
	require.Equal(t, 200, front.status)
	for _, text := range []string{"simulated", "LIC-77", "4000000000000002", "/control/faults"} {
		require.Contains(t, front.text, text)
	}
}
