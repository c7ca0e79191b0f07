package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/pages"
)

// parseLinks returns links to pages of the service or of another site.
func parseLinks(text string) ([]pages.Link, error) {
	return parseEach(text, func(item string) (pages.Link, error) {
		name, address, _ := strings.Cut(item, "=")
		name, address = strings.TrimSpace(name), strings.TrimSpace(address)
		to, err := url.Parse(address)
		isPage := err == nil && (to.Host != "" && (to.Scheme == "https" || to.Scheme == "http") ||
			to.Scheme == "" && to.Host == "" && strings.HasPrefix(address, "/"))
		if name == "" || !isPage || strings.Contains(address, `\`) {
			return pages.Link{}, fmt.Errorf("%q must be Text=/path or Text=https://…", item)
		}
		return pages.Link{Text: name, URL: address}, nil
	})
}

func parseLanguage(text string) ([]gateway.LanguageSource, error) {
	return parseEach(text, func(item string) (gateway.LanguageSource, error) {
		kind, at, _ := strings.Cut(item, ":")
		s := gateway.LanguageSource{Kind: kind, Name: at}
		isKnown := slices.Contains(gateway.LanguageKinds(), kind)
		if !isKnown || at == "" || (kind == "path") != strings.HasPrefix(at, "/") {
			return s, fmt.Errorf("%q must be cookie:NAME, query:NAME, form:NAME or path:/cy/", item)
		}
		if kind == "path" { // of whole segments
			s.Name = strings.TrimRight(at, "/") + "/"
		}
		return s, nil
	})
}
