package journey

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePounds(t *testing.T) {
	t.Parallel()
	for text, wanted := range map[string]int64{
		"25": 2500, "25.50": 2550, "0.01": 1, "100000.00": 10_000_000, "007": 700,
		"": 0, "0": 0, "0.00": 0, "100000.01": 0, "25.5": 0, "25.505": 0, "-1": 0, "+1": 0, "£5": 0, "1,000": 0,
		"1e3": 0,
		" 5":  0, ".50": 0, "５": 0,
	} {
		pence, err := ParsePounds(text)
		require.Equal(t, wanted, pence, text)
		require.Equal(t, wanted == 0, err != nil, text)
	}
	require.Equal(t, "£25.05", Pounds(2505))
	require.Equal(t, "-£0.30", Pounds(-30))
}
