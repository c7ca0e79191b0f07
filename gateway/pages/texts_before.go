package pages

// beforePayment are the pages before a payment.
var beforePayment = map[Page]page{
	NotStarted: {
		title: bilingual{"Sorry, you cannot pay at the moment", "Mae’n ddrwg gennym, ni allwch dalu ar hyn o bryd"},
		says: []bilingual{
			{"We could not start your payment.", "Ni allem gychwyn eich taliad."},
			nothingHappened,
			{"Try again in a few minutes.", "Rhowch gynnig arall arni ymhen ychydig funudau."},
		},
		withJourney: []bilingual{detailsKept}, does: "again", do: tryAgain,
	},
	NotWorking: {
		title: bilingual{
			"Sorry, payments are not working at the moment",
			"Mae’n ddrwg gennym, nid yw taliadau’n gweithio ar hyn o bryd",
		},
		says: []bilingual{
			{
				"We could not start your payment. Trying again straight away will not help.",
				"Ni allem gychwyn eich taliad. Ni fydd rhoi cynnig arall arni ar unwaith yn helpu.",
			},
			nothingHappened,
			{
				"Try again later, or contact us.",
				"Rhowch gynnig arall arni yn nes ymlaen, neu cysylltwch â ni.",
			},
		},
		does: "again", do: tryAgain,
	},
	Busy: {
		title: bilingual{"Many people are paying at the moment", "Mae llawer o bobl yn talu ar hyn o bryd"},
		says: []bilingual{
			{"We have not started your payment yet.", "Nid ydym wedi cychwyn eich taliad eto."},
			nothingHappened,
			{"Try again in a minute.", "Rhowch gynnig arall arni ymhen munud."},
		},
		withJourney: []bilingual{detailsKept}, does: "again", do: tryAgain,
	},
	Starting: {
		title: bilingual{"We are starting your payment", "Rydym yn cychwyn eich taliad"},
		says: []bilingual{
			{
				"This is taking longer than usual. Select Continue, and we will take you to the payment.",
				"Mae hyn yn cymryd mwy o amser nag arfer. Dewiswch Parhau, a byddwn yn mynd â chi at y taliad.",
			},
			nothingHappened,
		},
		withJourney: []bilingual{detailsKept}, does: "again", do: goOn,
	},
	Draining: {
		title: bilingual{"Try again in a minute", "Rhowch gynnig arall arni ymhen munud"},
		says: []bilingual{
			{"Payments are paused for a moment.", "Mae taliadau wedi’u hoedi am eiliad."},
			nothingHappened,
			{"Go back and try again in a minute.", "Ewch yn ôl a rhowch gynnig arall arni ymhen munud."},
		},
	},
	Closed: {
		title: bilingual{"Payments are closed", "Mae taliadau ar gau"},
		says: []bilingual{
			{"You cannot pay for this at the moment.", "Ni allwch dalu am hyn ar hyn o bryd."},
			nothingHappened,
			{"Try again later.", "Rhowch gynnig arall arni yn nes ymlaen."},
		},
	},
	ChooseAgain: {
		title: bilingual{"Choose what you want to pay for", "Dewiswch beth rydych am dalu amdano"},
		says: []bilingual{
			{
				"Your answers do not say clearly what you want to pay for, so we cannot tell what it costs.",
				"Nid yw eich atebion yn dweud yn glir beth rydych am dalu amdano, felly ni allwn ddweud beth yw’r " +
					"gost.",
			},
			nothingHappened,
			{"Go back and choose one of the options.", "Ewch yn ôl a dewiswch un o’r opsiynau."},
		},
	},
	Unclear: {
		title: bilingual{"We could not read your form", "Ni allem ddarllen eich ffurflen"},
		says: []bilingual{
			{
				"We could not be certain what you entered, so we have not accepted your form.",
				"Ni allem fod yn sicr beth oedd eich atebion, felly nid ydym wedi derbyn eich ffurflen.",
			},
			nothingHappened,
			{
				"Go back and try again. If you see this page again, contact us.",
				"Ewch yn ôl a rhowch gynnig arall arni. Os gwelwch y dudalen hon eto, cysylltwch â ni.",
			},
		},
	},
	WrongPrice: {
		title: bilingual{"Sorry, there is a problem with the price", "Mae’n ddrwg gennym, mae problem gyda’r pris"},
		says: []bilingual{
			{
				"We cannot tell what this costs, so you cannot pay for it at the moment.",
				"Ni allwn ddweud beth yw cost hyn, felly ni allwch dalu amdano ar hyn o bryd.",
			},
			{
				"No money has been taken. Try again later.",
				"Nid oes arian wedi’i gymryd. Rhowch gynnig arall arni yn nes ymlaen.",
			},
		},
	},
	CardNumber: {
		title: bilingual{"Do not enter a card number in the form", "Peidiwch â rhoi rhif cerdyn yn y ffurflen"},
		says: []bilingual{
			{
				"One of your answers looks like the number of a payment card. To protect you, we have not kept " +
					"the form.",
				"Mae un o’ch atebion yn edrych fel rhif cerdyn talu. I’ch diogelu, nid ydym wedi cadw’r ffurflen.",
			},
			nothingHappened,
			{
				"Go back and remove the number. You will be asked for your card later, on a GOV.UK Pay page.",
				"Ewch yn ôl a thynnwch y rhif. Gofynnir i chi am eich cerdyn yn nes ymlaen, ar dudalen GOV.UK Pay.",
			},
		},
	},
	TooLarge: {
		title: bilingual{"What you sent is too large", "Mae’r hyn a anfonoch yn rhy fawr"},
		says: []bilingual{
			{
				"The form and its files together can be {limit} at most.",
				"Gall y ffurflen a’i ffeiliau gyda’i gilydd fod yn {limit} ar y mwyaf.",
			},
			nothingHappened,
			{
				"Go back, choose smaller files and try again.",
				"Ewch yn ôl, dewiswch ffeiliau llai a rhowch gynnig arall arni.",
			},
		},
	},
	Unreadable: {
		title: bilingual{"We could not read what you sent", "Ni allem ddarllen yr hyn a anfonoch"},
		says: []bilingual{
			{"We did not receive all of your form.", "Ni ddaeth eich ffurflen i law yn gyflawn."},
			nothingTaken, // on free traffic the service may have received the beginning
			{"Go back and try again.", "Ewch yn ôl a rhowch gynnig arall arni."},
		},
	},
	MemoryShort: {
		title: bilingual{
			"Sorry, we cannot accept your form at the moment",
			"Mae’n ddrwg gennym, ni allwn dderbyn eich ffurflen ar hyn o bryd",
		},
		says: []bilingual{
			{
				"We are too busy to accept a form of this size at the moment, so we have not kept it.",
				"Rydym yn rhy brysur i dderbyn ffurflen o’r maint hwn ar hyn o bryd, felly nid ydym wedi’i chadw.",
			},
			nothingByThis,
			{"Go back and try again in a minute.", "Ewch yn ôl a rhowch gynnig arall arni ymhen munud."},
		},
	},
	TooMany: {
		title: bilingual{"Too many payments have been started", "Mae gormod o daliadau wedi’u cychwyn"},
		says: []bilingual{
			{
				"You, or someone who shares your internet connection, have started many payments in a short time. " +
					"We have not started another one.",
				"Rydych chi, neu rywun sy’n rhannu eich cysylltiad rhyngrwyd, wedi cychwyn llawer o daliadau mewn " +
					"amser byr. Nid ydym wedi cychwyn un arall.",
			},
			nothingByThis,
			{
				"Finish a payment that you have started, or go back and try again later.",
				"Cwblhewch daliad rydych wedi’i gychwyn, neu ewch yn ôl a rhowch gynnig arall arni yn nes ymlaen.",
			},
		},
	},
	Prefetched: {
		title: bilingual{"Continue to open this page", "Parhewch i agor y dudalen hon"},
		says: []bilingual{
			{
				"Nothing has started yet. If you want to open the page, select Continue.",
				"Nid oes dim wedi cychwyn eto. Os ydych am agor y dudalen, dewiswch Parhau.",
			},
			nothingByThis,
		},
		do: goOn,
	},
	PassUnpaid: {
		title: bilingual{"You have to pay for this first", "Rhaid i chi dalu am hyn yn gyntaf"},
		says: []bilingual{
			{"Open the address in a browser to pay.", "Agorwch y cyfeiriad mewn porwr i dalu."},
			nothingTaken,
		},
	},
	PassOtherQuery: {
		title: bilingual{"You have not paid for this yet", "Nid ydych wedi talu am hyn eto"},
		says: []bilingual{
			{
				"Your payment of {amount} is for something else at the same address. It is still valid.",
				"Mae eich taliad o {amount} am rywbeth arall yn yr un cyfeiriad. Mae’n dal yn ddilys.",
			},
			{
				"If you want this as well, you have to pay for it.",
				"Os ydych am gael hwn hefyd, rhaid i chi dalu amdano.",
			},
			{
				"To open what you have paid for, go back, or use the list of your payments.",
				"I agor yr hyn rydych wedi talu amdano, ewch yn ôl, neu defnyddiwch restr eich taliadau.",
			},
		},
		does: "pass", do: bilingual{"Pay for this as well", "Talu am hwn hefyd"},
	},
	ToPay: {
		title: bilingual{"Pay to continue", "Talwch i barhau"},
		says: []bilingual{
			{"You will pay {amount} on a GOV.UK Pay page.", "Byddwch yn talu {amount} ar dudalen GOV.UK Pay."},
			nothingUntilPaid,
		},
		do: bilingual{"Continue to payment", "Parhau i’r taliad"},
	},
}
