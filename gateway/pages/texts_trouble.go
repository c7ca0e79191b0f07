package pages

// inTrouble are the pages for trouble that concerns no known payment.
var inTrouble = map[Page]page{
	ServiceDown: {
		title: bilingual{"Sorry, the service is not answering", "Mae’n ddrwg gennym, nid yw’r gwasanaeth yn ateb"},
		says:  []bilingual{{"Try again in a few minutes.", "Rhowch gynnig arall arni ymhen ychydig funudau."}},
	},
	StoreFailed: {
		title: bilingual{"Sorry, there is a problem with payments", "Mae’n ddrwg gennym, mae problem gyda thaliadau"},
		says: []bilingual{
			{
				"We cannot start payments or look them up at the moment. Try again in a few minutes.",
				"Ni allwn gychwyn taliadau na chwilio amdanynt ar hyn o bryd. Rhowch gynnig arall arni ymhen ychydig " +
					"funudau.",
			},
			{
				"If you have already paid, your payment is recorded and nothing is lost. Do not pay again before you " +
					"have checked.",
				"Os ydych eisoes wedi talu, mae eich taliad wedi’i gofnodi ac nid oes dim wedi’i golli. Peidiwch â " +
					"thalu eto cyn gwirio.",
			},
		},
	},
	WrongHost: {
		title: bilingual{"You cannot pay at this address", "Ni allwch dalu yn y cyfeiriad hwn"},
		says: []bilingual{
			{
				"This service has another web address, and you can pay only there.",
				"Mae gan y gwasanaeth hwn gyfeiriad gwe arall, a dim ond yno y gallwch dalu.",
			},
			nothingByThis,
			{
				"Go to that address and fill in the form again there.",
				"Ewch i’r cyfeiriad hwnnw a llenwch y ffurflen eto yno.",
			},
		},
		do: bilingual{"Go to the service", "Ewch i’r gwasanaeth"},
	},
	BadAddress: {
		title: bilingual{"This address cannot be used", "Ni ellir defnyddio’r cyfeiriad hwn"},
		says: []bilingual{
			{
				"The address of the page is written in a way that we do not accept.",
				"Mae cyfeiriad y dudalen wedi’i ysgrifennu mewn ffordd nad ydym yn ei derbyn.",
			},
			nothingByThis,
			{"Go back to the service and use its links.", "Ewch yn ôl i’r gwasanaeth a defnyddiwch ei ddolenni."},
		},
	},
	MethodUnknown: {
		title: bilingual{"This cannot be done here", "Ni ellir gwneud hyn yma"},
		says: []bilingual{
			nothingByThis,
			{
				"Go back to the service and use its links and buttons.",
				"Ewch yn ôl i’r gwasanaeth a defnyddiwch ei ddolenni a’i fotymau.",
			},
		},
	},
	NoSuchAddress: {
		title: bilingual{"Page not found", "Heb ddod o hyd i’r dudalen"},
		says: []bilingual{
			{
				"If you typed the address, check it is correct. Or go back to the service.",
				"Os gwnaethoch deipio’r cyfeiriad, gwiriwch ei fod yn gywir. Neu ewch yn ôl i’r gwasanaeth.",
			},
		},
	},
}
