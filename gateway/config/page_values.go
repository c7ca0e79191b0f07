package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/pages"
)

// parseLink returns a link to a page of the service or of another site.
func parseLink(text string) (pages.Link, error) {
	name, address, _ := strings.Cut(text, "=")
	name, address = strings.TrimSpace(name), strings.TrimSpace(address)
	to, err := url.Parse(address)
	isPage := err == nil && (to.Host != "" && (to.Scheme == "https" || to.Scheme == "http") ||
		to.Scheme == "" && to.Host == "" && strings.HasPrefix(address, "/"))
	if name == "" || !isPage || strings.Contains(address, `\`) {
		return pages.Link{}, fmt.Errorf("%q must be Text=/path or Text=https://…", text)
	}
	return pages.Link{Text: name, URL: address}, nil
}

func parseLanguage(text string) (gateway.LanguageSource, error) {
	kind, at, _ := strings.Cut(text, ":")
	s := gateway.LanguageSource{Kind: kind, Name: at}
	isKnown := slices.Contains(gateway.LanguageKinds(), kind)
	if !isKnown || at == "" || (kind == "path") != strings.HasPrefix(at, "/") {
		return s, fmt.Errorf("%q must be cookie:NAME, query:NAME, form:NAME or path:/cy/", text)
	}
	if kind == "path" { // of whole segments
		s.Name = strings.TrimRight(at, "/") + "/"
	}
	return s, nil
}
