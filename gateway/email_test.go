package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

func TestOnlyOneAddressInTheFormIsWrittenTo(t *testing.T) {
	t.Parallel()
	const ann, bob = "ann@example.org", "bob@example.org"
	for want, fields := range map[string][]form.Field{
		ann: {{Name: "name", Value: "Ann"}, {Name: "email", Value: ann}},
		"":  {{Name: "email", Value: ann}, {Name: "email", Value: bob}},
	} {
		a := asked{route: &Route{EmailField: "email"}}
		a.Form.Fields = fields
		require.Equal(t, want, a.email())
	}
	twice := asked{route: &Route{EmailField: "email"}}
	twice.Form.Fields = []form.Field{{Name: "email", Value: ann}, {Name: "email", Value: ann}}
	require.Equal(t, ann, twice.email(), "many forms repeat the address")
	unset := asked{route: &Route{}}
	unset.Form.Fields = []form.Field{{Name: "", Value: ann}}
	require.Empty(t, unset.email(), "no field is set")
	file := asked{route: &Route{EmailField: "email"}}
	file.Form.Fields = []form.Field{{Name: "email", Value: ann, File: true}}
	require.Empty(t, file.email())
}
