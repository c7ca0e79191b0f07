package staff

import (
	"slices"

	"paygate/gateway/signin"
)

// section is a link of the navigation.
type section struct {
	Name, Address string
	Current       bool
	role          signin.Role // that it needs
	pages         []string    // by the names of their templates
}

// sectionsAt returns the navigation as a page shows it to a member.
func sectionsAt(page string, m member) []section {
	all := []section{
		{Name: "Overview", Address: "/", pages: []string{"overview"}},
		{Name: "Journeys", Address: "/journeys", pages: []string{"list", "journey", "order"}},
		{Name: "Finance", Address: "/finance", pages: []string{"finance"}},
		{Name: "Comparison", Address: "/reconcile", pages: []string{"reconcile"}},
		{Name: "Routes", Address: "/routes", pages: []string{"routes"}},
		{Name: "One person", Address: "/person", role: signin.Admin, pages: []string{"person"}},
	}
	for i := range all {
		all[i].Current = slices.Contains(all[i].pages, page)
	}
	return slices.DeleteFunc(all, func(s section) bool { return m.Role < s.role })
}

// sectionOf returns the page by which the navigation is shown.
func sectionOf(name string, view any) string {
	if v, is := view.(confirmView); is {
		return v.Section
	}
	return name
}
