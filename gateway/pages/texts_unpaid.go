package pages

// withoutMoney are the pages of a payment that is under way or ended without money.
var withoutMoney = map[Page]page{
	Open: {
		title: bilingual{"You have not finished paying", "Nid ydych wedi gorffen talu"},
		says: []bilingual{
			{
				"Your payment is still open. Nothing is sent until you have paid.",
				"Mae eich taliad yn dal ar agor. Ni chaiff dim ei anfon nes i chi dalu.",
			},
			{
				"If you do not want to pay, you do not need to do anything. A payment that you do not confirm is not " +
					"taken, and it ends by itself.",
				"Os nad ydych am dalu, nid oes angen i chi wneud dim. Ni chymerir taliad nad ydych yn ei gadarnhau, " +
					"ac mae’n dod i ben yn awtomatig.",
			},
		},
		does: "resume", do: bilingual{"Continue to payment", "Parhau i’r taliad"},
	},
	Unconfirmed: {
		title: bilingual{"Your payment is not confirmed yet", "Nid yw eich taliad wedi’i gadarnhau eto"},
		says: []bilingual{
			{
				"If you have paid, continue and we will check with GOV.UK Pay. If not, you will go back to the " +
					"payment.",
				"Os ydych wedi talu, parhewch a byddwn yn ei wirio gyda GOV.UK Pay. Os na, byddwch yn mynd yn ôl " +
					"at y taliad.",
			},
		},
		does: "resume", do: goOn,
	},
	Checking: {
		title: bilingual{"We are checking your payment", "Rydym yn gwirio eich taliad"},
		says: []bilingual{
			{
				"GOV.UK Pay cannot tell us at the moment, so we do not know yet whether you have paid.",
				"Ni all GOV.UK Pay ddweud wrthym ar hyn o bryd, felly nid ydym yn gwybod eto a ydych wedi talu.",
			},
			{
				"You can close this page. We will keep checking, and if you have paid, we will complete everything.",
				"Gallwch gau’r dudalen hon. Byddwn yn parhau i wirio, ac os ydych wedi talu, byddwn yn cwblhau " +
					"popeth.",
			},
		},
		onlyOnce: true, reloads: true,
	},
	Declined: {
		title: bilingual{"Your payment was declined", "Gwrthodwyd eich taliad"},
		says: []bilingual{
			{
				"Your bank or card provider declined the payment.",
				"Gwrthododd eich banc neu ddarparwr eich cerdyn y taliad.",
			},
			nothingHappened,
			{
				"You can try again with the same card or another one.",
				"Gallwch roi cynnig arall arni gyda’r un cerdyn neu gerdyn arall.",
			},
		},
		withJourney: []bilingual{detailsKept, retryUntil}, does: "again", do: tryAgain,
	},
	Cancelled: {
		title:       bilingual{"You cancelled your payment", "Rydych wedi canslo eich taliad"},
		says:        []bilingual{nothingHappened},
		withJourney: []bilingual{detailsKept, retryUntil}, does: "again", do: tryAgain,
	},
	CancelledByUs: {
		title: bilingual{"Your payment was cancelled", "Cafodd eich taliad ei ganslo"},
		says: []bilingual{
			{"We cancelled the payment.", "Fe wnaethom ganslo’r taliad."},
			nothingHappened,
		},
		withJourney: []bilingual{detailsKept, retryUntil}, does: "again", do: tryAgain,
	},
	Expired: {
		title: bilingual{"Your payment has expired", "Mae eich taliad wedi dod i ben"},
		says: []bilingual{
			{"The payment was not completed in time.", "Ni chwblhawyd y taliad mewn pryd."},
			nothingHappened,
		},
		withJourney: []bilingual{detailsKept, retryUntil}, does: "again", do: tryAgain,
	},
	ErrorAtPay: {
		title: bilingual{"There was a problem with your payment", "Roedd problem gyda’ch taliad"},
		says: []bilingual{
			{"The payment failed because of a technical problem.", "Methodd y taliad oherwydd problem dechnegol."},
			nothingHappened,
			{
				"If your bank shows the payment as pending, it will disappear by itself within a few days.",
				"Os yw eich banc yn dangos bod y taliad yn aros, bydd yn diflannu’n awtomatig o fewn ychydig " +
					"ddyddiau.",
			},
		},
		withJourney: []bilingual{detailsKept, retryUntil}, does: "again", do: tryAgain,
	},
	Abandoned: {
		title: bilingual{"This payment was not made", "Ni wnaed y taliad hwn"},
		says: []bilingual{
			nothingHappened,
			{
				"We have deleted the details you entered. If you still want to pay, start again from the beginning.",
				"Rydym wedi dileu’r manylion a roesoch. Os ydych yn dal am dalu, dechreuwch eto o’r dechrau.",
			},
		},
	},
}
