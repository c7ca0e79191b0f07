package config

import "paygate/gateway"

// welshWarnings names the settings without which a page that is partly Welsh has English in it. A service without any
// Welsh text gets none.
func welshWarnings(s Settings) []string {
	all := welshTexts(s)
	hasWelsh := false
	for _, t := range all {
		hasWelsh = hasWelsh || t.welsh
	}
	var found []string
	for _, t := range all {
		if hasWelsh && t.english && !t.welsh {
			found = append(found, t.setting+" is not set: "+t.instead)
		}
	}
	return found
}

// welshText is a text that a Welsh page needs, and what the page has without it.
type welshText struct {
	setting, instead string
	english, welsh   bool // which of the two are set
}

func welshTexts(s Settings) []welshText {
	const english = "Welsh pages have the English text"
	all := []welshText{
		{"PAYGATE_SERVICE_NAME_CY", english, s.ServiceName != "", s.ServiceNameCY != ""},
		{"PAYGATE_CONTACT_CY", english, s.Contact != "", s.ContactCY != ""},
		{"PAYGATE_FOOTER_LINKS_CY", english, len(s.FooterLinks) > 0, len(s.FooterLinksCY) > 0},
	}
	for _, r := range s.Routes {
		all = append(all, welshTextsOf(r, english)...)
	}
	return all
}

func welshTextsOf(r gateway.Route, english string) []welshText {
	return []welshText{
		{r.Setting + "DESCRIPTION_CY", english, r.Description != "", r.DescriptionCY != ""},
		{r.Setting + "NOUN_CY", "Welsh pages say ffurflen", r.Noun != "", r.NounCY != ""},
	}
}
