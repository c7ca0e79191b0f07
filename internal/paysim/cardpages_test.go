package paysim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/pages"
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
	confirm := w.send("/card_details/"+id, cardDetails("4444 3333 2222 1111"))
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
	want[cardWith3DS] = "started"
	require.Len(t, want, 29)
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
	b := newBench(t, Options{PostLimit: -1})
	for field, wrong := range map[string][]string{
		"cardNo":       {"4444333322221112", "4444-3333-2222-1111", "4444", "", "44443333222211114444"},
		"expiryMonth":  {"13", "0", "x", ""},
		"expiryYear":   {"25", "", "1930", "203"},
		"addressLine1": {"", " ", "4444 3333 2222 1111"}, "addressLine2": {"card 4444333322221111"},
		"addressCity": {""}, "addressCountry": {""}, "addressPostcode": {"", "RM1", "12345"},
		"cardholderName": {" ", "1234", "4444333322221111"}, "cvc": {"12", "12345", "abc", ""},
		"email": {"ann", "ann@example", ""},
	} {
		for _, value := range wrong {
			w, id, _ := b.atCardPage(nil)
			form := cardDetails("4444333322221111")
			form.Set(field, value)
			again := w.send("/card_details/"+id, form)
			b.showsError(again, field)
			require.NotContains(t, again.text, `value="123"`)
			require.Equal(t, "started", b.status(id), "%s: %q", field, value)
		}
	}
}

// showsError checks that a page names one field in its summary, and at the field, by the ids of Pay's page.
func (b *bench) showsError(page answer, field string) {
	b.t.Helper()
	id, at := idOf(field), "error-"+idOf(field)
	if field == "expiryMonth" || field == "expiryYear" {
		id, at = "expiry-month", "error-expiry-date"
	}
	require.Contains(b.t, page.text, `<a href="#`+id+`" id="`+id+`-error">`, "in the summary")
	require.Contains(b.t, page.text, `id="`+at+`"`, "at the field")
	require.Equal(b.t, 1, strings.Count(page.text, `<a href="#`), "only this one")
	require.Contains(b.t, page.text, "<title>Error: ")
	kept := "Rivermouth"
	if field == "addressCity" {
		kept = "RM1 1AA"
	}
	require.Contains(b.t, page.text, `value="`+kept+`"`, "what was typed stays")
}

func TestCardIsValidUntilTheEndOfItsMonth(t *testing.T) {
	t.Parallel()
	for expiry, wrong := range map[string]string{
		"3/26": "", "03/2026": "", "12/99": "", "2/26": "past expiry", "12/2025": "past expiry", "0/30": "bad expiry",
		"x/30": "bad expiry", "3/": "bad expiry", "3/3026": "bad expiry",
	} {
		month, year, _ := strings.Cut(expiry, "/")
		require.Equal(t, wrong, wrongExpiry(month, year, began), expiry)
	}
}

func TestPostcodeIsCheckedInTheUnitedKingdomOnly(t *testing.T) {
	t.Parallel()
	for postcode, wrong := range map[string]string{"75001": "", "": "bad postcode"} {
		form := cardForm{
			"addressLine1": "1", "addressCity": "Paris", "addressCountry": "FR",
			"addressPostcode": postcode,
		}
		require.Contains(t, form.wrongAddress(), formError{"addressPostcode", wrong}, postcode)
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
	require.Contains(t, mine.visit(next).text, "Your payment is in progress", "again in the same browser")

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

func TestUsedNextURLOffersToGoOnOrToCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	w := b.citizen()
	made := b.create(nil)
	id, next := made.at("payment_id").(string), made.at("_links", "next_url", "href").(string)
	w.visit(next)
	require.Contains(t, w.visit(next).text, `href="/card_details/`+id+`"`)
	w.send("/card_details/"+id, cardDetails("4444333322221111"))
	require.Contains(t, w.visit(next).text, `href="/card_details/`+id+`/confirm"`)

	require.Equal(t, "https://service.example.gov.uk/back", w.visit("/return/"+id).header.Get("Location"))
	require.Equal(t, "failed P0030", b.status(id), "going back cancels")
	require.Contains(t, w.visit(next).text, "has been cancelled")
}

func TestNextURLCanBePosted(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	made := b.create(nil)
	token := made.at("_links", "next_url_post", "params", "chargeTokenId").(string)
	require.Equal(t, b.url+"/secure", made.at("_links", "next_url_post", "href"))
	drawn := b.citizen().send("/secure", url.Values{"chargeTokenId": {token}})
	require.Contains(t, drawn.text, "Enter card details")
	for _, path := range []string{"/secure", "/secure/"} {
		require.Equal(t, 403, b.citizen().send(path, url.Values{"chargeTokenId": {token}}).status, path)
	}
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
		require.Contains(t, confirm.text, `id="amount">`+total)
		require.Equal(t, total == "£27.50",
			strings.Contains(confirm.text, `id="payment-summary-corporate-card-fee">£2.50`))
	}
}

func TestFormsMayBeAnsweredByARedirectToAnyService(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	_, _, drawn := b.atCardPage(nil)
	require.Contains(t, drawn.header.Get("Content-Security-Policy"), "form-action *")
	require.NotContains(t, drawn.text, "<script")
	style := b.citizen().visit("/assets/" + pages.Style())
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
