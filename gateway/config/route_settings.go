package config

import (
	"time"

	"paygate/gateway"
	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/gateway/modes"
	"paygate/journey"
)

// routeSettings are the settings of one pay route, declared as in Settings. The tag "only" names the one kind of route
// that a setting is for.
type routeSettings struct {
	// Method and path. {name} is one segment, {name...} the rest; may end in ?name=value&..., for services that route
	// by the query. POST, PUT, PATCH and DELETE are held and released once. A GET is a pass, which may be fetched for a
	// while.
	Match match.Pattern `env:"MATCH,required" sample:"POST /licences/apply" section:"A pay route"`
	// Pounds: 25 or 25.00. Or leave it out and give a price for each choice of a form field, with PRICES. Or upstream:
	// the service names the price, by answering 402 with Paygate-Price in pence (docs/reference/headers.md). It then
	// gets each request once unpaid, marked Paygate-Status: quote, and must do nothing but say what it costs.
	Price price `env:"PRICE" sample:"25.00"`
	// What the citizen pays for.
	Description string `env:"DESCRIPTION,required" check:"description" sample:"Fishing licence"`
	// A list of the statuses that can mean that the service accepted the form: 303, 302, 200, 2xx, or 3xx (302 and
	// 303). Required, except for a GET, which has 2xx,304. After 429 the request is sent again later; after 5xx, 408 or
	// no answer a person decides; any other status is a refusal.
	Accept journey.Statuses `env:"ACCEPT" sample:"303"`
	// Where a redirect that means yes leads: a list of beginnings of the path and query, or of a whole address at
	// another host. Required with 302 or 303. Any other redirect is a refusal. * accepts any redirect within the
	// service, except that a person decides about one that looks like the form, a log-in or an error.
	AcceptLocation places `env:"ACCEPT_LOCATION" sample:"/licences/confirmation"`
	// A text in a 2xx page that means yes, and one that means no; put " | " between alternatives. A 2xx in ACCEPT needs
	// one of the two, because many services show an invalid form again with 200. With ACCEPT_TEXT=* the status alone
	// decides.
	AcceptText texts `env:"ACCEPT_TEXT" example:"Application received | Cais wedi dod i law"`
	RefuseText texts `env:"REFUSE_TEXT" example:"There is a problem | Mae problem"`
	// What the citizen pays for, in Welsh.
	DescriptionCY string `env:"DESCRIPTION_CY" check:"description" example:"Trwydded bysgota"`
	// What the citizen sends, in the sentences of the pages ("We are processing your application"), in English and in
	// Welsh. Choose words that can follow "your" and "eich" as they are. Without it, "form" and "ffurflen".
	Noun   string `env:"NOUN" check:"noun" example:"application"`
	NounCY string `env:"NOUN_CY" check:"noun" example:"cais"`
	// Prices by choice, and the form field (on a GET: the query parameter) that holds the choice. A request whose
	// choice costs 0.00 passes at once, with Paygate-Status: free.
	Prices     map[string]int64 `env:"PRICES" example:"1-day=6.00,8-day=13.50,blue-badge=0.00"`
	PriceField string           `env:"PRICE_FIELD" example:"licence"`
	// For one address with several buttons: only submissions in which this field has this value cost money. form:pay,
	// without a value, means submissions that have the field at all, for services that look at which button is there
	// and not at its value (ASP.NET Web Forms, image buttons, isset in PHP).
	When *form.Condition `env:"WHEN" example:"form:action=pay" only:"submission"`
	// The reference of the payment. {random} is ten unambiguous characters; {form:NAME}, {query:NAME} and {path:NAME}
	// are what the citizen sent.
	Reference form.Template `env:"REFERENCE" default:"{random}"`
	// Which of PAYGATE_PAY_ACCOUNTS the money goes to. Without it, the account of PAYGATE_PAY_API_KEY.
	Account string `env:"ACCOUNT" example:"parking"`
	// Stored with the payment at GOV.UK Pay, for finance. The same placeholders as in REFERENCE.
	Metadata map[string]form.Template `env:"METADATA" example:"ledger=4711,office={form:office}"`
	// Form fields that fill in GOV.UK Pay's card page: email, cardholder_name, line1, line2, city, postcode, country.
	Prefill gateway.PrefillFields `env:"PREFILL" example:"email=email,cardholder_name=name,postcode=postcode"`
	// The form field with the citizen's e-mail address, for e-mails through GOV.UK Notify (docs/reference/messages.md).
	// Paygate stores the address encrypted, and erases it 30 days after the journey has ended.
	NotifyEmail emailField `env:"NOTIFY_EMAIL" example:"{form:email}" only:"submission"`
	// POST and a path of the service that hears what happens after a request was sent to it: TELL_ON lists which of
	// refunded, returned and collection-failed; without it, all. Each is a signed request with Paygate-Status: event,
	// sent until the service answers 2xx, for three days (docs/reference/messages.md). No request from outside gets
	// near the path.
	Tell   tell   `env:"TELL" example:"POST /paygate/events"`
	TellOn tellOn `env:"TELL_ON" example:"refunded,returned,collection-failed"`
	// What GOV.UK Pay knows of the payer that the service is told with the first delivery: a list of card_brand,
	// card_last4 and email (docs/reference/headers.md). The e-mail address is what was typed, which no one has checked.
	Share shares `env:"SHARE" example:"card_brand,card_last4,email" only:"submission"`
	// Form fields that are not searched for card numbers, because their numbers only look like those of payment cards,
	// such as some animal microchips.
	CardExempt []string `env:"CARD_EXEMPT" example:"microchip"`
	// Form fields that staff see on the journey and can search by. They are kept, encrypted, as long as the journey.
	Find []string `env:"FIND" example:"name,vehicle" only:"submission"`
	// on-accept: the money is reserved, and taken only when the service accepts. immediate: taken at once.
	Capture string `env:"CAPTURE" default:"on-accept" values:"on-accept,immediate"`
	// confirmed: released once GOV.UK Pay confirms the payment. on-return (with CAPTURE=immediate): as soon as the
	// citizen is back and GOV.UK Pay says at least submitted.
	Release string `env:"RELEASE" default:"confirmed" values:"confirmed,on-return"`
	// After a refusal: how long the citizen may correct the form on the same payment, from when they read about the
	// refusal. Citizens who have not read about it have a day from when the payment began. After that: return the
	// money, or staff (a person decides).
	ResubmitFor time.Duration `env:"RESUBMIT_FOR" default:"1h"`
	OnRefused   string        `env:"ON_REFUSED" default:"return" values:"return,staff"`
	// on: after a refusal, the citizen first reads a page of Paygate's. It says that the payment is still valid, and
	// until when, and has a button to the service's own answer. off: they see the service's own answer at once.
	RefusedPage bool `env:"REFUSED_PAGE" default:"on" values:"on,off"`
	// If Paygate cannot know whether the service got the request: never (a person decides) or safe (send it again,
	// because the service can take it twice).
	Repeat string `env:"REPEAT" default:"never" values:"never,safe"`
	// How long citizens whose payment was declined may try again with the same held request.
	RetryFor time.Duration `env:"RETRY_FOR" default:"2h"`
	// For citizens who pay and do not come back: Paygate delivers the held request this long after it first reads that
	// the money is there. Choose a time at which the service's session is still alive. off: the sweeps deliver it,
	// after PAYGATE_MOPUP_MIN_AGE. Without it, 5m.
	ReturnGrace *returnGrace `env:"RETURN_GRACE" example:"5m" only:"submission"`
	// How long the address may be fetched, from the first time.
	PassFor time.Duration `env:"PASS_FOR" default:"1h" only:"pass"`
	// A pass opens the path with the query that was paid for. A list of query parameters that make no difference; * is
	// all of them.
	PassQuery []string `env:"PASS_QUERY" example:"lang" only:"pass"`
	// ALIASES: further patterns that lead to the same code. ALLOW: patterns nearby that lead to other code, and pass.
	Aliases []match.Pattern `env:"ALIASES" example:"POST /licences/apply.php"`
	Allow   []match.Pattern `env:"ALLOW" example:"POST /licences/apply/documents,GET /licences/apply/help"`
	// The query parameters that a GET of the form's page may have; * is any. If the service's pay code also runs on GET
	// (`paygate probe` finds out), list only those that the page needs, such as lang,page. Then a GET of an address
	// below the path is refused too, unless ALLOW names it.
	GetQuery getQuery `env:"GET_QUERY" default:"*" only:"submission"`
	// on: addresses that some server may take for the path are refused too (suffixes, PATH_INFO, script prefixes, short
	// names).
	Strict bool `env:"STRICT" default:"on" values:"on,off"`
	// on; closed (a page says that payments are closed); free (unpaid requests pass); or shadow (unpaid requests pass,
	// and the log and paygate_shadow_total say what Paygate would have held, priced or refused). Staff can change it
	// while Paygate runs (docs/how-to/close-a-route.md).
	Mode modes.Mode `env:"MODE" default:"on" values:"on,closed,free,shadow"`
}
