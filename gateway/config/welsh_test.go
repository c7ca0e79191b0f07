package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMissingWelshIsWarnedOfOnceThereIsAny(t *testing.T) {
	t.Parallel()
	set := map[string]string{"PAYGATE_ROUTE_LICENCE_NOUN": "application", "PAYGATE_CONTACT": "Ring us"}
	english, faults := load(t, set)
	require.Empty(t, faults)
	require.NotContains(t, english.Describe(), "Welsh")

	set["PAYGATE_SERVICE_NAME_CY"] = "Trwyddedau"
	mixed, faults := load(t, set)
	require.Empty(t, faults)
	for _, warning := range []string{
		"PAYGATE_CONTACT_CY is not set: Welsh pages have the English text",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION_CY is not set: Welsh pages have the English text",
		"PAYGATE_ROUTE_LICENCE_NOUN_CY is not set: Welsh pages say ffurflen",
	} {
		require.Contains(t, mixed.Warnings, warning)
	}
	require.Len(t, mixed.Warnings, len(english.Warnings)+3)
}
