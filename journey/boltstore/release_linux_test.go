package boltstore_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/storetest"
)

// resident returns how many bytes of a file count as memory of this process.
func resident(t *testing.T, path string) (bytes int) {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	require.NoError(t, err)
	defer maps.Close()
	ours, known := false, false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case strings.HasSuffix(lines.Text(), path):
			ours, known = true, true
		case ours && fields[0] == "Rss:":
			kilobytes, err := strconv.Atoi(fields[1])
			require.NoError(t, err)
			bytes += kilobytes << 10
			ours = false
		}
	}
	require.True(t, known, "the file is not mapped")
	return bytes
}

func TestLargeRequestsLeaveMemory(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	const many, large, little = 12, 4 << 20, 2 << 20
	journeys := make([]journey.Journey, many)
	for n := range journeys {
		request := sized(n, large)
		journeys[n] = storetest.Example(n)
		journeys[n].Fingerprint = request.Fingerprint()
		require.NoError(t, s.Create(t.Context(), journeys[n], request))
	}
	require.Less(t, resident(t, path), little, "written")
	for _, j := range journeys {
		_, err := s.Request(t.Context(), j.ID)
		require.NoError(t, err)
	}
	require.Less(t, resident(t, path), little, "read")
	for _, j := range journeys {
		_, err := s.Update(t.Context(), j.ID, func(j journey.Journey) (journey.Change, error) {
			j.State = journey.StateReleased
			return journey.Change{Journey: j}, nil
		})
		require.NoError(t, err)
	}
	require.Less(t, resident(t, path), little, "erased")
}
