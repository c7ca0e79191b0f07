package paysim

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
)

// loadDescription reads the description that Pay publishes of its API, which is kept next to the repository.
func loadDescription(t *testing.T) *openapi3.T {
	t.Helper()
	path := testenv.Above("shared/pay/publicapi_spec.json")
	if path == "" {
		testenv.Missing(t, "Pay's description of its API is not next to this repository, so nothing was compared "+
			"with it")
	}
	description, err := openapi3.NewLoader().LoadFromFile(path)
	require.NoError(t, err)
	return description
}
