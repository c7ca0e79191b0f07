package csp

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLackingListsTheOriginsThatFormActionBlocks(t *testing.T) {
	t.Parallel()
	const card, www = "https://card.payments.service.gov.uk", "https://www.payments.service.gov.uk"
	page := &url.URL{Scheme: "https", Host: "licences.example.gov.uk"}
	for policy, lacking := range map[string][]string{
		"":                                       nil,
		"default-src 'none'":                     nil, // form-action does not fall back to it
		"script-src 'self'; form-action 'self'":  {card, www},
		"form-action 'none'":                     {card, www},
		"form-action":                            {card, www},
		"FORM-ACTION 'self' " + card:             {www},
		"form-action 'self' " + card + " " + www: {},
		"form-action *":                          nil,
		"form-action https:":                     nil,
		"form-action http:":                      nil,
		"form-action https://*.payments.service.gov.uk":         nil,
		"form-action *.payments.service.gov.uk:443":             nil,
		"form-action CARD.payments.service.gov.uk":              {www},
		"form-action http://card.payments.service.gov.uk":       {www},
		"form-action https://card.payments.service.gov.uk:8443": {card, www},
		"form-action https://card.payments.service.gov.uk/x":    {www},
		"form-action https://payments.service.gov.uk":           {card, www},
		"form-action https://*.service.gov.uk.example.org":      {card, www},
		"form-action *; form-action 'self'":                     nil,
		"form-action *, form-action 'self'":                     {card, www},
	} {
		require.ElementsMatch(t, lacking, Lacking(policy, page, []string{card, www}), policy)
	}
	simulated := &url.URL{Scheme: "http", Host: "127.0.0.1:8000"}
	require.Empty(t, Lacking("form-action 'self'", simulated, []string{"http://127.0.0.1:8000"}))
	require.NotEmpty(t, Lacking("form-action 'self'", simulated, []string{"http://127.0.0.1:8002"}))
	require.Empty(t, Lacking("form-action 127.0.0.1:*", simulated, []string{"http://127.0.0.1:8002"}))
}

func TestAllowFormsWidensEveryFormAction(t *testing.T) {
	t.Parallel()
	origins := []string{"https://card.a", "https://www.a"}
	for in, out := range map[string]string{
		"default-src 'self'":                     "default-src 'self'",
		"form-action 'self'":                     "form-action 'self' https://card.a https://www.a",
		"default-src 'self'; form-action 'none'": "default-src 'self'; form-action https://card.a https://www.a",
		"FORM-ACTION 'self' https://card.a; x y": "FORM-ACTION 'self' https://card.a https://www.a; x y",
		"form-action 'self', form-action /x": "form-action 'self' https://card.a https://www.a," +
			" form-action /x https://card.a https://www.a",
		"form-action-x 'self'": "form-action-x 'self'",
		"":                     "",
	} {
		header := http.Header{
			"Content-Security-Policy":             {in},
			"Content-Security-Policy-Report-Only": {"form-action 'self'"},
		}
		AllowForms(header, origins)
		require.Equal(t, out, header.Get("Content-Security-Policy"))
		require.Equal(t, "form-action 'self'", header.Get("Content-Security-Policy-Report-Only"))
	}
}
