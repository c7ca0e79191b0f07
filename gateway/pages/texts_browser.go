package pages

// inBrowser are the pages about the browser and its list of payments.
var inBrowser = map[Page]page{
	Status: {
		title: bilingual{"Your payments", "Eich taliadau"},
		says: []bilingual{
			{
				"These are the payments you have started in this browser, newest first.",
				"Dyma’r taliadau rydych wedi’u cychwyn yn y porwr hwn, y diweddaraf yn gyntaf.",
			},
		},
	},
	Onward: {
		title: bilingual{"Continue to the next page", "Parhau i’r dudalen nesaf"},
		says: []bilingual{
			{
				"If the next page does not open by itself, select Continue.",
				"Os nad yw’r dudalen nesaf yn agor yn awtomatig, dewiswch Parhau.",
			},
		},
		do: goOn,
	},
	LookingUp: {
		title: bilingual{"Looking for your payment", "Chwilio am eich taliad"},
		says: []bilingual{
			{
				"If nothing happens, select Continue.",
				"Os nad oes dim yn digwydd, dewiswch Parhau.",
			},
		},
		do: goOn,
	},
	NotFound: {
		title: bilingual{"We cannot find your payment", "Ni allwn ddod o hyd i’ch taliad"},
		says: []bilingual{
			{
				"There is no record of a payment in this browser. You may have paid in another browser, or some " +
					"time ago.",
				"Nid oes cofnod o daliad yn y porwr hwn. Efallai eich bod wedi talu mewn porwr arall, neu beth amser " +
					"yn ôl.",
			},
			{
				"If you have paid, your payment is safe and you do not need this page.",
				"Os ydych wedi talu, mae eich taliad yn ddiogel ac nid oes angen y dudalen hon arnoch.",
			},
			{
				"If you are not sure, check your email and your bank account, or contact us, before you pay again.",
				"Os nad ydych yn siŵr, gwiriwch eich e-bost a’ch cyfrif banc, neu cysylltwch â ni, cyn talu eto.",
			},
		},
	},
	OtherBrowser: {
		title: bilingual{
			"We cannot find your payment in this browser",
			"Ni allwn ddod o hyd i’ch taliad yn y porwr hwn",
		},
		says: []bilingual{
			{
				"If you confirmed the payment in your bank’s app, the app may have opened a different browser from " +
					"the one where you filled in the form.",
				"Os gwnaethoch gadarnhau’r taliad yn ap eich banc, efallai bod yr ap wedi agor porwr gwahanol i’r un " +
					"lle gwnaethoch lenwi’r ffurflen.",
			},
			{
				"To see what happened, go back to that browser and open the address of this page there.",
				"I weld beth ddigwyddodd, ewch yn ôl i’r porwr hwnnw ac agorwch gyfeiriad y dudalen hon yno.",
			},
			{
				"If you have paid for a form, you do not need to do this: we will process it anyway. Do not pay " +
					"again.",
				"Os ydych wedi talu am ffurflen, nid oes rhaid i chi wneud hyn: byddwn yn ei phrosesu beth bynnag. " +
					"Peidiwch â thalu eto.",
			},
		},
	},
}
