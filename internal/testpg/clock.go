package testpg

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ClockAhead returns the URL of a schema in the same database in which the server's clock is ahead.
func ClockAhead(t testing.TB, database string, by time.Duration) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), fmt.Sprintf(`CREATE SCHEMA ahead; CREATE FUNCTION ahead.clock_timestamp()
		RETURNS timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() + interval '%d seconds' $$`,
		int(by.Seconds())))
	if err != nil {
		t.Fatal(err)
	}
	return database + "&search_path=ahead,pg_catalog"
}
