package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTimesOfDay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]At{
		"04:00": {Hour: 4}, "23:59": {Hour: 23, Minute: 59}, "00:00": {}, "off": {Off: true},
	} {
		at, err := ParseAt(text)
		require.NoError(t, err)
		require.Equal(t, want, at)
	}
	for _, text := range []string{"", "4:00", "24:00", "04:60", "04:00:00", "4am", "Off", "04-00"} {
		_, err := ParseAt(text)
		require.Error(t, err, text)
	}
}

// Summer time begins on 29 March 2026 at 01:00 and ends on 25 October at 02:00. Hour by hour, every day has one
// beginning.
func TestEveryDayHasOneBeginning(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	for _, around := range []string{"2026-03-27", "2026-10-23", "2026-07-01"} {
		first, err := time.Parse(time.DateOnly, around)
		require.NoError(t, err)
		for _, at := range []At{{Hour: 4}, {Hour: 0, Minute: 30}, {Hour: 1, Minute: 30}, {Hour: 23, Minute: 30}} {
			begun, dates := map[time.Time]bool{}, map[string]bool{}
			for minute := range 5 * 24 * 60 {
				now := first.Add(time.Duration(minute) * time.Minute)
				last := at.last(now, london)
				require.False(t, last.After(now))
				require.Less(t, now.Sub(last), 25*time.Hour+time.Minute)
				begun[last.UTC()], dates[last.In(london).Format(time.DateOnly)] = true, true
			}
			require.Len(t, begun, len(dates), "%v around %s", at, around)
			require.GreaterOrEqual(t, len(dates), 5)
		}
	}
}

func TestRecentDaysBeginInTheUnitedKingdom(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	summer := recent(time.Date(2026, 7, 9, 23, 30, 0, 5, time.UTC), london) // the 10th in London
	require.Equal(t, time.Date(2026, 7, 2, 23, 0, 0, 0, time.UTC), summer.From)
	require.Equal(t, time.Date(2026, 7, 9, 23, 30, 1, 0, time.UTC), summer.To)
	autumn := recent(time.Date(2026, 10, 26, 12, 0, 0, 0, time.UTC), london)
	require.Equal(t, time.Date(2026, 10, 18, 23, 0, 0, 0, time.UTC), autumn.From)
}
