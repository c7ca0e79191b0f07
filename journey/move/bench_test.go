package move_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/move"
	"paygate/journey/storetest"
)

// BenchmarkCopy moves 2,000 journeys and counts them.
func BenchmarkCopy(b *testing.B) {
	for name, kinds := range map[string][2]kind{
		"file to database": {newFile, newDatabase}, "database to file": {newDatabase, newFile},
	} {
		b.Run(name, func(b *testing.B) {
			const journeys = 2000
			source := kinds[0](b)(b, 1)
			var all []journey.Record
			for n := range journeys {
				j := storetest.Example(n)
				j.State = journey.StateReleased
				j.Payments = []journey.Payment{{ID: fmt.Sprintf("pay-%d", n), Money: 2500}}
				all = append(all, journey.Record{ID: j.ID, Journey: &j})
			}
			require.NoError(b, source.Import(b.Context(), all))
			for b.Loop() {
				b.StopTimer()
				destination := kinds[1](b)(b, 1)
				b.StartTimer()
				result, err := move.Copy(b.Context(), move.Options{From: source, To: destination})
				require.NoError(b, err)
				require.Equal(b, journeys, result.States[journey.StateReleased])
			}
			b.ReportMetric(float64(journeys*b.N)/b.Elapsed().Seconds(), "journeys/s")
		})
	}
}
