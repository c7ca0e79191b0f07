package pages

// What the citizen is told when a person has to decide, or when the money has gone back.
var (
	neitherInTime = bilingual{
		"If you have neither within 5 working days, contact us and give your reference.",
		"Os nad ydych wedi cael y naill na’r llall o fewn 5 diwrnod gwaith, cysylltwch â ni a rhowch eich cyfeirnod.",
	}
	refundedSince = bilingual{
		"We have since refunded {refunded} to the card you paid with.",
		"Ers hynny rydym wedi ad-dalu {refunded} i’r cerdyn y taloch ag ef.",
	}
	startAgain = bilingual{
		"If you still want to pay, start again from the beginning.",
		"Os ydych yn dal am dalu, dechreuwch eto o’r dechrau.",
	}
)

// afterPayment are the pages after a payment.
var afterPayment = map[Page]page{
	Finishing: {
		title: bilingual{"We are processing your {noun}", "Rydym yn prosesu eich {noun}"},
		says: []bilingual{
			{
				"We have your payment of {paid}.",
				"Mae eich taliad o {paid} gennym.",
			},
			unconfirmed,
			{
				"You do not need to do anything, and you can close this page. We will complete everything.",
				"Nid oes angen i chi wneud dim, a gallwch gau’r dudalen hon. Byddwn yn cwblhau popeth.",
			},
		},
		onlyOnce: true, reloads: true,
	},
	Waiting: {
		title: bilingual{"Your payment is safe", "Mae eich taliad yn ddiogel"},
		says: []bilingual{
			{
				"We have your payment of {amount}. We have not been able to process your {noun} yet.",
				"Mae eich taliad o {amount} gennym. Nid ydym wedi gallu prosesu eich {noun} eto.",
			},
			{
				"We will do this as soon as we can. You do not need to do anything, and you can close this page.",
				"Byddwn yn gwneud hyn cyn gynted ag y gallwn. Nid oes angen i chi wneud dim, a gallwch gau’r " +
					"dudalen hon.",
			},
			{
				"If we cannot do this within 7 days, you will get your money back, or a member of staff will look " +
					"into it.",
				"Os na allwn wneud hyn o fewn 7 diwrnod, cewch eich arian yn ôl, neu bydd aelod o staff yn ymchwilio " +
					"i’r mater.",
			},
		},
		do:       bilingual{"Send it now", "Anfon nawr"}, // in the list
		onlyOnce: true, reloads: true,
	},
	Sent: {
		title: bilingual{
			"We have received your payment and your {noun}",
			"Rydym wedi derbyn eich taliad a’ch {noun}",
		},
		says: []bilingual{
			{"You have paid {amount}.", "Rydych wedi talu {amount}."},
			refundedSince,
			{
				"We will deal with your {noun}. You do not need to do anything else.",
				"Byddwn yn delio â’ch {noun}. Nid oes angen i chi wneud dim arall.",
			},
			keepReference,
		},
		done: true,
	},
	PassReady: {
		title: bilingual{"Payment received", "Taliad wedi’i dderbyn"},
		says: []bilingual{
			{
				"You have paid {amount}, and can now get what you paid for.",
				"Rydych wedi talu {amount}, a gallwch nawr gael yr hyn y taloch amdano.",
			},
			refundedSince,
		},
		done: true, do: bilingual{"Get what you paid for", "Cael yr hyn y taloch amdano"},
	},
	PassOver: {
		title: bilingual{"You have had what you paid for", "Rydych wedi cael yr hyn y taloch amdano"},
		says: []bilingual{
			{
				"You paid {amount}. The time to get it again has ended.",
				"Taloch {amount}. Mae’r amser i’w gael eto wedi dod i ben.",
			},
			refundedSince,
			keepReference,
		},
	},
	Done: {
		title: bilingual{"Payment received and request completed", "Taliad wedi’i dderbyn a chais wedi’i gwblhau"},
		says: []bilingual{
			{"You have paid {amount}.", "Rydych wedi talu {amount}."},
			refundedSince,
			{
				"We have done what you asked for. There is nothing else that you need to see or do.",
				"Rydym wedi gwneud yr hyn y gofynnoch amdano. Nid oes dim arall i chi ei weld na’i wneud.",
			},
			keepReference,
		},
		done: true,
	},
	Refused: {
		title: bilingual{"We could not accept your {noun}", "Ni allem dderbyn eich {noun}"},
		says: []bilingual{
			stillValid,
			unconfirmed,
			{
				"Go back to the form, correct it and send it again by {until}.",
				"Ewch yn ôl i’r ffurflen, cywirwch hi ac anfonwch hi eto erbyn {until}.",
			},
			otherwise,
		},
		do: words["show"],
	},
	Challenged: {
		title: bilingual{"You need to sign in again", "Mae angen i chi fewngofnodi eto"},
		says: []bilingual{
			stillValid,
			unconfirmed,
			{
				"Go back to the form and send it again by {until}. Your browser may ask for your user name and " +
					"password.",
				"Ewch yn ôl i’r ffurflen ac anfonwch hi eto erbyn {until}. Efallai y bydd eich porwr yn gofyn am " +
					"eich " +
					"enw defnyddiwr a’ch cyfrinair.",
			},
			otherwise,
		},
	},
	PayAgain: {
		title: bilingual{"Do you want to pay again?", "Ydych chi am dalu eto?"},
		says: []bilingual{
			{
				"You have just sent this form and paid for it.",
				"Rydych newydd anfon y ffurflen hon a thalu amdani.",
			},
			{
				"If you want to send it again, you have to pay again.",
				"Os ydych am ei hanfon eto, rhaid i chi dalu eto.",
			},
			{
				"If you do not, you do not need to do anything. We have not sent the form a second time, and we " +
					"will delete it after {until}.",
				"Os nad ydych, nid oes angen i chi wneud dim. Nid ydym wedi anfon y ffurflen yr eilwaith, a byddwn " +
					"yn ei dileu ar ôl {until}.",
			},
		},
		does: "again", do: bilingual{"Pay again", "Talu eto"},
	},
	ForAPerson: {
		title: bilingual{"We are looking into your payment", "Rydym yn ymchwilio i’ch taliad"},
		says: []bilingual{
			{
				"We have your payment of {amount}. Something went wrong after you paid, and a member of staff is " +
					"looking into it.",
				"Mae eich taliad o {amount} gennym. Aeth rhywbeth o’i le ar ôl i chi dalu, ac mae aelod o staff yn " +
					"ymchwilio i’r mater.",
			},
			{
				"You will get what you paid for or your money back. " + neitherInTime.en,
				"Cewch yr hyn y taloch amdano neu eich arian yn ôl. " + neitherInTime.cy,
			},
			refundedSince,
		},
		onlyOnce: true,
	},
	Unsure: {
		title: bilingual{"Something went wrong with your payment", "Aeth rhywbeth o’i le gyda’ch taliad"},
		says: []bilingual{
			{
				"A member of staff is looking into what happened.",
				"Mae aelod o staff yn ymchwilio i’r hyn a ddigwyddodd.",
			},
			{
				"If you have paid, you will get what you paid for or your money back. " + neitherInTime.en,
				"Os ydych wedi talu, cewch yr hyn y taloch amdano neu eich arian yn ôl. " + neitherInTime.cy,
			},
		},
		onlyOnce: true,
	},
	MoneyBack: {
		title: bilingual{"Your money is being given back", "Mae eich arian yn cael ei ad-dalu"},
		says: []bilingual{
			{
				"What you paid for did not go ahead, so {amount} goes back to the card you paid with.",
				"Nid aeth yr hyn y taloch amdano yn ei flaen, felly bydd {amount} yn dychwelyd i’r cerdyn y taloch " +
					"ag ef.",
			},
			{
				"You do not need to do anything. Your bank should show it within 10 working days. If it does not, " +
					"contact us and give your reference.",
				"Nid oes angen i chi wneud dim. Dylai eich banc ei ddangos o fewn 10 diwrnod gwaith. Os nad yw’n " +
					"gwneud hynny, cysylltwch â ni a rhowch eich cyfeirnod.",
			},
			startAgain,
		},
	},
	NotPaidFor: {
		title: bilingual{"We could not collect your payment", "Ni allem gasglu eich taliad"},
		says: []bilingual{
			{
				"We accepted what you sent, but your payment of {amount} was not taken in the end.",
				"Rydym wedi derbyn yr hyn a anfonoch, ond ni chymerwyd eich taliad o {amount} yn y diwedd.",
			},
			{
				"If you have not heard from us about this, contact us and give your reference.",
				"Os nad ydych wedi clywed gennym am hyn, cysylltwch â ni a rhowch eich cyfeirnod.",
			},
		},
	},
	NotKept: {
		title: bilingual{"This did not go ahead", "Nid aeth hyn yn ei flaen"},
		says: []bilingual{
			{
				"We have not kept any money. If your bank shows a payment of {amount}, it should disappear or come " +
					"back within 10 working days. If it does not, contact us and give your reference.",
				"Nid ydym wedi cadw unrhyw arian. Os yw eich banc yn dangos taliad o {amount}, dylai ddiflannu neu " +
					"ddychwelyd o fewn 10 diwrnod gwaith. Os nad yw’n gwneud hynny, cysylltwch â ni a rhowch eich " +
					"cyfeirnod.",
			},
			startAgain,
		},
	},
}
