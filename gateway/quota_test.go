package gateway

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// testClock is a clock that tests move.
type testClock struct{ at time.Time }

func (c *testClock) now() time.Time { return c.at }

func newTestQuotas() (*quotas, *testClock) {
	clock := &testClock{time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	return newQuotas(clock.now), clock
}

func TestANetworkBeginsSoManyInAMinute(t *testing.T) {
	t.Parallel()
	q, clock := newTestQuotas()
	one, other := netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/64")
	for range mostBegun {
		require.True(t, q.ofNetwork(one))
	}
	require.False(t, q.ofNetwork(one))
	require.True(t, q.ofNetwork(other), "another network is none of its business")
	clock.at = clock.at.Add(begunWithin)
	require.True(t, q.ofNetwork(one))
	require.Len(t, q.networks, 1, "nothing is remembered for longer than it counts")
}

func TestNetworksAreTheInternetsAlone(t *testing.T) {
	t.Parallel()
	for address, network := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8::1%eth0": "2001:db8::/64",
		"127.0.0.1": "", "::1": "", "10.1.2.3": "", "172.17.0.1": "", "192.168.1.1": "", "fd00::1": "", "fe80::1%eth0": "", "100.64.1.2": "", "169.254.1.1": "",
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
	q.began(nil, "A")
	q.began(ownJourneys("A"), "B")
	q.began(ownJourneys("B"), "C") // its cookie has lost A
	q.began(nil, "X")
	require.Equal(t, []journey.ID{"A", "B", "C"}, q.ofBrowser(ownJourneys("C")))
	require.Equal(t, []journey.ID{"A", "B", "C"}, q.ofBrowser(ownJourneys("elsewhere", "A")))
	require.Equal(t, []journey.ID{"X"}, q.ofBrowser(ownJourneys("X")))
	require.Empty(t, q.ofBrowser(nil))
	q.settled(ownJourneys("A"), []journey.ID{"B"})
	require.Equal(t, []journey.ID{"A", "C"}, q.ofBrowser(ownJourneys("C")))

	clock.at = clock.at.Add(openFor / 2)
	q.began(ownJourneys("C"), "D")
	clock.at = clock.at.Add(openFor/2 + time.Second)
	require.Equal(t, []journey.ID{"D"}, q.ofBrowser(ownJourneys("D")), "what is older is open no more, at Pay")
	q.began(nil, "Y")
	require.Equal(t, []journey.ID{"D"}, q.ofBrowser(ownJourneys("D")))
	clock.at = clock.at.Add(openFor)
	q.began(nil, "Z")
	require.Empty(t, q.ofBrowser(ownJourneys("D")))
}

func TestNotEvenAFloodIsRememberedWithoutEnd(t *testing.T) {
	t.Parallel()
	q, _ := newTestQuotas()
	for n := range 3 * mostRemembered {
		q.began(nil, journey.ID(fmt.Sprint(n)))
	}
	require.LessOrEqual(t, len(q.young)+len(q.old), 2*mostRemembered)
}
