package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lookOver connects once and asks whether journeys are safe there.
func lookOver(ctx context.Context, config *pgxpool.Config, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig.Copy())
	if err != nil {
		return inWords(err, config)
	}
	defer conn.Close(ctx)
	var standby, readOnly, lossy, homeless, forbidden bool
	err = conn.QueryRow(ctx, `SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',
		current_setting('synchronous_commit') = 'off', current_schema() IS NULL,
		to_regclass($1) IS NULL AND NOT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)`, versionTable).
		Scan(&standby, &readOnly, &lossy, &homeless, &forbidden)
	switch {
	case err != nil:
		return inWords(err, config)
	case standby:
		return errors.New("is a standby, which takes no writes: name the primary server (with several hosts, add target_session_attrs=read-write)")
	case readOnly:
		return errors.New("takes no writes: default_transaction_read_only is on")
	case lossy:
		return errors.New("may lose what it has confirmed: synchronous_commit is off and must be on for this role")
	case homeless:
		return errors.New("has no schema for the tables: the role may not use any in its search_path")
	case forbidden:
		return fmt.Errorf("does not let the role %q make tables: GRANT CREATE ON SCHEMA, or a schema of its own", config.ConnConfig.User)
	}
	return nil
}

// inWords says why a server was not reached. Its words and the driver's hold no password.
func inWords(err error, config *pgxpool.Config) error {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("cannot be reached: no answer in time (%w)", context.DeadlineExceeded)
		}
		return fmt.Errorf("cannot be reached: %w", flat{err})
	}
	switch role, database := config.ConnConfig.User, config.ConnConfig.Database; said.Code {
	case "28P01": // invalid_password
		return fmt.Errorf("refuses the password of the role %q", role)
	case "28000": // invalid_authorization_specification
		return fmt.Errorf("does not let the role %q in: %s", role, said.Message)
	case "3D000": // invalid_catalog_name
		return fmt.Errorf("cannot be opened: the server has no database %q", database)
	case "42704", "22023", "22P02": // undefined_object, invalid_parameter_value, invalid_text_representation
		return fmt.Errorf("cannot be opened: %w has a setting that the server does not take: %s", ErrURL, said.Message)
	case "57P03": // cannot_connect_now
		return fmt.Errorf("cannot be reached yet: %s", said.Message)
	default:
		return fmt.Errorf("cannot be opened: %s", said.Error())
	}
}

// flat is an error on one line.
type flat struct{ error }

func (f flat) Error() string { return oneLine(f.error.Error()) }
func (f flat) Unwrap() error { return f.error }
