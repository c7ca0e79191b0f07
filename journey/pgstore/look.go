package pgstore

import (
	"context"
	"fmt"
	"time"
)

// Look tells whether the database behind a postgres:// URL can be used, without using it: it connects once, changes nothing, and
// fails in the words of [Open]. Whether the tables are up to date, and which secrets they need, only Open tells.
func Look(ctx context.Context, url string, patience time.Duration) error {
	config, err := parse(url, patience)
	if err != nil {
		return err
	}
	if err := lookOver(ctx, config, patience); err != nil {
		return fmt.Errorf("the store %s %w", where(config), err)
	}
	return nil
}
