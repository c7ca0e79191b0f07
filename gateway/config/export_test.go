package config

import "strings"

// Defaults returns the default of each variable that has one.
func Defaults(routes []string) map[string]string {
	defaults := map[string]string{"PAYGATE_PAY_CARD_ORIGINS": strings.Join(initial().PayCardOrigins, ",")}
	for _, d := range declarations[Settings](prefix) {
		if value := d.tag("default"); value != "" {
			defaults[d.name] = value
		}
	}
	for _, route := range routes {
		for _, d := range declarations[routeSettings](routePrefix(route)) {
			if value := d.tag("default"); value != "" {
				defaults[d.name] = value
			}
		}
	}
	return defaults
}
