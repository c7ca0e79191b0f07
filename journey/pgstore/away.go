package pgstore

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// IsAway reports whether an error says that the database is away: it may come back although nobody changes a setting.
func IsAway(err error) bool {
	if usageError(err) != nil || errors.Is(err, ErrURL) {
		return false
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return isAwayCode(refused.Code)
	}
	_, isNetwork := errors.AsType[net.Error](err)
	return isNetwork || errors.As(err, new(connectionError)) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// isAwayCode reports whether a server refuses anybody at the moment: it starts, stops, has no connection left, or was
// cut off.
func isAwayCode(code string) bool {
	return strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "08") || code == "53300"
}

// Away returns a store for the time until the database can be used: each call that needs it fails with the cause.
func Away(o Options, cause error) *Store {
	s := newStore(o)
	s.away = cause
	return s
}
