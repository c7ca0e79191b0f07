package paysim

import (
	_ "embed"
	"strings"
)

// countriesText has a line for each country and territory: its code in ISO 3166-1, and its names in English and Welsh.
//
//go:embed countries.txt
var countriesText string

// country is a choice of the card page.
type country struct{ Code, Name string }

// countriesIn returns all countries with their names in a language.
func countriesIn(language string) []country {
	var all []country
	for line := range strings.Lines(countriesText) {
		column := strings.Split(strings.TrimSpace(line), "\t")
		name := column[1]
		if language == "cy" {
			name = column[2]
		}
		all = append(all, country{column[0], name})
	}
	return all
}

// countryName returns the name of a country, and an empty text if there is none with this code.
func countryName(code, language string) string {
	for _, c := range countriesIn(language) {
		if c.Code == code {
			return c.Name
		}
	}
	return ""
}

// countryOf returns a code that the service gave, or that of the United Kingdom if there is no such country
// (FACTS 2.1).
func countryOf(code string) string {
	if countryName(code, "en") == "" {
		return "GB"
	}
	return code
}
