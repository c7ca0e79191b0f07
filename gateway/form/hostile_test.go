package form_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

// manyPairs returns a urlencoded form whose fields all differ.
func manyPairs(n int, pair string) string {
	var form strings.Builder
	for i := range n {
		fmt.Fprintf(&form, pair+"&", i)
	}
	return form.String()
}

func TestAFormBeyondTheLimitsIsNeitherFreeNorCharged(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"values":       manyPairs(1000, "action[]=%%2525%d"),
		"large values": manyPairs(10, "action[]=%d"+strings.Repeat("%%25C3%%25A9", 2000)),
		"odd names":    manyPairs(1000, "x%%2525%d%%25%%25%%25%%25=1"),
		"targets":      manyPairs(1000, "__EVENTTARGET=%%2525%d"),
	} {
		r, read := submitted(t, pairsType, body)
		require.Equal(t, form.Unclear, payNow.Fits(submissionOf(t, r, "", read)), name)
		r, read = submitted(t, pairsType, body+"action=save")
		require.NotEqual(t, form.Met, payNow.Fits(submissionOf(t, r, "", read)), name)
		r, read = submitted(t, pairsType, body+"action=pay")
		require.Equal(t, form.Met, payNow.Fits(submissionOf(t, r, "", read)), name)
	}
}

func TestAFormBeyondTheLimitsChoosesNoPrice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   string
		chosen bool
	}{
		"values":         {manyPairs(1000, "licence[]=%%2525%d"), false},
		"odd names":      {manyPairs(1000, "x%%2525%d%%25%%25%%25%%25=1"), false},
		"a large table":  {manyPairs(4000, "rows[%d][holder]=Ann"), true},
		"in two choices": {"licence=2-day&", false},
	} {
		r, read := submitted(t, pairsType, c.body+"licence=1-day")
		_, chosen := manyOptions().InForm(submissionOf(t, r, "", read))
		require.Equal(t, c.chosen, chosen, name)
	}
}
