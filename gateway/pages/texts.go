package pages

import "time"

// What several pages say.
var (
	nothingHappened = both{
		"No money has been taken, and nothing has been sent to the service.",
		"Nid oes arian wedi’i gymryd, ac nid oes dim wedi’i anfon i’r gwasanaeth.",
	}
	nothingTaken  = both{"No money has been taken.", "Nid oes arian wedi’i gymryd."}
	nothingByThis = both{ // where the citizen may have paid before, and comes by accident
		"This has not taken any money or sent anything to the service.",
		"Nid yw hyn wedi cymryd unrhyw arian nac wedi anfon dim i’r gwasanaeth.",
	}
	kept = both{
		"You do not need to enter your details again: if you try again, you go straight to the payment.",
		"Nid oes angen i chi roi eich manylion eto: os rhowch gynnig arall arni, byddwch yn mynd yn syth at y taliad.",
	}
	keptUntil = both{
		"You can try again until {until}. If you do nothing, we delete your details after that and nothing is sent.",
		"Gallwch roi cynnig arall arni tan {until}. Os na wnewch ddim, byddwn yn dileu eich manylion ar ôl hynny ac ni chaiff dim ei anfon.",
	}
	stillValid = both{
		"Your payment of {amount} is still valid. You do not pay again.",
		"Mae eich taliad o {amount} yn dal yn ddilys. Nid oes rhaid i chi dalu eto.",
	}
	otherwise     = both{"If you do nothing, {otherwise}.", "Os na wnewch ddim, {otherwise}."}
	tryAgain      = both{"Try again", "Rhoi cynnig arall arni"}
	keepReference = both{"Keep your reference.", "Cadwch eich cyfeirnod."}
)

