package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"time"

	"paygate/gateway/config"
	"paygate/gateway/metrics"
	"paygate/gateway/staff"
	"paygate/gateway/webhook"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/mopup"
)

// eitherStore is what both kinds of store can do.
type eitherStore interface {
	staff.Store
	metrics.Store
	webhook.Marks
	// Ready returns an error when the store cannot be written.
	Ready(context.Context) error
	// InState returns the journeys in a state that is not at rest.
	InState(context.Context, journey.State) ([]journey.ID, error)
	// Value returns a named value.
	Value(ctx context.Context, name string) ([]byte, error)
	// UpdateValue changes a named value in one transaction, and returns the new value.
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
	Close() error
}

// store is a store with what only one kind of store can do.
type store struct {
	eitherStore
	backup func(context.Context, io.Writer) error // nil: the database has its own backups
	shared mopup.Shared                           // nil: no other process uses the store
	// sharedLimit waits for the rate that all processes share; nil: no other process creates payments.
	sharedLimit func(context.Context, config.Account) error
	isAway      bool             // every call fails
	now         func() time.Time // the clock of all who use the store
}

// openStore opens the store that the settings name.
func openStore(ctx context.Context, s config.Settings, sealer *seal.Sealer, log *slog.Logger,
	now func() time.Time,
) (store, error) {
	if s.Store.Kind == config.Bbolt {
		file, err := boltstore.Open(s.Store.Path, boltstore.Options{Sealer: sealer, Now: now, Log: log})
		if err != nil {
			return store{}, err
		}
		return store{eitherStore: file, backup: file.Backup, now: file.Now}, nil
	}
	database, err := pgstore.Open(ctx, s.Store.Path, pgstore.Options{Sealer: sealer, Now: now, Log: log})
	if errors.Is(err, pgstore.ErrURL) {
		return store{}, config.Faults{"PAYGATE_STORE: " + err.Error()}
	}
	if err != nil {
		return store{}, err
	}
	return databaseStore(database), nil
}

// awayStore is used until the store can be opened.
func awayStore(sealer *seal.Sealer, cause error) store {
	s := databaseStore(pgstore.Away(pgstore.Options{Sealer: sealer}, cause))
	s.isAway = true
	return s
}

func databaseStore(database *pgstore.Store) store {
	sharedLimit := func(ctx context.Context, account config.Account) error {
		return database.Wait(ctx, strings.TrimSpace("creates "+account.Name), account.RateTotal)
	}
	return store{eitherStore: database, shared: database, sharedLimit: sharedLimit, now: database.Now}
}

// each returns the journeys that a filter finds. The filter's limit is the size of a page.
func (s store) each(ctx context.Context, f journey.Filter) iter.Seq2[journey.Journey, error] {
	return func(yield func(journey.Journey, error) bool) {
		for {
			page, err := s.List(ctx, f)
			if err != nil {
				yield(journey.Journey{}, err)
				return
			}
			for _, j := range page {
				if !yield(j, nil) {
					return
				}
			}
			if len(page) < f.Limit {
				return
			}
			f.After = page[len(page)-1].ID
		}
	}
}

// owedBack returns the journeys whose citizens have waited for money since a time or longer. A damaged one is reported
// by the store.
func (s store) owedBack(ctx context.Context, until time.Time) iter.Seq2[journey.Journey, error] {
	return func(yield func(journey.Journey, error) bool) {
		for after := (journey.Due{}); ; {
			page, err := s.OwedBack(ctx, until, after, 100)
			if err != nil {
				yield(journey.Journey{}, err)
				return
			}
			if len(page) == 0 {
				return
			}
			for _, owed := range page {
				j, err := s.Get(ctx, owed.ID)
				isGone := errors.Is(err, journey.ErrDamaged) || errors.Is(err, journey.ErrNotFound)
				if !isGone && !yield(j, err) {
					return
				}
			}
			after = page[len(page)-1]
		}
	}
}

// endClaims ends the deliveries that an earlier process left half done. If other replicas use the store and may be
// delivering, claims lapse with time instead.
func (s store) endClaims(ctx context.Context, runner *journey.Runner) error {
	if s.shared != nil {
		return nil
	}
	claimed, err := s.InState(ctx, journey.StateReleasing)
	for _, id := range claimed {
		err = errors.Join(err, runner.LapseClaim(ctx, id))
	}
	if err != nil {
		return fmt.Errorf("ending the claims of an earlier run: %w", err)
	}
	return nil
}
