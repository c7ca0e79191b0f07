package paysim

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuideNamesWhatCanBeOrdered(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/simulator.md")
	require.NoError(t, err)
	for _, word := range slices.Concat(faultCalls[1:], faultKinds, refundOutcomes) {
		require.Contains(t, string(text), "`"+word+"`")
	}
	for _, path := range leftOutPaths {
		require.Contains(t, string(text), "`"+strings.TrimSuffix(path, "/{rest...}")+"`")
	}
	for status := range correctedTo {
		require.Contains(t, string(text), "`"+status+"`")
	}
}
