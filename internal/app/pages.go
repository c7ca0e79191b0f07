package app

import (
	"paygate/gateway/config"
	"paygate/gateway/pages"
)

func newPages(s config.Settings) *pages.Pages {
	routes := map[string]pages.RouteText{}
	for _, r := range s.Routes {
		routes[r.Name] = pages.RouteText{
			Noun: r.Noun, NounCY: r.NounCY, Description: r.Description, DescriptionCY: r.DescriptionCY,
		}
	}
	return pages.New(pages.Options{
		Prefix: s.Prefix, ServiceName: s.ServiceName, ServiceNameCY: s.ServiceNameCY, Contact: s.Contact,
		ContactCY: s.ContactCY, FooterLinks: s.FooterLinks, FooterLinksCY: s.FooterLinksCY, Routes: routes,
		TestMode: !s.Live, CardOrigins: s.PayCardOrigins,
	})
}
