package pgstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/testpg"
	"paygate/journey"
	"paygate/journey/pgstore"
	"paygate/journey/storetest"
)

// Tests that stop the server are not parallel, since others would fail.

func TestStoreSurvivesARestartOfTheServer(t *testing.T) {
	server := testpg.Start(t)
	url := server.Database(t)
	s := open(t, url, options(t, 1))
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))
	storetest.Together(16, func(int) { // many connections in the pool, all of which are cut
		if err := s.Ready(context.Background()); err != nil {
			t.Error(err)
		}
	})
	server.Restart(t)
	touch(t, s, storetest.Example(1).ID, func(c *journey.Change) { c.Journey.Note = "after it" })
	j, err := s.Get(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
	require.Equal(t, "after it", j.Note)
}

func TestCallsTimeOutWhileTheServerIsPaused(t *testing.T) {
	server := testpg.Start(t)
	url := server.Database(t)
	s := open(t, url, options(t, 1))
	require.NoError(t, s.Create(t.Context(), storetest.Example(1), storetest.Request(1)))

	server.Pause(t)
	unchanged := func(journey.Journey) (journey.Change, error) {
		t.Error("the change ran without a journey")
		return journey.Change{}, nil
	}
	for name, call := range map[string]func(context.Context, *pgstore.Store) error{
		"Get": func(ctx context.Context, s *pgstore.Store) error {
			_, err := s.Get(ctx, storetest.Example(1).ID)
			return err
		},
		"Update": func(ctx context.Context, s *pgstore.Store) error {
			_, err := s.Update(ctx, storetest.Example(1).ID, unchanged)
			return err
		},
		"Create": func(ctx context.Context, s *pgstore.Store) error {
			return s.Create(ctx, storetest.Example(2), storetest.Request(2))
		},
		"Take": func(ctx context.Context, s *pgstore.Store) error {
			_, err := s.Take(ctx, "creates", 10)
			return err
		},
		"Ready": func(ctx context.Context, s *pgstore.Store) error { return s.Ready(ctx) },
	} {
		err := call(t.Context(), s.WithShortTimeout())
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.ErrorContains(t, err, "did not answer in time", name)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		require.ErrorIs(t, call(ctx, s), context.DeadlineExceeded, "the caller's own deadline, for %s", name)
		cancel()
	}
	o := options(t, 1)
	o.Timeout = 100 * time.Millisecond
	_, err := pgstore.Open(t.Context(), url, o)
	require.ErrorContains(t, err, "no answer in time")

	server.Resume(t)
	for range 3 {
		require.NoError(t, s.Ready(t.Context()))
	}
	_, err = s.Get(t.Context(), storetest.Example(2).ID)
	require.ErrorIs(t, err, journey.ErrNotFound, "a failed call stores nothing")
	touch(t, s, storetest.Example(1).ID, func(c *journey.Change) { c.Journey.Note = "goes on" })
}

func TestStandbyIsRefused(t *testing.T) {
	server := testpg.Start(t)
	url := server.Database(t)
	s := open(t, url, options(t, 1))
	promote := server.Standby(t)
	err := s.Ready(t.Context())
	require.ErrorContains(t, err, "accepts no writes")
	_, err = pgstore.Open(t.Context(), url, options(t, 1))
	require.ErrorContains(t, err, "is a standby")
	promote()
	require.NoError(t, s.Ready(t.Context()))
}

// If a connection is cut before the commit, nothing is stored, and the change runs again.
func TestUpdateIsRetriedAfterACutConnection(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(1).ID
	s := open(t, url+"&application_name=cut", options(t, 1))
	storetest.Together(8, func(int) { // leave several connections in the pool: all are cut
		if err := s.Ready(context.Background()); err != nil {
			t.Error(err)
		}
	})
	runs := 0
	j, err := s.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
		if runs++; runs == 1 {
			raw(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE application_name = 'cut' AND datname = current_database()`)
		}
		j.Failures++
		return journey.Change{Journey: j}, nil
	})
	require.NoError(t, err)
	require.Equal(t, 2, runs)
	require.Equal(t, 1, j.Failures)
	j, err = s.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 1, j.Failures, "stored once")
}

// onCommit runs an action in every commit of a database.
func onCommit(t testing.TB, url, action string) {
	t.Helper()
	raw(t, url, `CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+action+` RETURN NULL; END $$`)
	raw(t, url, `CREATE CONSTRAINT TRIGGER trouble AFTER UPDATE ON paygate_journeys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION trouble()`)
}

// A commit whose answer was lost may have been done: it must not be repeated.
func TestCommitWithoutAnAnswerIsNotRepeated(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(1).ID
	s := open(t, url, options(t, 1))
	onCommit(t, url, `PERFORM pg_terminate_backend(pg_backend_pid());`)
	runs := 0
	_, err := s.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
		runs++
		return journey.Change{Journey: j}, nil
	})
	require.ErrorContains(t, err, "not known whether it was stored")
	require.Equal(t, 1, runs)
}

