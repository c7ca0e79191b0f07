package pages

import "maps"

// Texts of several pages.
var (
	nothingHappened = bilingual{
		"No money has been taken, and nothing has been sent.",
		"Nid oes arian wedi’i gymryd, ac nid oes dim wedi’i anfon.",
	}
	nothingTaken  = bilingual{"No money has been taken.", "Nid oes arian wedi’i gymryd."}
	nothingByThis = bilingual{ // the citizen may have paid before and come here by accident
		"This has not taken any money or sent anything.",
		"Nid yw hyn wedi cymryd unrhyw arian nac wedi anfon dim.",
	}
	detailsKept = bilingual{
		"You do not need to enter your details again: if you try again, you will go straight to the payment.",
		"Nid oes angen i chi roi eich manylion eto: os rhowch gynnig arall arni, byddwch yn mynd yn syth at y taliad.",
	}
	retryUntil = bilingual{
		"You can try again until {until}. If you do nothing, we will then delete your details and nothing will be " +
			"sent.",
		"Gallwch roi cynnig arall arni tan {until}. Os na wnewch ddim, byddwn yn dileu eich manylion ar ôl " +
			"hynny ac ni chaiff dim ei anfon.",
	}
	stillValid = bilingual{
		"Your payment of {paid} is still valid. You do not pay again.",
		"Mae eich taliad o {paid} yn dal yn ddilys. Nid oes rhaid i chi dalu eto.",
	}
	unconfirmed = bilingual{
		"GOV.UK Pay has not confirmed your payment of {unconfirmed} yet. Do not pay again: we will keep checking.",
		"Nid yw GOV.UK Pay wedi cadarnhau eich taliad o {unconfirmed} eto. Peidiwch â thalu eto: byddwn yn parhau " +
			"i wirio.",
	}
	otherwise     = bilingual{"If you do nothing, {otherwise}.", "Os na wnewch ddim, {otherwise}."}
	goOn          = bilingual{"Continue", "Parhau"}
	tryAgain      = bilingual{"Try again", "Rhoi cynnig arall arni"}
	keepReference = bilingual{
		"Make a note of your reference. You will need it if you contact us.",
		"Gwnewch nodyn o’ch cyfeirnod. Bydd ei angen arnoch os byddwch yn cysylltu â ni.",
	}
	nothingUntilPaid = bilingual{
		"Nothing is sent until you have paid.",
		"Ni chaiff dim ei anfon nes i chi dalu.",
	}
)

// texts has all pages. [Pages.places] lists the values that replace {amount} and its like.
var texts = func() map[Page]page {
	all := map[Page]page{}
	for _, part := range []map[Page]page{beforePayment, withoutMoney, afterPayment, inBrowser, inTrouble} {
		maps.Copy(all, part)
	}
	return all
}()

// words are the short texts that pages share.
var words = map[string]bilingual{
	"skip":      {"Skip to main content", "Neidio i’r prif gynnwys"},
	"reference": {"Reference", "Cyfeirnod"},
	"yours":     {"Your reference", "Eich cyfeirnod"},
	"amount":    {"Amount", "Swm"},
	"for":       {"For", "Ar gyfer"},
	"started":   {"Started", "Dechrau"},
	"contact":   {"Need help?", "Angen help?"},
	"test":      {"Test", "Prawf"},
	"testing":   {"Payments here are tests: no money is taken.", "Profion yw’r taliadau yma: ni chymerir arian."},
	"status":    {"See all your payments", "Gweld eich holl daliadau"},
	"none": {
		"You have not started any payments in this browser.",
		"Nid ydych wedi cychwyn unrhyw daliadau yn y porwr hwn.",
	},
	"show":     {"See our answer", "Gweld ein hateb"},
	"returned": {"you will get your money back", "cewch eich arian yn ôl"},
	"if paid":  {"you will get back anything that you have paid", "cewch unrhyw beth rydych wedi’i dalu yn ôl"},
	"left": {
		"we will decide what happens to your payment",
		"byddwn yn penderfynu beth fydd yn digwydd i’ch taliad",
	},
	"warning": {"Warning", "Rhybudd"},
	"once":    {"Do not pay again.", "Peidiwch â thalu eto."},
	"reloads": {
		"This page will reload by itself in {seconds} seconds.",
		"Bydd y dudalen hon yn ail-lwytho’n awtomatig ymhen {seconds} eiliad.",
	},
	"rests": {
		"This page no longer reloads by itself.",
		"Nid yw’r dudalen hon yn ail-lwytho’n awtomatig mwyach.",
	},
	"noun":     {"form", "ffurflen"}, // if the route has none of its own
	"footer":   {"Support links", "Dolenni cymorth"},
	"form":     {"Go back to the form", "Mynd yn ôl i’r ffurflen"}, // for scripts
	"check":    {"Check again now", "Gwirio eto nawr"},
	"language": {"Language", "Iaith"},
	"other":    {"Cymraeg", "English"}, // the other language
}
