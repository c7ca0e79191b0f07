package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	versionTable = "paygate_schema"
	// migrationLock is the id of our lock among those of other programs in the database: "paygate" in ASCII.
	migrationLock = 0x70617967617465
)

// migrate updates the tables. The first replica does so, and the others wait until it has finished.
func migrate(ctx context.Context, config *pgxpool.Config, log *slog.Logger) error {
	c := config.ConnConfig.Copy()
	for _, limit := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		c.RuntimeParams[limit] = "0" // the context is the limit here
	}
	db := stdlib.OpenDB(*c, stdlib.OptionAfterConnect(share))
	defer db.Close()
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(migrationLock), lock.WithLockTimeout(1, uint64(startTimeout.Seconds())))
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName(versionTable),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithSlog(log))
	if err != nil {
		return err
	}
	return up(ctx, provider, log)
}

func up(ctx context.Context, provider *goose.Provider, log *slog.Logger) error {
	found, err := provider.GetDBVersion(ctx) // creates the table of versions, under the lock
	if err != nil {
		return notMigrated(err)
	}
	sources := provider.ListSources()
	known := sources[len(sources)-1].Version
	switch {
	case found > known:
		return fmt.Errorf("was written by a newer version of Paygate (layout %d, this version knows %d)", found, known)
	case found == known:
		return nil
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return notMigrated(err)
	}
	for _, m := range done {
		log.InfoContext(ctx, "the store was migrated to a new layout", "layout", m.Source.Version)
	}
	return nil
}

func notMigrated(err error) error {
	if errors.Is(err, errBusy) {
		return errBusy
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("cannot be migrated to this version's layout: %w", refused)
	}
	return fmt.Errorf("cannot be migrated to this version's layout: %w", oneLineError{err})
}
