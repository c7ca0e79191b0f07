// Package testpages has a usual view of each citizen page, for tests.
package testpages

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"paygate/gateway/pages"
)

// All lists every page.
func All() []pages.Page {
	return []pages.Page{
		pages.NotStarted, pages.NotWorking, pages.Busy, pages.Starting, pages.Draining, pages.Closed,
		pages.ChooseAgain, pages.Unclear, pages.WrongPrice,
		pages.CardNumber, pages.TooLarge, pages.Unreadable, pages.MemoryShort, pages.TooMany,
		pages.Prefetched, pages.PassUnpaid, pages.PassOtherQuery, pages.ToPay,
		pages.Open, pages.Unconfirmed, pages.Checking, pages.Declined, pages.Cancelled, pages.CancelledByUs,
		pages.Expired, pages.ErrorAtPay, pages.Abandoned,
		pages.Finishing, pages.Waiting, pages.Sent, pages.PassReady, pages.PassOver, pages.Done, pages.Refused,
		pages.Challenged, pages.PayAgain, pages.ForAPerson, pages.Unsure, pages.MoneyBack,
		pages.NotPaidFor, pages.NotKept,
		pages.Status, pages.Onward, pages.LookingUp, pages.NotFound, pages.OtherBrowser,
		pages.ServiceDown, pages.StoreFailed, pages.BadAddress, pages.MethodUnknown, pages.NoSuchAddress,
		pages.WrongHost,
	}
}

// WithoutJourney lists the pages that anybody can get.
func WithoutJourney() []pages.Page {
	return []pages.Page{
		pages.Draining, pages.Closed, pages.ChooseAgain, pages.Unclear, pages.WrongPrice, pages.CardNumber,
		pages.TooLarge, pages.Unreadable, pages.Prefetched, pages.PassUnpaid, pages.NotFound, pages.OtherBrowser,
		pages.LookingUp, pages.ServiceDown, pages.StoreFailed, pages.BadAddress, pages.MethodUnknown,
		pages.NoSuchAddress, pages.WrongHost,
	}
}

// Languages lists the languages of the pages.
func Languages() []string { return []string{"en", "cy"} }

// New returns the pages of a service in test mode.
func New() *pages.Pages {
	return pages.New(pages.Options{
		Prefix: "/_pay", ServiceName: "Fishing licences", ServiceNameCY: "Trwyddedau pysgota",
		Contact: "Telephone 0300 123 4567", ContactCY: "Ffoniwch 0300 123 4567", TestMode: true,
		FooterLinks:   []pages.Link{{Text: "Privacy", URL: "/privacy"}, {Text: "Cookies", URL: "/cookies"}},
		FooterLinksCY: []pages.Link{{Text: "Preifatrwydd", URL: "/cy/privacy"}, {Text: "Cwcis", URL: "/cy/cookies"}},
		Routes: map[string]pages.RouteText{"licence": {
			Noun: "application", NounCY: "cais", Description: "Fishing licence", DescriptionCY: "Trwydded bysgota",
		}},
		CardOrigins: []string{"https://card.payments.service.gov.uk"},
	})
}

// JourneyView returns a view with everything that a journey gives.
func JourneyView(language string) pages.View {
	return pages.View{
		Language: language, Reference: "LIC-7F3K-22", AmountPence: 2550, Route: "licence",
		Description: "Fishing licence",
		Journey:     "01JDM4Q0V3Q7J2S3",
		Started:     time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC), Until: time.Date(2026, 7, 1, 14, 15, 0, 0, time.UTC),
	}
}

// View returns the view that a page usually gets.
func View(name pages.Page, language string) pages.View {
	switch {
	case name == pages.TooLarge:
		return pages.View{Language: language, LimitBytes: 10 << 20}
	case slices.Contains([]pages.Page{pages.LookingUp, pages.Prefetched, pages.WrongHost}, name):
		return pages.View{Language: language, Target: "/licences/apply"}
	case slices.Contains(WithoutJourney(), name):
		return pages.View{Language: language}
	case name == pages.Status:
		return ListView(language)
	}
	v := JourneyView(language)
	v.Started = time.Time{}
	switch name {
	case pages.PassOtherQuery:
		v.Address = "/register?id=2&x='"
	case pages.ToPay:
		v.Target = "https://card.payments.service.gov.uk/secure/1f0c5f2a"
	case pages.Onward, pages.PassReady, pages.Refused:
		v.Target = "/licences/confirmation?n=1&m=2"
	}
	return v
}

// ListView returns a view of the list of payments.
func ListView(language string) pages.View {
	list := pages.View{Language: language}
	for _, name := range []pages.Page{pages.Declined, pages.Sent, pages.Unconfirmed, pages.Waiting, pages.Refused} {
		item := JourneyView("")
		if name == pages.Sent {
			item.Target = "/licences/apply?paygate-reply=01JDM4Q0V3Q7J2S3"
		}
		list.Items = append(list.Items, pages.Item{Page: name, View: item})
	}
	return list
}

// Render returns a page as a browser gets it.
func Render(name pages.Page, v pages.View) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	New().Render(w, http.StatusOK, name, v)
	return w
}
