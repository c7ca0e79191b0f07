package gateway

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhichOriginsAPolicyKeepsAFormFrom(t *testing.T) {
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
		require.ElementsMatch(t, lacking, LackingFormAction(policy, page, []string{card, www}), policy)
	}
	simulated := &url.URL{Scheme: "http", Host: "127.0.0.1:8000"}
	require.Empty(t, LackingFormAction("form-action 'self'", simulated, []string{"http://127.0.0.1:8000"}))
	require.NotEmpty(t, LackingFormAction("form-action 'self'", simulated, []string{"http://127.0.0.1:8002"}))
	require.Empty(t, LackingFormAction("form-action 127.0.0.1:*", simulated, []string{"http://127.0.0.1:8002"}))
}