// texts are the pages in both languages. {amount}, {until}, {limit} and {otherwise} stand for the view's own.
var texts = map[Page]page{
	// Before a payment.
	NotStarted: {
		title: both{"Sorry, you cannot pay at the moment", "Mae’n ddrwg gennym, ni allwch dalu ar hyn o bryd"},
		says: []both{
			{"We could not start your payment.", "Ni allem gychwyn eich taliad."},
			nothingHappened,
			{"Try again in a few minutes.", "Rhowch gynnig arall arni ymhen ychydig funudau."},
		},
		kept: []both{kept}, does: "again", do: tryAgain,
	},
	Busy: {
		title: both{"Many people are paying at the moment", "Mae llawer o bobl yn talu ar hyn o bryd"},
		says: []both{
			{"We have not started your payment yet.", "Nid ydym wedi cychwyn eich taliad eto."},
			nothingHappened,
			{"Try again in a minute.", "Rhowch gynnig arall arni ymhen munud."},
		},
		kept: []both{kept}, does: "again", do: tryAgain,
	},
	Draining: {
		title: both{"Try again in a minute", "Rhowch gynnig arall arni ymhen munud"},
		says: []both{
			{"Payments are paused for a moment.", "Mae taliadau wedi’u hoedi am eiliad."},
			nothingHappened,
			{"Go back and try again in a minute.", "Ewch yn ôl a rhowch gynnig arall arni ymhen munud."},
		},
	},
	Closed: {
		title: both{"Payments are closed", "Mae taliadau ar gau"},
		says: []both{
			{"You cannot pay for this at the moment.", "Ni allwch dalu am hyn ar hyn o bryd."},
			nothingHappened,
			{"Try again later.", "Rhowch gynnig arall arni yn nes ymlaen."},
		},
	},
	ChooseAgain: {
		title: both{"Choose what you want to pay for", "Dewiswch beth rydych am dalu amdano"},
		says: []both{
			{
				"Your answers do not say clearly what you want to pay for, so we cannot tell what it costs.",
				"Nid yw eich atebion yn dweud yn glir beth rydych am dalu amdano, felly ni allwn ddweud beth yw’r gost.",
			},
			nothingHappened,
			{"Go back and choose one of the options.", "Ewch yn ôl a dewiswch un o’r opsiynau."},
		},
	},
	Unclear: {
		title: both{"We could not read your form", "Ni allem ddarllen eich ffurflen"},
		says: []both{
			{
				"The form that reached us can be read in more than one way, so we have not sent it on.",
				"Gellir darllen y ffurflen a gyrhaeddodd mewn mwy nag un ffordd, felly nid ydym wedi’i hanfon ymlaen.",
			},
			nothingHappened,
			{
				"Go back and try again. If you see this page again, contact the service.",
				"Ewch yn ôl a rhowch gynnig arall arni. Os gwelwch y dudalen hon eto, cysylltwch â’r gwasanaeth.",
			},
		},
	},
	WrongPrice: {
		title: both{"Sorry, there is a problem with the price", "Mae’n ddrwg gennym, mae problem gyda’r pris"},
		says: []both{
			{
				"The service did not say clearly what this costs, so you cannot pay for it at the moment.",
				"Ni ddywedodd y gwasanaeth yn glir beth yw cost hyn, felly ni allwch dalu amdano ar hyn o bryd.",
			},
			{"No money has been taken. Try again later.", "Nid oes arian wedi’i gymryd. Rhowch gynnig arall arni yn nes ymlaen."},
		},
	},
	CardNumber: {
		title: both{"Do not enter a card number in the form", "Peidiwch â rhoi rhif cerdyn yn y ffurflen"},
		says: []both{
			{
				"One of your answers looks like the number of a payment card. To protect you, we have not kept the form.",
				"Mae un o’ch atebion yn edrych fel rhif cerdyn talu. I’ch diogelu, nid ydym wedi cadw’r ffurflen.",
			},
			nothingHappened,
			{
				"Go back and remove the number. You are asked for your card later, on a GOV.UK Pay page.",
				"Ewch yn ôl a thynnwch y rhif. Gofynnir i chi am eich cerdyn yn nes ymlaen, ar dudalen GOV.UK Pay.",
			},
		},
	},
	TooLarge: {
		title: both{"What you sent is too large", "Mae’r hyn a anfonoch yn rhy fawr"},
		says: []both{
			{"The form and its files together can be {limit} at most.", "Gall y ffurflen a’i ffeiliau gyda’i gilydd fod yn {limit} ar y mwyaf."},
			nothingHappened,
			{"Go back, choose smaller files and try again.", "Ewch yn ôl, dewiswch ffeiliau llai a rhowch gynnig arall arni."},
		},
	},
	Unreadable: {
		title: both{"We could not read what you sent", "Ni allem ddarllen yr hyn a anfonoch"},
		says: []both{
			{"The form did not reach us complete.", "Ni chyrhaeddodd y ffurflen ni yn gyfan."},
			nothingTaken, // the service may have seen the beginning of what is free
			{"Go back and try again.", "Ewch yn ôl a rhowch gynnig arall arni."},
		},
	},
	NoRoom: {
		title: both{"Sorry, we cannot take your form at the moment", "Mae’n ddrwg gennym, ni allwn dderbyn eich ffurflen ar hyn o bryd"},
		says: []both{
			{
				"There is no room for a form of this size at the moment, so we have not kept it.",
				"Nid oes lle i ffurflen o’r maint hwn ar hyn o bryd, felly nid ydym wedi’i chadw.",
			},
			nothingByThis,
			{"Go back and try again in a minute.", "Ewch yn ôl a rhowch gynnig arall arni ymhen munud."},
		},
	},
	TooMany: {
		title: both{"Too many payments have been started", "Mae gormod o daliadau wedi’u cychwyn"},
		says: []both{
			{
				"Many payments were started from your browser or your network in a short time, so we have not started another one.",
				"Cychwynnwyd llawer o daliadau o’ch porwr neu eich rhwydwaith mewn amser byr, felly nid ydym wedi cychwyn un arall.",
			},
			nothingByThis,
			{
				"Finish a payment that you have started, or go back and try again later.",
				"Gorffennwch daliad rydych wedi’i gychwyn, neu ewch yn ôl a rhowch gynnig arall arni yn nes ymlaen.",
			},
		},
	},
	Prefetched: {
		title: both{"Continue to open this page", "Parhewch i agor y dudalen hon"},
		says: []both{
			{
				"Your browser loaded this page before you asked for it, so nothing has started yet.",
				"Llwythodd eich porwr y dudalen hon cyn i chi ofyn amdani, felly nid oes dim wedi cychwyn eto.",
			},
			nothingByThis,
		},
		do: both{"Continue", "Parhau"},
	},
	PassUnpaid: {
		title: both{"You have to pay for this first", "Rhaid i chi dalu am hyn yn gyntaf"},
		says: []both{
			{"Open the address in a browser to pay.", "Agorwch y cyfeiriad mewn porwr i dalu."},
			nothingTaken,
		},
	},
	PassElsewhere: {
		title: both{"You have not paid for this yet", "Nid ydych wedi talu am hyn eto"},
		says: []both{
			{
				"Your payment of {amount} is for something else at the same address. It is still valid.",
				"Mae eich taliad o {amount} am rywbeth arall yn yr un cyfeiriad. Mae’n dal yn ddilys.",
			},
			{
				"To open what you have paid for, go back, or use the list of your payments.",
				"I agor yr hyn rydych wedi talu amdano, ewch yn ôl, neu defnyddiwch restr eich taliadau.",
			},
			{"If you want this as well, you have to pay for it.", "Os ydych am gael hwn hefyd, rhaid i chi dalu amdano."},
		},
		does: "pass", do: both{"Pay for this as well", "Talu am hwn hefyd"},
	},
	ToPay: {
		title: both{"Pay to continue", "Talwch i barhau"},
		says: []both{
			{"You pay {amount} on a GOV.UK Pay page.", "Byddwch yn talu {amount} ar dudalen GOV.UK Pay."},
			{"Nothing is sent to the service until you have paid.", "Ni chaiff dim ei anfon i’r gwasanaeth nes i chi dalu."},
		},
		do: both{"Continue to payment", "Parhau i’r taliad"},
	},

	// A payment under way, or ended without money.
	Open: {
		title: both{"You have not finished paying", "Nid ydych wedi gorffen talu"},
		says: []both{
			{
				"Your payment is still open. Nothing is sent to the service until you have paid.",
				"Mae eich taliad yn dal ar agor. Ni chaiff dim ei anfon i’r gwasanaeth nes i chi dalu.",
			},
			{
				"If you do not want to pay, you do not need to do anything. A payment that you do not confirm is not taken, and it ends by itself.",
				"Os nad ydych am dalu, nid oes angen i chi wneud dim. Ni chymerir taliad nad ydych yn ei gadarnhau, ac mae’n dod i ben ohono’i hun.",
			},
		},
		does: "resume", do: both{"Continue to payment", "Parhau i’r taliad"},
	},
	Unconfirmed: {
		title: both{"Your payment is not confirmed yet", "Nid yw eich taliad wedi’i gadarnhau eto"},
		says: []both{
			{
				"If you have paid, continue and we check it with GOV.UK Pay. If not, you get back to the payment.",
				"Os ydych wedi talu, parhewch a byddwn yn ei wirio gyda GOV.UK Pay. Os na, cewch fynd yn ôl at y taliad.",
			},
		},
		does: "resume", do: both{"Continue", "Parhau"},
	},
	Checking: {
		title: both{"We are checking your payment", "Rydym yn gwirio eich taliad"},
		says: []both{
			{
				"GOV.UK Pay cannot tell us at the moment, so we do not know yet whether you have paid.",
				"Ni all GOV.UK Pay ddweud wrthym ar hyn o bryd, felly nid ydym yn gwybod eto a ydych wedi talu.",
			},
			{
				"You can close this page. We keep checking, and finish by ourselves once we know that you have paid.",
				"Gallwch gau’r dudalen hon. Byddwn yn parhau i wirio, ac yn gorffen ein hunain pan fyddwn yn gwybod eich bod wedi talu.",
			},
		},
		onlyOnce: true, reloads: 5 * time.Second,
	},
	Declined: {
		title: both{"Your payment was declined", "Gwrthodwyd eich taliad"},
		says: []both{
			{"Your bank or card provider declined the payment.", "Gwrthododd eich banc neu ddarparwr eich cerdyn y taliad."},
			nothingHappened,
			{"You can try again with the same card or another one.", "Gallwch roi cynnig arall arni gyda’r un cerdyn neu gerdyn arall."},
		},
		kept: []both{kept, keptUntil}, does: "again", do: tryAgain,
	},
	Cancelled: {
		title: both{"You cancelled your payment", "Rydych wedi canslo eich taliad"},
		says:  []both{nothingHappened},
		kept:  []both{kept, keptUntil}, does: "again", do: tryAgain,
	},
	CancelledByUs: {
		title: both{"Your payment was cancelled", "Cafodd eich taliad ei ganslo"},
		says:  []both{{"The service cancelled the payment.", "Canslodd y gwasanaeth y taliad."}, nothingHappened},
		kept:  []both{kept, keptUntil}, does: "again", do: tryAgain,
	},
	Expired: {
		title: both{"Your payment has expired", "Mae eich taliad wedi dod i ben"},
		says:  []both{{"The payment was not completed in time.", "Ni chwblhawyd y taliad mewn pryd."}, nothingHappened},
		kept:  []both{kept, keptUntil}, does: "again", do: tryAgain,
	},
	ErrorAtPay: {
		title: both{"There was a problem with your payment", "Roedd problem gyda’ch taliad"},
		says: []both{
			{"The payment failed because of a technical problem.", "Methodd y taliad oherwydd problem dechnegol."},
			nothingHappened,
			{
				"If your bank shows the payment as pending, it will disappear by itself within a few days.",
				"Os yw eich banc yn dangos bod y taliad yn yr arfaeth, bydd yn diflannu ohono’i hun o fewn ychydig ddyddiau.",
			},
		},
		kept: []both{kept, keptUntil}, does: "again", do: tryAgain,
	},
	Abandoned: {
		title: both{"This payment was not made", "Ni wnaed y taliad hwn"},
		says: []both{
			nothingHappened,
			{
				"We have deleted the details you entered. If you still want to pay, start again from the beginning.",
				"Rydym wedi dileu’r manylion a roesoch. Os ydych yn dal am dalu, dechreuwch eto o’r dechrau.",
			},
		},
	},

	// Paid.
	Finishing: {
		title: both{"We are sending your application", "Rydym yn anfon eich cais"},
		says: []both{
			{
				"We have your payment, and your application is on its way to the service.",
				"Mae eich taliad gennym, ac mae eich cais ar ei ffordd i’r gwasanaeth.",
			},
			{"You can close this page: we finish by ourselves.", "Gallwch gau’r dudalen hon: byddwn yn gorffen ein hunain."},
		},
		onlyOnce: true, reloads: 5 * time.Second,
	},
	Waiting: {
		title: both{"Your payment is safe", "Mae eich taliad yn ddiogel"},
		says: []both{
			{
				"We have your payment of {amount}. The service does not have your application yet.",
				"Mae eich taliad o {amount} gennym. Nid yw eich cais gyda’r gwasanaeth eto.",
			},
			{
				"We send it as soon as the service can take it. You do not need to do anything, and you can close this page.",
				"Byddwn yn ei anfon cyn gynted ag y gall y gwasanaeth ei dderbyn. Nid oes angen i chi wneud dim, a gallwch gau’r dudalen hon.",
			},
		},
		do:       both{"Send it now", "Ei anfon nawr"}, // in the list
		onlyOnce: true, reloads: 15 * time.Second,
	},
	Sent: {
		title: both{"Payment received and application sent", "Taliad wedi’i dderbyn a chais wedi’i anfon"},
		says: []both{
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
		title: both{"Payment received", "Taliad wedi’i dderbyn"},
		says: []both{
			{"You have paid {amount}, and can now get what you paid for.", "Rydych wedi talu {amount}, a gallwch nawr gael yr hyn y taloch amdano."},
		},
		done: true, do: both{"Get what you paid for", "Cael yr hyn y taloch amdano"},
	},
	PassOver: {
		title: both{"You have had what you paid for", "Rydych wedi cael yr hyn y taloch amdano"},
		says: []both{
			{"You paid {amount}. The time in which you could get it again is over.", "Taloch {amount}. Mae’r amser i’w gael eto wedi dod i ben."},
			keepReference,
		},
	},
	Done: {
		title: both{"Payment received and request completed", "Taliad wedi’i dderbyn a chais wedi’i gwblhau"},
		says: []both{
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
		title: both{"The service could not accept your application", "Ni allai’r gwasanaeth dderbyn eich cais"},
		says: []both{
			stillValid,
			{
				"Go back to the form, correct it and send it again by {until}.",
				"Ewch yn ôl i’r ffurflen, cywirwch hi ac anfonwch hi eto erbyn {until}.",
			},
			otherwise,
		},
		do: both{"See the service’s answer", "Gweld ateb y gwasanaeth"},
	},
	Challenged: {
		title: both{"The service asked you to sign in again", "Gofynnodd y gwasanaeth i chi fewngofnodi eto"},
		says: []both{
			stillValid,
			{
				"Go back to the form and send it again by {until}. Your browser may ask for your user name and password.",
				"Ewch yn ôl i’r ffurflen ac anfonwch hi eto erbyn {until}. Efallai y bydd eich porwr yn gofyn am eich enw defnyddiwr a’ch cyfrinair.",
			},
			otherwise,
		},
	},
	PayAgain: {
		title: both{"Do you want to pay again?", "Ydych chi am dalu eto?"},
		says: []both{
			{
				"You have just sent this form and paid for it.",
				"Rydych newydd anfon y ffurflen hon a thalu amdani.",
			},
			{
				"If you want to send it again, you have to pay again.",
				"Os ydych am ei hanfon eto, rhaid i chi dalu eto.",
			},
			{
				"If you do not, you do not need to do anything. We have not sent the form a second time, and we delete it after {until}.",
				"Os nad ydych, nid oes angen i chi wneud dim. Nid ydym wedi anfon y ffurflen yr eilwaith, a byddwn yn ei dileu ar ôl {until}.",
			},
		},
		does: "again", do: both{"Pay again", "Talu eto"},
	},
	ForAPerson: {
		title: both{"We are looking into your payment", "Rydym yn edrych i mewn i’ch taliad"},
		says: []both{
			{
				"Something went wrong after you went to pay, and a member of staff is looking into it.",
				"Aeth rhywbeth o’i le ar ôl i chi fynd i dalu, ac mae aelod o staff yn edrych i mewn i’r mater.",
			},
			{
				"Your payment is recorded under your reference. If you have paid, you get what you paid for or your money back.",
				"Mae eich taliad wedi’i gofnodi o dan eich cyfeirnod. Os ydych wedi talu, cewch yr hyn y taloch amdano neu eich arian yn ôl.",
			},
			keepReference,
		},
		onlyOnce: true,
	},
	MoneyBack: {
		title: both{"Your money is being given back", "Mae eich arian yn cael ei roi yn ôl"},
		says: []both{
			{
				"What you paid for did not go ahead, so {amount} goes back to the card you paid with.",
				"Nid aeth yr hyn y taloch amdano yn ei flaen, felly mae {amount} yn mynd yn ôl i’r cerdyn y taloch ag ef.",
			},
			{
				"You do not need to do anything. It can take a few days until your bank shows it.",
				"Nid oes angen i chi wneud dim. Gall gymryd ychydig ddyddiau nes bydd eich banc yn ei ddangos.",
			},
			{"If you still want to pay, start again from the beginning.", "Os ydych yn dal am dalu, dechreuwch eto o’r dechrau."},
		},
	},

	// Of the browser.
	Status: {
		title: both{"Your payments", "Eich taliadau"},
		says: []both{
			{
				"These are the payments you have started in this browser, newest first.",
				"Dyma’r taliadau rydych wedi’u cychwyn yn y porwr hwn, y diweddaraf yn gyntaf.",
			},
		},
	},
	Onward: {
		title: both{"Continue to the service", "Parhau i’r gwasanaeth"},
		says: []both{
			{
				"The service has answered. If its page does not open by itself, select Continue.",
				"Mae’r gwasanaeth wedi ateb. Os nad yw ei dudalen yn agor ohoni’i hun, dewiswch Parhau.",
			},
		},
		do: both{"Continue", "Parhau"},
	},
	LookingUp: {
		title: both{"Looking for your payment", "Chwilio am eich taliad"},
		says: []both{
			{
				"If nothing happens, select Continue.",
				"Os nad oes dim yn digwydd, dewiswch Parhau.",
			},
		},
		do: both{"Continue", "Parhau"},
	},
	NotFound: {
		title: both{"We cannot find your payment", "Ni allwn ddod o hyd i’ch taliad"},
		says: []both{
			{
				"This browser does not know of a payment. You may have paid in another browser, or some time ago.",
				"Nid yw’r porwr hwn yn gwybod am daliad. Efallai eich bod wedi talu mewn porwr arall, neu beth amser yn ôl.",
			},
			{
				"If you have paid, your payment is safe and you do not need this page.",
				"Os ydych wedi talu, mae eich taliad yn ddiogel ac nid oes angen y dudalen hon arnoch.",
			},
			{
				"If you are not sure, check your email and your bank account before you pay again.",
				"Os nad ydych yn siŵr, gwiriwch eich e-bost a’ch cyfrif banc cyn talu eto.",
			},
		},
	},
	OtherBrowser: {
		title: both{"We cannot find your payment in this browser", "Ni allwn ddod o hyd i’ch taliad yn y porwr hwn"},
		says: []both{
			{
				"If you confirmed the payment in your bank’s app, the app may have opened a different browser from the one where you filled in the form.",
				"Os gwnaethoch gadarnhau’r taliad yn ap eich banc, efallai bod yr ap wedi agor porwr gwahanol i’r un lle gwnaethoch lenwi’r ffurflen.",
			},
			{
				"To see what happened, go back to that browser and open the address of this page there.",
				"I weld beth ddigwyddodd, ewch yn ôl i’r porwr hwnnw ac agorwch gyfeiriad y dudalen hon yno.",
			},
			{
				"If you have paid, you do not need to do this: we send your form to the service anyway. Do not pay again.",
				"Os ydych wedi talu, nid oes rhaid i chi wneud hynny: byddwn yn anfon eich ffurflen i’r gwasanaeth beth bynnag. Peidiwch â thalu eto.",
			},
		},
	},

	// Trouble that has to do with no payment that we know of.
	ServiceDown: {
		title: both{"Sorry, the service is not answering", "Mae’n ddrwg gennym, nid yw’r gwasanaeth yn ateb"},
		says:  []both{{"Try again in a few minutes.", "Rhowch gynnig arall arni ymhen ychydig funudau."}},
	},
	StoreFailed: {
		title: both{"Sorry, there is a problem with payments", "Mae’n ddrwg gennym, mae problem gyda thaliadau"},
		says: []both{
			{
				"We cannot start payments or look them up at the moment. Try again in a few minutes.",
				"Ni allwn gychwyn taliadau na chwilio amdanynt ar hyn o bryd. Rhowch gynnig arall arni ymhen ychydig funudau.",
			},
			{
				"If you have already paid, your payment is recorded and nothing is lost. Do not pay again before you have checked.",
				"Os ydych eisoes wedi talu, mae eich taliad wedi’i gofnodi ac nid oes dim wedi’i golli. Peidiwch â thalu eto cyn gwirio.",
			},
		},
	},
	WrongHost: {
		title: both{"You cannot pay at this address", "Ni allwch dalu yn y cyfeiriad hwn"},
		says: []both{
			{
				"This service has another web address, and you can only pay there.",
				"Mae gan y gwasanaeth hwn gyfeiriad gwe arall, a dim ond yno y gallwch dalu.",
			},
			nothingByThis,
			{
				"Go to that address and fill in the form again there.",
				"Ewch i’r cyfeiriad hwnnw a llenwch y ffurflen eto yno.",
			},
		},
		do: both{"Go to the service", "Ewch i’r gwasanaeth"},
	},
	BadAddress: {
		title: both{"This address cannot be used", "Ni ellir defnyddio’r cyfeiriad hwn"},
		says: []both{
			{
				"The address of the page is written in a way that we do not accept.",
				"Mae cyfeiriad y dudalen wedi’i ysgrifennu mewn ffordd nad ydym yn ei derbyn.",
			},
			nothingByThis,
			{"Go back to the service and use its links.", "Ewch yn ôl i’r gwasanaeth a defnyddiwch ei ddolenni."},
		},
	},
	MethodUnknown: {
		title: both{"This cannot be done here", "Ni ellir gwneud hyn yma"},
		says: []both{
			nothingByThis,
			{"Go back to the service and use its links and buttons.", "Ewch yn ôl i’r gwasanaeth a defnyddiwch ei ddolenni a’i fotymau."},
		},
	},
	NoSuchAddress: {
		title: both{"Page not found", "Heb ddod o hyd i’r dudalen"},
		says: []both{
			{
				"If you typed the address, check it is correct. Or go back to the service.",
				"Os gwnaethoch deipio’r cyfeiriad, gwiriwch ei fod yn gywir. Neu ewch yn ôl i’r gwasanaeth.",
			},
		},
	},
}

// words are the small texts that pages share.
var words = map[string]both{
	"skip":      {"Skip to main content", "Neidio i’r prif gynnwys"},
	"reference": {"Reference", "Cyfeirnod"},
	"yours":     {"Your reference", "Eich cyfeirnod"},
	"amount":    {"Amount", "Swm"},
	"for":       {"For", "Ar gyfer"},
	"started":   {"Started", "Dechreuwyd"},
	"contact":   {"Need help?", "Angen help?"},
	"test":      {"Test", "Prawf"},
	"testing":   {"Payments here are tests: no money is taken.", "Profion yw’r taliadau yma: ni chymerir arian."},
	"status":    {"See all your payments", "Gweld eich holl daliadau"},
	"none":      {"You have not started any payments in this browser.", "Nid ydych wedi cychwyn unrhyw daliadau yn y porwr hwn."},
	"show":      {"See the service’s answer", "Gweld ateb y gwasanaeth"},
	"returned":  {"you get your money back", "cewch eich arian yn ôl"},
	"left": {
		"a member of staff decides what happens to your payment", "bydd aelod o staff yn penderfynu beth fydd yn digwydd i’ch taliad",
	},
	"warning": {"Warning", "Rhybudd"},
	"once":    {"Do not pay again.", "Peidiwch â thalu eto."},
	"reloads": {"This page reloads by itself.", "Mae’r dudalen hon yn ail-lwytho ei hun."},
	"form":    {"Go back to the form", "Mynd yn ôl i’r ffurflen"}, // for scripts, whose page has the form's address still
	"check":   {"Check again now", "Gwirio eto nawr"},
}
