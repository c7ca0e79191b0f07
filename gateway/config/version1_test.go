package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
)

// TestUpgradePageNamesTheFaultsOfOldSettings loads all settings of version 1, some with values that only version 1
// took.
func TestUpgradePageNamesTheFaultsOfOldSettings(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/version1.env")
	require.NoError(t, err)
	_, err = config.Load(append(strings.Split(string(content), "\n"), "PAYGATE_SECRETS="+secretText(1)))
	faults, ok := err.(config.Faults)
	require.True(t, ok, "%v", err)
	page, err := os.ReadFile("../../docs/how-to/upgrade.md")
	require.NoError(t, err)
	var names []string
	for _, fault := range faults {
		name, why, _ := strings.Cut(fault, ": ")
		names = append(names, name)
		require.Contains(t, string(page), "`"+strings.Replace(name, "_LICENCE_", "_X_", 1)+"`", fault)
		if name == "PAYGATE_HOLD_HEADERS" || name == "PAYGATE_ROUTE_LICENCE_ACCEPT" {
			firstSentence, _, _ := strings.Cut(why, "? ")
			require.Contains(t, string(page), name+": "+firstSentence)
		}
	}
	require.Equal(t, []string{
		"PAYGATE_HOLD_HEADERS", "PAYGATE_PAY_TIMEOUT", "PAYGATE_ROUTE_LICENCE_ACCEPT", "PAYGATE_ROUTE_LICENCE_PASS_FOR",
	}, names)
}