func TestConflictIsRetried(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"40001", "40P01"} {
		url, id := filled(t), storetest.Example(1).ID
		s := open(t, url, options(t, 1))
		raw(t, url, `CREATE SEQUENCE attempts`)
		onCommit(t, url, `IF nextval('attempts') < 3 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '`+code+
			`'; END IF;`)
		runs := 0
		j, err := s.Update(t.Context(), id, func(j journey.Journey) (journey.Change, error) {
			runs++
			j.Failures++
			return journey.Change{Journey: j}, nil
		})
		require.NoError(t, err)
		require.Equal(t, 3, runs)
		require.Equal(t, 1, j.Failures)
	}
}

func TestEndlessConflictIsAnError(t *testing.T) {
	t.Parallel()
	url := filled(t)
	s := open(t, url, options(t, 1))
	onCommit(t, url, `RAISE EXCEPTION 'conflict' USING ERRCODE = '40001';`)
	runs := 0
	_, err := s.Update(t.Context(), storetest.Example(1).ID, func(j journey.Journey) (journey.Change, error) {
		runs++
		return journey.Change{Journey: j}, nil
	})
	require.ErrorContains(t, err, "conflict")
	require.Equal(t, 4, runs)
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	url := filled(t)
	s := open(t, url, options(t, 1))
	raw(t, url, `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
	raw(t, url, `CREATE TRIGGER no_room BEFORE INSERT ON paygate_requests FOR EACH ROW EXECUTE FUNCTION no_room()`)
	err := s.Create(t.Context(), storetest.Example(99), storetest.Request(99))
	require.ErrorIs(t, err, journey.ErrFull)
	_, err = s.Get(t.Context(), storetest.Example(99).ID)
	require.ErrorIs(t, err, journey.ErrNotFound, "nothing of it was stored")
	_, err = s.Get(t.Context(), storetest.Example(1).ID)
	require.NoError(t, err)
}

// A process that locks a journey for too long must not delay others for longer than their timeout.
func TestLockedJourneyTimesOut(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(1).ID
	s := open(t, url, options(t, 1))
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `BEGIN`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `SELECT 1 FROM paygate_journeys WHERE id = $1 FOR UPDATE`, id)
	require.NoError(t, err)
	for name, s := range map[string]*pgstore.Store{
		"by the client": s.WithShortTimeout(), "by the server": open(t, url+"&lock_timeout=50", options(t, 1)),
	} {
		_, err = s.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
			t.Error("the change ran on a locked journey")
			return journey.Change{}, nil
		})
		require.ErrorContains(t, err, "did not answer in time", name)
	}
	require.Len(t, taken(t, s, 0), 19, "a sweep does not wait for it")
}

func TestCancelledUpdateIsNotStored(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(1).ID
	s := open(t, url, options(t, 1))
	ctx, giveUp := context.WithCancel(t.Context())
	_, err := s.Update(ctx, id, func(j journey.Journey) (journey.Change, error) {
		giveUp()
		j.Note = "too late"
		return journey.Change{Journey: j}, nil
	})
	require.ErrorIs(t, err, context.Canceled)
	j, err := s.Get(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, j.Note)
}

// The error of a change is returned unchanged, even if it looks like one of the database.
func TestErrorOfAChangeIsNotInterpreted(t *testing.T) {
	t.Parallel()
	s := open(t, filled(t), options(t, 1))
	trouble := fmt.Errorf("another source: %w", pgx.ErrNoRows)
	runs := 0
	_, err := s.Update(t.Context(), storetest.Example(1).ID, func(journey.Journey) (journey.Change, error) {
		runs++
		return journey.Change{}, trouble
	})
	require.Equal(t, trouble, err)
	require.Equal(t, 1, runs)
}
