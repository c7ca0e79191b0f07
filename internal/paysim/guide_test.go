package paysim

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuideNamesWhatCanBeOrdered(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/how-to/simulator.md")
	require.NoError(t, err)
	var settings []string
	quietFlags(&Options{}).VisitAll(func(f *flag.Flag) { settings = append(settings, "-"+f.Name) })
	for _, word := range slices.Concat(faultCalls[1:], faultKinds, refundOutcomes, providers,
		emailCollections, settings) {
		require.Contains(t, string(text), "`"+word+"`")
	}
	for _, path := range leftOutPaths {
		require.Contains(t, string(text), "`"+strings.TrimSuffix(path, "/{rest...}")+"`")
	}
	for _, path := range []string{
		"payments", "requests", "webhooks", "webhooks/resend", "reset", "clock", "faults", "settings",
		"payments/ID/pay", "payments/ID/correct", "payments/ID/refunds", "payments/ID/refund-outcome",
		"payments/ID/refunds/REFUND/correct",
	} {
		require.Contains(t, string(text), "/control/"+path)
	}
	for status := range correctedTo {
		require.Contains(t, string(text), "`"+status+"`")
	}
}
