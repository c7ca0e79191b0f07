package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Look reports whether the database of a postgres:// URL can be used, without using it: it connects once, changes
// nothing, and fails with the messages of [Open]. Only Open checks the tables and the secrets that they need. It
// returns the database's time.
func Look(ctx context.Context, url string, timeout time.Duration) (now time.Time, err error) {
	config, err := parse(url, timeout)
	if err != nil {
		return now, err
	}
	if now, err = checkServer(ctx, config, timeout); err != nil {
		return now, fmt.Errorf("the store %s %w", location(config), err)
	}
	return now, nil
}

const serverState = `SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',
	current_setting('synchronous_commit') = 'off', current_schema() IS NULL,
	to_regclass($1) IS NULL AND NOT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
	clock_timestamp()`

// checkServer connects once and checks that the server keeps journeys safe. It returns the server's time.
func checkServer(ctx context.Context, config *pgxpool.Config, timeout time.Duration) (now time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig.Copy())
	if err != nil {
		return now, explain(err, config)
	}
	defer conn.Close(ctx)
	var standby, readOnly, lossy, noSchema, noCreate bool
	err = conn.QueryRow(ctx, serverState, versionTable).Scan(&standby, &readOnly, &lossy, &noSchema, &noCreate, &now)
	if err != nil {
		return now, explain(err, config)
	}
	switch {
	case standby:
		return now, errors.New("is a standby, which accepts no writes: " +
			"name the primary server (with several hosts, add target_session_attrs=read-write)")
	case readOnly:
		return now, errors.New("accepts no writes: default_transaction_read_only is on")
	case lossy:
		return now, errors.New("may lose what it has confirmed: synchronous_commit is off and must be on for this role")
	case noSchema:
		return now, errors.New("has no schema for the tables: the role may not use any schema in its search_path")
	case noCreate:
		return now,
			fmt.Errorf("does not let the role %q create tables: GRANT CREATE ON SCHEMA, or give it a schema of "+
				"its own",
				config.ConnConfig.User)
	}
	return now, nil
}

// explain says why a server was not reached. The message contains no password.
func explain(err error, config *pgxpool.Config) error {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("cannot be reached: no answer in time (%w)", context.DeadlineExceeded)
		}
		return fmt.Errorf("cannot be reached: %w", oneLineError{err})
	}
	switch role, database := config.ConnConfig.User, config.ConnConfig.Database; refused.Code {
	case "28P01": // invalid_password
		return fmt.Errorf("refuses the password of the role %q", role)
	case "28000": // invalid_authorization_specification
		return fmt.Errorf("does not let the role %q in: %s", role, refused.Message)
	case "3D000": // invalid_catalog_name
		return fmt.Errorf("cannot be opened: the server has no database %q", database)
	case "42704", "22023", "22P02": // undefined_object, invalid_parameter_value, invalid_text_representation
		return fmt.Errorf("cannot be opened: %w has a setting that the server refuses: %s", ErrURL, refused.Message)
	case "57P03": // cannot_connect_now
		return connectionError{fmt.Errorf("cannot be reached yet: %s", refused.Message)}
	default:
		return fmt.Errorf("cannot be opened: %w", refused)
	}
}

// oneLineError puts the driver's list of attempts on one line.
type oneLineError struct{ error }

func (e oneLineError) Error() string { return oneLine(e.error.Error()) }
func (e oneLineError) Unwrap() error { return e.error }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
