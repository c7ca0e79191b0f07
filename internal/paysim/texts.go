package paysim

import "fmt"

// cardTexts holds the texts of the card pages in English and Welsh.
var cardTexts = map[string][2]string{
	"card":      {"Enter card details", "Rhowch fanylion y cerdyn"},
	"challenge": {"Your bank is checking your details", "Mae eich banc yn gwirio eich manylion"},
	"bank":      {"A simulated bank", "Banc efelychiedig"},
	"progress":  {"Your payment is in progress", "Mae eich taliad ar y gweill"},
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
	"go back":  {"Go back to try the payment again", "Ewch yn ôl i geisio talu eto"},
	"continue": {"Continue with your payment", "Parhau gyda’ch taliad"},
	"give up": {
		"Cancel and go back to try the payment again",
		"Canslo a mynd yn ôl i geisio talu eto",
	},
	"carry on":  {"Continue", "Parhau"},
	"skip":      {"Skip to main content", "Neidio i’r prif gynnwys"},
	"summary":   {"Payment summary", "Crynodeb o’r taliad"},
	"amount":    {"Amount:", "Swm:"},
	"surcharge": {"Corporate card fee:", "Ffi cerdyn corfforaethol:"},
	"total":     {"Total amount:", "Cyfanswm:"},

	"extra steps": {
		"You may need to complete some extra verification steps.",
		"Efallai y bydd angen i chi gwblhau camau gwirio pellach.",
	},
	"challenged": {
		"A real bank would now ask you to show that this is your card. Here you choose what it finds.",
		"Byddai banc go iawn nawr yn gofyn i chi ddangos mai eich cerdyn chi yw hwn. Yma, chi sy’n dewis y canlyniad.",
	},
	"prove": {"The card is mine", "Fi biau’r cerdyn"},
	"fail":  {"Fail the check", "Methu’r gwiriad"},

	"number":         {"Card number", "Rhif y cerdyn"},
	"expiry":         {"Expiry date", "Dyddiad dod i ben"},
	"expiry hint":    {"For example, 10/39", "Er enghraifft, 10/39"},
	"month":          {"Month", "Mis"},
	"year":           {"Year", "Blwyddyn"},
	"name":           {"Name on card", "Enw ar y cerdyn"},
	"code":           {"Card security code", "Cod diogelwch y cerdyn"},
	"address":        {"Billing address", "Cyfeiriad bilio"},
	"address hint":   {"This is the address of the card.", "Dyma gyfeiriad y cerdyn."},
	"line1":          {"Address line 1", "Llinell cyfeiriad 1"},
	"line2":          {"Address line 2 (optional)", "Llinell cyfeiriad 2 (dewisol)"},
	"city":           {"Town or city", "Tref neu ddinas"},
	"country":        {"Country or territory", "Gwlad neu diriogaeth"},
	"postcode":       {"Postcode", "Cod post"},
	"contact":        {"Contact details", "Manylion cyswllt"},
	"email":          {"Email", "E-bost"},
	"email optional": {"Email (optional)", "E-bost (dewisol)"},
	"details":        {"Payment details", "Manylion y taliad"},
	"go on":          {"Continue", "Parhau"},
	"pay":            {"Confirm payment", "Cadarnhau’r taliad"},
	"cancel":         {"Cancel payment", "Canslo’r taliad"},

	"errors":      {"There is a problem", "Mae problem"},
	"error":       {"Error:", "Gwall:"},
	"bad number":  {"Enter a valid card number", "Rhowch rif cerdyn dilys"},
	"bad length":  {"Card number is not the correct length", "Nid yw rhif y cerdyn o’r hyd cywir"},
	"bad type":    {"This card type is not accepted", "Ni dderbynnir y math hwn o gerdyn"},
	"bad expiry":  {"Enter a valid expiry date", "Rhowch ddyddiad dod i ben dilys"},
	"past expiry": {"Enter an expiry date in the future", "Rhowch ddyddiad dod i ben yn y dyfodol"},
	"bad name":    {"Enter the name as it appears on the card", "Rhowch yr enw fel y mae ar y cerdyn"},
	"bad code":    {"Enter a valid card security code", "Rhowch god diogelwch dilys"},
	"bad email":   {"Enter a valid email", "Rhowch e-bost dilys"},
	"bad line1": {
		"Enter address line 1, typically the building and street",
		"Rhowch linell cyfeiriad 1, sef yr adeilad a’r stryd fel arfer",
	},
	"bad line2":    {"Enter address line 2 without a card number", "Rhowch linell cyfeiriad 2 heb rif cerdyn"},
	"bad city":     {"Enter a valid town or city", "Rhowch dref neu ddinas ddilys"},
	"bad country":  {"Enter a valid country or territory", "Rhowch wlad neu diriogaeth ddilys"},
	"bad postcode": {"Enter a valid postcode", "Rhowch god post dilys"},

	"test":      {"Test", "Prawf"},
	"simulator": {"GOV.UK Pay, simulated", "GOV.UK Pay, efelychiedig"},
	"notice":    {"About this page", "Am y dudalen hon"},
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
