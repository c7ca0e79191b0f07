package pages

import "time"

// afterPayment are the pages after a payment.
var afterPayment = map[Page]page{
	Finishing: {
		title: bilingual{"We are sending your application", "Rydym yn anfon eich cais"},
		says: []bilingual{
			{
				"We have your payment, and your application is on its way to the service.",
				"Mae eich taliad gennym, ac mae eich cais ar ei ffordd i’r gwasanaeth.",
			},
			{
				"You can close this page: we will finish without it.",
				"Gallwch gau’r dudalen hon: byddwn yn gorffen hebddi.",
			},
		},
		onlyOnce: true, reloads: 5 * time.Second,
	},
	Waiting: {
		title: bilingual{"Your payment is safe", "Mae eich taliad yn ddiogel"},
		says: []bilingual{
			{
				"We have your payment of {amount}. The service does not have your application yet.",
				"Mae eich taliad o {amount} gennym. Nid yw eich cais gyda’r gwasanaeth eto.",
			},
			{
				"We will send it as soon as the service can accept it. You do not need to do anything, and you can " +
					"close this page.",
				"Byddwn yn ei anfon cyn gynted ag y gall y gwasanaeth ei dderbyn. Nid oes angen i chi wneud dim, a " +
					"gallwch gau’r dudalen hon.",
			},
		},
		do:       bilingual{"Send it now", "Ei anfon nawr"}, // in the list
		onlyOnce: true, reloads: 15 * time.Second,
	},
	Sent: {
		title: bilingual{"Payment received and application sent", "Taliad wedi’i dderbyn a chais wedi’i anfon"},
		says: []bilingual{
			{"You have paid {amount}.", "Rydych wedi talu {amount}."},
			{
				"The service has your application and will deal with it. You do not need to do anything else.",
				"Mae eich cais gyda’r gwasanaeth, a bydd yn delio ag ef. Nid oes angen i chi wneud dim arall.",
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
			keepReference,
		},
	},
	Done: {
		title: bilingual{"Payment received and request completed", "Taliad wedi’i dderbyn a chais wedi’i gwblhau"},
		says: []bilingual{
			{"You have paid {amount}.", "Rydych wedi talu {amount}."},
			{
				"The service has done what you asked for. It has nothing else to show you.",
				"Mae’r gwasanaeth wedi gwneud yr hyn y gofynnoch amdano. Nid oes ganddo ddim arall i’w ddangos i chi.",
			},
			keepReference,
		},
		done: true,
	},
	Refused: {
		title: bilingual{"The service could not accept your application", "Ni allai’r gwasanaeth dderbyn eich cais"},
		says: []bilingual{
			stillValid,
			{
				"Go back to the form, correct it and send it again by {until}.",
				"Ewch yn ôl i’r ffurflen, cywirwch hi ac anfonwch hi eto erbyn {until}.",
			},
			otherwise,
		},
		do: bilingual{"See the service’s answer", "Gweld ateb y gwasanaeth"},
	},
	Challenged: {
		title: bilingual{"The service asked you to sign in again", "Gofynnodd y gwasanaeth i chi fewngofnodi eto"},
		says: []bilingual{
			stillValid,
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
					"delete it after {until}.",
				"Os nad ydych, nid oes angen i chi wneud dim. Nid ydym wedi anfon y ffurflen yr eilwaith, a byddwn " +
					"yn ei dileu ar ôl {until}.",
			},
		},
		does: "again", do: bilingual{"Pay again", "Talu eto"},
	},
	ForAPerson: {
		title: bilingual{"We are looking into your payment", "Rydym yn edrych i mewn i’ch taliad"},
		says: []bilingual{
			{
				"Something went wrong after you went to pay, and a member of staff is looking into it.",
				"Aeth rhywbeth o’i le ar ôl i chi fynd i dalu, ac mae aelod o staff yn edrych i mewn i’r mater.",
			},
			{
				"Your payment is recorded under your reference. If you have paid, you will get what you paid for or " +
					"your money back.",
				"Mae eich taliad wedi’i gofnodi o dan eich cyfeirnod. Os ydych wedi talu, cewch yr hyn y taloch " +
					"amdano neu eich arian yn ôl.",
			},
			keepReference,
		},
		onlyOnce: true,
	},
	MoneyBack: {
		title: bilingual{"Your money is being given back", "Mae eich arian yn cael ei roi yn ôl"},
		says: []bilingual{
			{
				"What you paid for did not go ahead, so {amount} goes back to the card you paid with.",
				"Nid aeth yr hyn y taloch amdano yn ei flaen, felly mae {amount} yn mynd yn ôl i’r cerdyn y taloch " +
					"ag ef.",
			},
			{
				"You do not need to do anything. It can take a few days for your bank to show it.",
				"Nid oes angen i chi wneud dim. Gall gymryd ychydig ddyddiau nes bydd eich banc yn ei ddangos.",
			},
			{
				"If you still want to pay, start again from the beginning.",
				"Os ydych yn dal am dalu, dechreuwch eto o’r dechrau.",
			},
		},
	},
}
