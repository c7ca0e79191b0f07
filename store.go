package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/metrics"
	"paygate/gateway/staff"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
	"paygate/mopup"
)

// anyStore is what every kind of store has.
type anyStore interface {
	staff.Store
	metrics.Store
	gateway.Marks
	// Ready tells whether it can be written.
	Ready(context.Context) error
	// InState lists the journeys in a state that is not at rest.
	InState(context.Context, journey.State) ([]journey.ID, error)
	// Value reads a named value.
	Value(ctx context.Context, name string) ([]byte, error)
	// UpdateValue changes a named value in one step, whatever the replicas.
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
	Close() error
}

// kept is a store with what its kind brings.
type kept struct {
	anyStore
	backup func(context.Context, io.Writer) error // nil: the database has its own
	shared mopup.Shared                           // nil: no other process has the store
	turn   func(context.Context) error            // nil: no other process creates payments
}

// openStore opens the store that the settings name.
func openStore(ctx context.Context, s config.Settings, sealer *seal.Sealer, log *slog.Logger, now func() time.Time) (kept, error) {
	if s.Store.Kind == config.Bbolt {
		file, err := boltstore.Open(s.Store.Path, boltstore.Options{Sealer: sealer, Now: now, Log: log})
		if err != nil {
			return kept{}, err
		}
		return kept{anyStore: file, backup: file.Backup}, nil
	}
	database, err := pgstore.Open(ctx, s.Store.Path, pgstore.Options{Sealer: sealer, Now: now, Log: log})
	if errors.Is(err, pgstore.ErrURL) {
		return kept{}, config.Faults{"PAYGATE_STORE: " + err.Error()}
	}
	if err != nil {
		return kept{}, err
	}
	turn := func(ctx context.Context) error { return database.Wait(ctx, "creates", s.PayRateTotal) }
	return kept{anyStore: database, shared: database, turn: turn}, nil
}

// endClaims ends what an earlier process left half done, where it was the only one on the store and is gone. Where other
// replicas may hold claims these lapse by time.
func (k kept) endClaims(ctx context.Context, runner *journey.Runner) error {
	if k.shared != nil {
		return nil
	}
	claimed, err := k.InState(ctx, journey.StateReleasing)
	for _, id := range claimed {
		err = errors.Join(err, runner.LapseClaim(ctx, id))
	}
	if err != nil {
		return fmt.Errorf("ending the claims of an earlier run: %w", err)
	}
	return nil
}
