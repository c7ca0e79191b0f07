package pages

// Page names one page.
type Page string

// text is what a page says. {amount}, {reference}, {until} and {limit} stand for the view's own.
type text struct {
	Title string
	Says  []string
	Do    string // the label of the page's button or link; empty: it has none
}

// page is one page in both languages, side by side for whoever translates.
type page struct {
	does    string // what its button does: "again" or "resume"
	reloads bool   // by itself, without JavaScript
	en, cy  text
}

// The pages. Each says truly what happened to the money, and what to do.
const (
	Declined      Page = "declined"
	Cancelled     Page = "cancelled"
	CancelledByUs Page = "cancelled-by-service"
	Expired       Page = "expired"
	ErrorAtPay    Page = "error-at-pay"
	Open          Page = "open-payment"
	Checking      Page = "checking"
	Finishing     Page = "finishing"
	NotStarted    Page = "nothing-taken"
	Busy          Page = "busy"
	NotFound      Page = "cannot-find"
	TooLarge      Page = "too-large"
	Closed        Page = "payments-closed"
	Draining      Page = "restarting"
	ChooseAgain   Page = "choose-again"
	CardNumber    Page = "card-number"
	Unreadable    Page = "unreadable"
	Sent          Page = "paid-and-sent"
	Waiting       Page = "paid-service-not-answering"
	ForAPerson    Page = "paid-looked-at"
	Refused       Page = "refused"
	MoneyBack     Page = "money-back"
	Abandoned     Page = "not-paid"
	ServiceDown   Page = "service-not-answering"
	BadAddress    Page = "bad-address"
	MethodUnknown Page = "bad-method"
	NoSuchAddress Page = "no-such-address"
	StoreFailed   Page = "trouble"
	Prefetched    Page = "prefetched"
	PassUnpaid    Page = "pass-unpaid"
	Onward        Page = "onward"
	Status        Page = "status"
	WrongPrice    Page = "wrong-price"
)

// All lists every page.
func All() []Page {
	return []Page{
		Declined, Cancelled, CancelledByUs, Expired, ErrorAtPay, Open, Checking, Finishing, NotStarted, Busy, NotFound, TooLarge,
		Closed, Draining, ChooseAgain, CardNumber, Unreadable, Sent, Waiting, ForAPerson, Refused, MoneyBack, Abandoned,
		ServiceDown, BadAddress, MethodUnknown, NoSuchAddress, StoreFailed, Prefetched, PassUnpaid, Onward, Status, WrongPrice,
	}
}

const (
	keptEN = "We have kept what you entered, so you do not need to fill in the form again. You can try again until {until}."
	keptCY = "Rydym wedi cadw’r hyn a roesoch, felly nid oes angen i chi lenwi’r ffurflen eto. Gallwch roi cynnig arall arni tan {until}."
)

