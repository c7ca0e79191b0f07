package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

func TestTermsCleanTheReference(t *testing.T) {
	t.Parallel()
	template, err := form.ParseTemplate("{form:ref}")
	require.NoError(t, err)
	route := &Route{Price: 2500, Reference: template, Description: "Licence"}
	terms, err := asked{
		route: route,
		Submission: form.Submission{Form: form.Form{Fields: []form.Field{{
			Name:  "ref",
			Value: ` a<b>"c" | http://evil.example/x `,
		}}}},
	}.newTerms()
	require.NoError(t, err)
	require.Equal(t, "abc", terms.Reference, "cleaned before it is held, or Pay's would differ")
	terms, err = asked{route: route}.newTerms()
	require.NoError(t, err)
	require.Len(t, terms.Reference, 10, "ours, where the form has none")
}
