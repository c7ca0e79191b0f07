package boltstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/storetest"
)

// checked returns what Check reports about a file under the first secret.
func checked(t *testing.T, path string) boltstore.Report {
	t.Helper()
	report, err := boltstore.Check(t.Context(), path, options(t, 1).Sealer)
	require.NoError(t, err)
	return report
}

func TestCheckCountsAnIntactStore(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	for n := range 5 {
		require.NoError(t, s.Create(t.Context(), storetest.Example(n), sized(n, 600<<10)))
	}
	require.NoError(t, s.Forget(t.Context(), storetest.Example(0).ID))
	_, err := s.Update(t.Context(), storetest.Example(1).ID, func(j journey.Journey) (journey.Change, error) {
		j.State, j.ReplyUntil = journey.StateReleased, storetest.FarAway
		return journey.Change{Journey: j, Reply: &journey.Reply{Status: 200, Body: []byte("page")}}, nil
	})
	require.NoError(t, err)
	_, err = boltstore.Check(t.Context(), path, options(t, 1).Sealer)
	require.ErrorContains(t, err, "in use by another Paygate process")
	require.NoError(t, s.Close())
	require.Equal(t, boltstore.Report{Journeys: 4, Open: 3, Requests: 3, Replies: 1}, checked(t, path))
}

func TestCheckFindsMissingEntries(t *testing.T) {
	t.Parallel()
	id := storetest.Example(3).ID
	for name, c := range map[string]struct {
		spoil func(*bolt.Tx) error
		says  string
	}{
		"a journey": {
			func(tx *bolt.Tx) error { return tx.Bucket([]byte("journeys")).Delete([]byte(id)) },
			"the open journey " + string(id) + " is missing",
		},
		"a request": {
			func(tx *bolt.Tx) error { return tx.Bucket([]byte("requests")).Delete([]byte(id)) },
			"the request of " + string(id) + " is missing",
		},
		"a due entry": {
			func(tx *bolt.Tx) error {
				cursor := tx.Bucket([]byte("due")).Cursor()
				cursor.First()
				return cursor.Delete()
			},
			"is missing from the lists of due journeys",
		},
		"an entry of a list": {
			func(tx *bolt.Tx) error {
				cursor := tx.Bucket([]byte("lists")).Cursor()
				cursor.First()
				return cursor.Delete()
			},
			"is missing from the lists of its route and state",
		},
		"a bucket": {
			func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("marks")) },
			`it lacks the bucket "marks"`,
		},
	} {
		path := filled(t)
		raw(t, path, c.spoil)
		report := checked(t, path)
		require.Equal(t, 1, report.Total, "%s: %v", name, report.Faults)
		require.Contains(t, report.Faults[0], c.says, name)
	}
}

func TestOpenRefusesFileThatLacksEntries(t *testing.T) {
	t.Parallel()
	for says, spoil := range map[string]func(*bolt.Tx) error{
		"1 open journeys are missing": func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("journeys")).Delete([]byte(storetest.Example(3).ID))
		},
		`it lacks the bucket "payments"`: func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("payments")) },
	} {
		path := filled(t)
		raw(t, path, spoil)
		_, err := boltstore.Open(path, options(t, 1))
		require.ErrorContains(t, err, says)
	}
}

func TestCheckToleratesDroppedSecretsOfJourneysAtRest(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, options(t, 1))
	j := storetest.Example(1)
	j.State = journey.StateReleased
	require.NoError(t, s.Create(t.Context(), j, storetest.Request(1)))
	require.NoError(t, s.Close())
	report, err := boltstore.Check(t.Context(), path, options(t, 2).Sealer)
	require.NoError(t, err)
	require.Equal(t, boltstore.Report{Journeys: 1, Unlisted: 1}, report)
}