var texts = map[Page]page{
	Declined: {
		does: "again",
		en: text{"Your payment was declined", []string{
			"Your bank or card provider declined the payment. No money has been taken, and your application has not been sent.", keptEN,
		}, "Try again"},
		cy: text{"Gwrthodwyd eich taliad", []string{
			"Gwrthododd eich banc neu ddarparwr eich cerdyn y taliad. Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon.", keptCY,
		}, "Rhoi cynnig arall arni"},
	},
	Cancelled: {
		does: "again",
		en: text{"You cancelled your payment", []string{
			"No money has been taken, and your application has not been sent.", keptEN,
		}, "Try again"},
		cy: text{"Rydych wedi canslo eich taliad", []string{
			"Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon.", keptCY,
		}, "Rhoi cynnig arall arni"},
	},
	CancelledByUs: {
		does: "again",
		en: text{"Your payment was cancelled", []string{
			"The service cancelled the payment. No money has been taken, and your application has not been sent.", keptEN,
		}, "Try again"},
		cy: text{"Cafodd eich taliad ei ganslo", []string{
			"Canslodd y gwasanaeth y taliad. Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon.", keptCY,
		}, "Rhoi cynnig arall arni"},
	},
	Expired: {
		does: "again",
		en: text{"Your payment has expired", []string{
			"The payment was not completed in time. No money has been taken, and your application has not been sent.", keptEN,
		}, "Try again"},
		cy: text{"Mae eich taliad wedi dod i ben", []string{
			"Ni chwblhawyd y taliad mewn pryd. Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon.", keptCY,
		}, "Rhoi cynnig arall arni"},
	},
	ErrorAtPay: {
		does: "again",
		en: text{"There was a problem with your payment", []string{
			"A technical problem stopped the payment. No money has been taken, and your application has not been sent.", keptEN,
		}, "Try again"},
		cy: text{"Roedd problem gyda’ch taliad", []string{
			"Rhwystrodd problem dechnegol y taliad. Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon.", keptCY,
		}, "Rhoi cynnig arall arni"},
	},
	Open: {
		does: "resume",
		en: text{"You have not finished paying", []string{
			"Your payment is still open. Your application will be sent when you have paid. If you do not want to go on, you can close this page: a payment that you do not confirm is not taken.",
		}, "Continue to pay"},
		cy: text{"Nid ydych wedi gorffen talu", []string{
			"Mae eich taliad yn dal ar agor. Bydd eich cais yn cael ei anfon ar ôl i chi dalu. Os nad ydych am barhau, gallwch gau’r dudalen hon: ni chymerir taliad nad ydych yn ei gadarnhau.",
		}, "Parhau i dalu"},
	},
	Checking: {
		reloads: true,
		en: text{"We are checking your payment", []string{
			"We cannot reach GOV.UK Pay just now, so we do not know yet whether your payment was made. Do not pay again.",
			"This page reloads by itself. You can also close it: we keep checking, and send your application as soon as we know that you have paid.",
		}, ""},
		cy: text{"Rydym yn gwirio eich taliad", []string{
			"Ni allwn gyrraedd GOV.UK Pay ar hyn o bryd, felly nid ydym yn gwybod eto a wnaed eich taliad. Peidiwch â thalu eto.",
			"Mae’r dudalen hon yn ail-lwytho ei hun. Gallwch ei chau hefyd: byddwn yn parhau i wirio, ac yn anfon eich cais cyn gynted ag y gwyddom eich bod wedi talu.",
		}, ""},
	},
	Finishing: {
		reloads: true,
		en: text{"We are sending your application", []string{
			"You have paid, and your application is being sent now. Do not pay again.", "This page reloads by itself.",
		}, ""},
		cy: text{"Rydym yn anfon eich cais", []string{
			"Rydych wedi talu, ac mae eich cais yn cael ei anfon nawr. Peidiwch â thalu eto.", "Mae’r dudalen hon yn ail-lwytho ei hun.",
		}, ""},
	},
	NotStarted: {
		does: "again",
		en: text{"Sorry, you cannot pay at the moment", []string{
			"We could not start your payment. No money has been taken, and your application has not been sent.",
			"We have kept what you entered. Try again in a few minutes.",
		}, "Try again"},
		cy: text{"Mae’n ddrwg gennym, ni allwch dalu ar hyn o bryd", []string{
			"Ni allem gychwyn eich taliad. Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon.",
			"Rydym wedi cadw’r hyn a roesoch. Rhowch gynnig arall arni ymhen ychydig funudau.",
		}, "Rhoi cynnig arall arni"},
	},
	Busy: {
		does: "again",
		en: text{"Many people are paying at the moment", []string{
			"Your payment has not been started yet. No money has been taken, and your application has not been sent. Try again in a minute.",
		}, "Try again"},
		cy: text{"Mae llawer o bobl yn talu ar hyn o bryd", []string{
			"Nid yw eich taliad wedi’i gychwyn eto. Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon. Rhowch gynnig arall arni ymhen munud.",
		}, "Rhoi cynnig arall arni"},
	},
	NotFound: {
		en: text{"We cannot find your payment", []string{
			"This browser does not know of a payment. You may have paid in another browser, or some time ago.",
			"If you have paid, you do not need to do anything: your application is sent all the same. If you are not sure, check your email for a confirmation of payment before you pay again.",
		}, ""},
		cy: text{"Ni allwn ddod o hyd i’ch taliad", []string{
			"Nid yw’r porwr hwn yn gwybod am daliad. Efallai eich bod wedi talu mewn porwr arall, neu beth amser yn ôl.",
			"Os ydych wedi talu, nid oes angen i chi wneud dim: bydd eich cais yn cael ei anfon beth bynnag. Os nad ydych yn siŵr, edrychwch am gadarnhad o daliad yn eich e-bost cyn talu eto.",
		}, ""},
	},
	TooLarge: {
		en: text{"What you sent is too large", []string{
			"The form and its files can be {limit} at most. No money has been taken, and nothing has been sent. Go back, choose smaller files and try again.",
		}, ""},
		cy: text{"Mae’r hyn a anfonoch yn rhy fawr", []string{
			"Gall y ffurflen a’i ffeiliau fod yn {limit} ar y mwyaf. Nid oes arian wedi’i gymryd, ac nid oes dim wedi’i anfon. Ewch yn ôl, dewiswch ffeiliau llai a rhowch gynnig arall arni.",
		}, ""},
	},
	Closed: {
		en: text{"Payments are closed", []string{
			"You cannot pay for this at the moment. No money has been taken, and nothing has been sent. Try again later.",
		}, ""},
		cy: text{"Mae taliadau ar gau", []string{
			"Ni allwch dalu am hyn ar hyn o bryd. Nid oes arian wedi’i gymryd, ac nid oes dim wedi’i anfon. Rhowch gynnig arall arni yn nes ymlaen.",
		}, ""},
	},
	Draining: {
		en: text{"Try again in a minute", []string{
			"The service is being restarted. No money has been taken, and nothing has been sent. Go back and try again in a minute.",
		}, ""},
		cy: text{"Rhowch gynnig arall arni ymhen munud", []string{
			"Mae’r gwasanaeth yn cael ei ailgychwyn. Nid oes arian wedi’i gymryd, ac nid oes dim wedi’i anfon. Ewch yn ôl a rhowch gynnig arall arni ymhen munud.",
		}, ""},
	},
	ChooseAgain: {
		en: text{"Choose what you want to pay for", []string{
			"Your form does not say clearly what you want to pay for. No money has been taken, and nothing has been sent. Go back and choose one of the options.",
		}, ""},
		cy: text{"Dewiswch beth rydych am dalu amdano", []string{
			"Nid yw eich ffurflen yn dweud yn glir beth rydych am dalu amdano. Nid oes arian wedi’i gymryd, ac nid oes dim wedi’i anfon. Ewch yn ôl a dewiswch un o’r opsiynau.",
		}, ""},
	},
	CardNumber: {
		en: text{"Do not enter a card number here", []string{
			"A field of your form seems to hold the number of a payment card. To protect you, we have not kept or sent the form. No money has been taken.",
			"Go back and remove the number. You will be asked for your card on GOV.UK Pay’s own page.",
		}, ""},
		cy: text{"Peidiwch â rhoi rhif cerdyn yma", []string{
			"Mae’n ymddangos bod maes yn eich ffurflen yn cynnwys rhif cerdyn talu. I’ch diogelu, nid ydym wedi cadw nac anfon y ffurflen. Nid oes arian wedi’i gymryd.",
			"Ewch yn ôl a thynnwch y rhif. Gofynnir i chi am eich cerdyn ar dudalen GOV.UK Pay ei hun.",
		}, ""},
	},
	Unreadable: {
		en: text{"We could not read what you sent", []string{
			"The form did not arrive whole. No money has been taken, and nothing has been sent. Go back and try again.",
		}, ""},
		cy: text{"Ni allem ddarllen yr hyn a anfonoch", []string{
			"Ni chyrhaeddodd y ffurflen yn gyfan. Nid oes arian wedi’i gymryd, ac nid oes dim wedi’i anfon. Ewch yn ôl a rhowch gynnig arall arni.",
		}, ""},
	},
	Sent: {
		en: text{"Payment received and application sent", []string{
			"You have paid {amount}, and the service has your application. You do not need to do anything else. Do not pay again.",
			"Keep your reference.",
		}, ""},
		cy: text{"Derbyniwyd y taliad ac anfonwyd y cais", []string{
			"Rydych wedi talu {amount}, ac mae eich cais gyda’r gwasanaeth. Nid oes angen i chi wneud dim arall. Peidiwch â thalu eto.",
			"Cadwch eich cyfeirnod.",
		}, ""},
	},
	Waiting: {
		reloads: true,
		en: text{"Your payment is safe", []string{
			"You have paid {amount}, and the service is not answering just now. We keep your application and send it as soon as the service answers again. Do not pay again.",
			"This page reloads by itself. You can also close it: you do not need to do anything else.",
		}, ""},
		cy: text{"Mae eich taliad yn ddiogel", []string{
			"Rydych wedi talu {amount}, ac nid yw’r gwasanaeth yn ateb ar hyn o bryd. Rydym yn cadw eich cais ac yn ei anfon cyn gynted ag y bydd y gwasanaeth yn ateb eto. Peidiwch â thalu eto.",
			"Mae’r dudalen hon yn ail-lwytho ei hun. Gallwch ei chau hefyd: nid oes angen i chi wneud dim arall.",
		}, ""},
	},
	ForAPerson: {
		en: text{"We are looking into your payment", []string{
			"Something went wrong after you went to pay, and a member of staff is looking into it. Your payment is recorded under your reference: you get what you paid for, or your money back. Do not pay again.",
			"Keep your reference.",
		}, ""},
		cy: text{"Rydym yn edrych i mewn i’ch taliad", []string{
			"Aeth rhywbeth o’i le ar ôl i chi fynd i dalu, ac mae aelod o staff yn edrych i mewn i’r mater. Mae eich taliad wedi’i gofnodi o dan eich cyfeirnod: byddwch yn cael yr hyn y taloch amdano, neu eich arian yn ôl. Peidiwch â thalu eto.",
			"Cadwch eich cyfeirnod.",
		}, ""},
	},
	Refused: {
		en: text{"The service could not accept your application", []string{
			"Your payment is still valid. Go back to the form, correct it and send it again by {until}: you do not pay a second time.",
			"If you do nothing, your money is given back, or a member of staff gets in touch.",
		}, ""},
		cy: text{"Ni allai’r gwasanaeth dderbyn eich cais", []string{
			"Mae eich taliad yn dal yn ddilys. Ewch yn ôl i’r ffurflen, cywirwch hi ac anfonwch hi eto erbyn {until}: nid ydych yn talu eilwaith.",
			"Os na wnewch ddim, rhoddir eich arian yn ôl, neu bydd aelod o staff yn cysylltu â chi.",
		}, ""},
	},
	MoneyBack: {
		en: text{"Your money has been given back", []string{
			"The service did not accept your application, and {amount} goes back to the card you paid with. It can take a few days until your bank shows it.",
			"To apply again, start from the beginning.",
		}, ""},
		cy: text{"Rhoddwyd eich arian yn ôl", []string{
			"Ni dderbyniodd y gwasanaeth eich cais, ac mae {amount} yn mynd yn ôl i’r cerdyn y taloch ag ef. Gall gymryd ychydig ddyddiau nes bydd eich banc yn ei ddangos.",
			"I wneud cais eto, dechreuwch o’r dechrau.",
		}, ""},
	},
	Abandoned: {
		en: text{"This payment was not made", []string{
			"No money has been taken, and your application has not been sent. What you entered has been erased. To apply, start from the beginning.",
		}, ""},
		cy: text{"Ni wnaed y taliad hwn", []string{
			"Nid oes arian wedi’i gymryd, ac nid yw eich cais wedi’i anfon. Mae’r hyn a roesoch wedi’i ddileu. I wneud cais, dechreuwch o’r dechrau.",
		}, ""},
	},
	ServiceDown: {
		en: text{"Sorry, the service is not answering", []string{
			"Try again in a few minutes.",
		}, ""},
		cy: text{"Mae’n ddrwg gennym, nid yw’r gwasanaeth yn ateb", []string{
			"Rhowch gynnig arall arni ymhen ychydig funudau.",
		}, ""},
	},
	BadAddress: {
		en: text{"This address cannot be used", []string{
			"The address of the page is written in a way that is not accepted. Nothing has been sent, and no money has been taken. Go back to the service and use its links.",
		}, ""},
		cy: text{"Ni ellir defnyddio’r cyfeiriad hwn", []string{
			"Mae cyfeiriad y dudalen wedi’i ysgrifennu mewn ffordd na dderbynnir. Nid oes dim wedi’i anfon, ac nid oes arian wedi’i gymryd. Ewch yn ôl i’r gwasanaeth a defnyddiwch ei ddolenni.",
		}, ""},
	},
	MethodUnknown: {
		en: text{"This request cannot be made", []string{
			"Nothing has been sent, and no money has been taken. Go back to the service and use its links.",
		}, ""},
		cy: text{"Ni ellir gwneud y cais hwn", []string{
			"Nid oes dim wedi’i anfon, ac nid oes arian wedi’i gymryd. Ewch yn ôl i’r gwasanaeth a defnyddiwch ei ddolenni.",
		}, ""},
	},
	NoSuchAddress: {
		en: text{"Page not found", []string{"Check the address, or go back to the service."}, ""},
		cy: text{"Heb ddod o hyd i’r dudalen", []string{"Gwiriwch y cyfeiriad, neu ewch yn ôl i’r gwasanaeth."}, ""},
	},
	StoreFailed: {
		en: text{"Sorry, there is a problem", []string{
			"We cannot look up payments just now. Nothing has been lost: a payment that you have made stays recorded. Do not pay again before you have checked. Try again in a few minutes.",
		}, ""},
		cy: text{"Mae’n ddrwg gennym, mae problem", []string{
			"Ni allwn chwilio am daliadau ar hyn o bryd. Nid oes dim wedi’i golli: mae taliad a wnaethoch yn dal wedi’i gofnodi. Peidiwch â thalu eto cyn gwirio. Rhowch gynnig arall arni ymhen ychydig funudau.",
		}, ""},
	},
	Prefetched: {
		en: text{"Not loaded in advance", []string{"This page is only loaded when you open it. No money has been taken."}, ""},
		cy: text{"Heb ei llwytho ymlaen llaw", []string{"Dim ond pan fyddwch yn ei hagor y caiff y dudalen hon ei llwytho. Nid oes arian wedi’i gymryd."}, ""},
	},
	PassUnpaid: {
		en: text{"This has to be paid for first", []string{"Open the address in a browser to pay. No money has been taken."}, ""},
		cy: text{"Rhaid talu am hyn yn gyntaf", []string{"Agorwch y cyfeiriad mewn porwr i dalu. Nid oes arian wedi’i gymryd."}, ""},
	},
	Onward: {
		en: text{"Payment received and application sent", []string{"You are being taken back to the service."}, "Continue"},
		cy: text{"Derbyniwyd y taliad ac anfonwyd y cais", []string{"Rydych yn cael eich tywys yn ôl i’r gwasanaeth."}, "Parhau"},
	},
	Status: {
		en: text{"Your payments", []string{"These are the payments that this browser knows of."}, ""},
		cy: text{"Eich taliadau", []string{"Dyma’r taliadau y mae’r porwr hwn yn gwybod amdanynt."}, ""},
	},
	WrongPrice: {
		en: text{"Sorry, there is a problem with the price", []string{
			"The service did not say clearly what this costs. No money has been taken. Try again later.",
		}, ""},
		cy: text{"Mae’n ddrwg gennym, mae problem gyda’r pris", []string{
			"Ni ddywedodd y gwasanaeth yn glir beth yw cost hyn. Nid oes arian wedi’i gymryd. Rhowch gynnig arall arni yn nes ymlaen.",
		}, ""},
	},
}

// words are the small texts that pages share.
var words = map[string]struct{ en, cy string }{
	"skip":      {"Skip to main content", "Neidio i’r prif gynnwys"},
	"reference": {"Reference", "Cyfeirnod"},
	"amount":    {"Amount", "Swm"},
	"for":       {"For", "Am"},
	"started":   {"Started", "Cychwyn"},
	"contact":   {"Need help?", "Angen help?"},
	"test":      {"Test", "Prawf"},
	"testing":   {"Payments here are tests: no money is taken.", "Profion yw’r taliadau yma: ni chymerir arian."},
	"status":    {"See all your payments", "Gweld eich holl daliadau"},
	"none":      {"This browser knows of no payments.", "Nid yw’r porwr hwn yn gwybod am unrhyw daliadau."},
	"show":      {"See the service’s answer", "Gweld ateb y gwasanaeth"},
}
