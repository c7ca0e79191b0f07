package paysim

import "fmt"

// cardTexts holds the texts of the card pages in English and Welsh.
var cardTexts = map[string][2]string{
	"card":      {"Enter card details", "Rhowch fanylion y cerdyn"},
	"confirm":   {"Confirm your payment", "Cadarnhewch eich taliad"},
	"declined":  {"Your payment has been declined", "Mae eich taliad wedi’i wrthod"},
	"expired":   {"Your payment session has expired", "Mae eich sesiwn talu wedi dod i ben"},
	"cancelled": {"Your payment has been cancelled", "Mae eich taliad wedi’i ganslo"},
	"problem":   {"We’re experiencing technical problems", "Rydym yn cael problemau technegol"},
	"done":      {"Your payment was successful", "Roedd eich taliad yn llwyddiannus"},

	"no money": {"No money has been taken from your account.", "Nid oes arian wedi’i gymryd o’ch cyfrif."},
	"no session": {
		"This address has been used, or was opened in another browser.",
		"Mae’r cyfeiriad hwn wedi’i ddefnyddio, neu fe’i hagorwyd mewn porwr arall.",
	},
	"go back":   {"Go back to try the payment again", "Ewch yn ôl i geisio talu eto"},
	"carry on":  {"Continue", "Parhau"},
	"skip":      {"Skip to main content", "Neidio i’r prif gynnwys"},
	"summary":   {"Payment summary", "Crynodeb o’r taliad"},
	"total":     {"Total amount:", "Cyfanswm:"},
	"surcharge": {"Includes a corporate card fee of", "Yn cynnwys ffi cerdyn corfforaethol o"},

	"number":   {"Card number", "Rhif y cerdyn"},
	"expiry":   {"Expiry date", "Dyddiad dod i ben"},
	"month":    {"Month", "Mis"},
	"year":     {"Year", "Blwyddyn"},
	"name":     {"Name on card", "Enw ar y cerdyn"},
	"code":     {"Card security code", "Cod diogelwch y cerdyn"},
	"address":  {"Billing address (optional)", "Cyfeiriad bilio (dewisol)"},
	"line1":    {"Address line 1", "Llinell cyfeiriad 1"},
	"line2":    {"Address line 2", "Llinell cyfeiriad 2"},
	"city":     {"Town or city", "Tref neu ddinas"},
	"postcode": {"Postcode", "Cod post"},
	"email":    {"Email", "E-bost"},
	"go on":    {"Continue", "Parhau"},
	"pay":      {"Confirm payment", "Cadarnhau’r taliad"},
	"cancel":   {"Cancel payment", "Canslo’r taliad"},

	"errors":     {"There is a problem", "Mae problem"},
	"error":      {"Error:", "Gwall:"},
	"bad number": {"Card number is not correct", "Nid yw rhif y cerdyn yn gywir"},
	"bad type":   {"This type of card is not accepted", "Ni dderbynnir y math hwn o gerdyn"},
	"bad expiry": {"Enter a valid expiry date", "Rhowch ddyddiad dod i ben dilys"},
	"bad name":   {"Enter the name as it appears on the card", "Rhowch yr enw fel y mae ar y cerdyn"},
	"bad code":   {"Enter a valid card security code", "Rhowch god diogelwch dilys"},
	"bad email":  {"Enter a valid email", "Rhowch e-bost dilys"},

	"notice": {"About this page", "Am y dudalen hon"},
	"simulated": {
		"This is a simulated GOV.UK Pay. No money moves.",
		"GOV.UK Pay efelychiedig yw hwn. Nid oes arian yn symud.",
	},
	"try numbers": {
		"Test cards: 4444 3333 2222 1111 pays, 4000 0000 0000 0002 is declined.",
		"Cardiau prawf: mae 4444 3333 2222 1111 yn talu, gwrthodir 4000 0000 0000 0002.",
	},
}

// say returns a text in Welsh, or in English for any other language.
func say(language, name string) string {
	text, known := cardTexts[name]
	switch {
	case !known:
		panic(fmt.Sprintf("no such text: %s", name))
	case language == "cy":
		return text[1]
	default:
		return text[0]
	}
}
