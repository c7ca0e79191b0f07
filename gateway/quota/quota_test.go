package quota

import (
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// testClock is a clock that tests move.
type testClock struct{ at time.Time }

func (c *testClock) now() time.Time { return c.at }

func newTestQuotas() (*Quotas, *testClock) {
	clock := &testClock{time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	return New(nil, clock.now, slog.New(slog.DiscardHandler)), clock
}

func TestCheckLimitsWhatANetworkBeginsInAMinute(t *testing.T) {
	t.Parallel()
	q, clock := newTestQuotas()
	one, other := netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/64")
	for range maxBegun {
		require.True(t, q.countNetwork(one))
	}
	require.False(t, q.countNetwork(one))
	require.True(t, q.countNetwork(other), "another network")
	clock.at = clock.at.Add(begunWithin)
	require.True(t, q.countNetwork(one))
	require.Len(t, q.networks, 1, "nothing is remembered for longer than it counts")
}

func TestNetworkOfIsOnTheInternet(t *testing.T) {
	t.Parallel()
	for address, network := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8::1%eth0": "2001:db8::/64",
		"127.0.0.1": "", "::1": "", "10.1.2.3": "", "172.17.0.1": "", "192.168.1.1": "", "fd00::1": "",
		"fe80::1%eth0": "", "100.64.1.2": "", "169.254.1.1": "",
		"0.0.0.0": "", "224.0.0.1": "", "": "", "unix": "",
	} {
		found, public := networkOf(address)
		require.Equal(t, network != "", public, address)
		if public {
			require.Equal(t, network, found.String())
		}
	}
}

func ownJourneys(ids ...journey.ID) (own []journey.Journey) {
	for _, id := range ids {
		own = append(own, journey.Journey{ID: id})
	}
	return own
}

func TestABrowserIsKnownByAnyOfItsJourneys(t *testing.T) {
	t.Parallel()
	q, clock := newTestQuotas()
	q.Began(nil, "A")
	q.Began(ownJourneys("A"), "B")
	q.Began(ownJourneys("B"), "C") // its cookie has lost A
	q.Began(nil, "X")
	require.Equal(t, []journey.ID{"A", "B", "C"}, q.begunBy(ownJourneys("C")))
	require.Equal(t, []journey.ID{"A", "B", "C"}, q.begunBy(ownJourneys("unknown", "A")))
	require.Equal(t, []journey.ID{"X"}, q.begunBy(ownJourneys("X")))
	require.Empty(t, q.begunBy(nil))
	q.settle(ownJourneys("A"), []journey.ID{"B"})
	require.Equal(t, []journey.ID{"A", "C"}, q.begunBy(ownJourneys("C")))

	clock.at = clock.at.Add(openFor / 2)
	q.Began(ownJourneys("C"), "D")
	clock.at = clock.at.Add(openFor/2 + time.Second)
	require.Equal(t, []journey.ID{"D"}, q.begunBy(ownJourneys("D")), "older payments are no longer open at Pay")
	q.Began(nil, "Y")
	require.Equal(t, []journey.ID{"D"}, q.begunBy(ownJourneys("D")))
	clock.at = clock.at.Add(openFor)
	q.Began(nil, "Z")
	require.Empty(t, q.begunBy(ownJourneys("D")))
}

func TestQuotasForgetInAFlood(t *testing.T) {
	t.Parallel()
	q, _ := newTestQuotas()
	for n := range 3 * maxBrowsers {
		q.Began(nil, journey.ID(fmt.Sprint(n)))
	}
	require.LessOrEqual(t, len(q.young)+len(q.old), 2*maxBrowsers)
}
