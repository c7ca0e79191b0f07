package journey

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePounds(t *testing.T) {
	t.Parallel()
	for text, wanted := range map[string]int64{
		"25": 2500, "25.50": 2550, "0.01": 1, "100000.00": 10_000_000, "007": 700,
		"1,180": 118_000, "1,180.00": 118_000, "100,000.00": 10_000_000,
		"1,18": 0, "1180,00": 0, ",180": 0, "1,,180": 0, "1,180,000": 0, "1,180.0": 0, "100,000.01": 0, "1.180,00": 0,
		"": 0, "0": 0, "0.00": 0, "100000.01": 0, "25.5": 0, "25.505": 0, "-1": 0, "+1": 0, "£5": 0,
		"1e3": 0,
		" 5":  0, ".50": 0, "５": 0,
	} {
		pence, err := ParsePounds(text)
		require.Equal(t, wanted, pence, text)
		require.Equal(t, wanted == 0, err != nil, text)
	}
	require.Equal(t, "£25.05", Pounds(2505))
	require.Equal(t, "-£0.30", Pounds(-30))
	require.Equal(t, "£1,180.00", Pounds(118_000))
	require.Equal(t, "£999.99", Pounds(99_999))
	require.Equal(t, "-£1,234,567.89", Pounds(-123_456_789))
}
