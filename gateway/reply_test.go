package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheMarkerIsCutOutOfTheQueryAlone(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"": "", "a=1": "a=1", "paygate-reply=X": "", "a=1&paygate-reply=X&b=%20": "a=1&b=%20", "a=1;b=2&paygate-reply=X": "a=1;b=2",
		"xpaygate-reply=1": "xpaygate-reply=1",
	} {
		require.Equal(t, out, withoutMarker(in))
	}
}
