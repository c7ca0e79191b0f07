package pgstore

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// one reads one row. The error is pgx.ErrNoRows if there is none.
func one[T any](ctx context.Context, q querier, scan pgx.RowToFunc[T], sql string, args ...any) (row T, err error) {
	if !storable(args) {
		return row, pgx.ErrNoRows
	}
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return row, err
	}
	return pgx.CollectOneRow(rows, scan)
}

// all reads all rows.
func all[T any](ctx context.Context, q querier, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	if !storable(args) {
		return nil, nil
	}
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows([]T(nil), rows, scan)
}

// readOne reads one row on a connection of its own. The error is [journey.ErrNotFound] if there is none.
func readOne[T any](ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any) (row T, err error) {
	err = s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		row, err = one(ctx, conn, scan, sql, args...)
		return orNotFound(err)
	})
	return row, err
}

// readAll reads all rows on a connection of its own.
func readAll[T any](
	ctx context.Context, s *Store, scan pgx.RowToFunc[T], sql string, args ...any,
) (rows []T, err error) {
	err = s.connect(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err = all(ctx, conn, scan, sql, args...)
		return err
	})
	return rows, err
}

// exec runs one statement in a transaction of its own and returns the number of rows that it changed.
func (s *Store) exec(ctx context.Context, sql string, args ...any) (changed int64, err error) {
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		changed = 0
		if !storable(args) {
			return nil
		}
		tag, err := tx.Exec(ctx, sql, args...)
		changed = tag.RowsAffected()
		return err
	})
	return changed, err
}

// storable reports whether PostgreSQL can store the texts among the arguments of a query. It stores no invalid UTF-8
// and no zero bytes, so nothing in it can match those.
func storable(args []any) bool {
	return !slices.ContainsFunc(args, func(arg any) bool {
		v := reflect.ValueOf(arg)
		return v.Kind() == reflect.String && (!utf8.ValidString(v.String()) || strings.ContainsRune(v.String(), 0))
	})
}

func orNotFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return journey.ErrNotFound
	}
	return err
}
