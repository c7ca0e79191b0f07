package command

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"paygate/gateway/config"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
)

// salvage copies what can be read of a damaged bbolt file into a new one.
func salvage(ctx context.Context, e Env, args []string) error {
	files, err := e.flags("salvage", "FROM TO", args, 2, nil)
	if err != nil {
		return err
	}
	if len(files) < 2 {
		fmt.Fprintln(e.Stderr, "Usage: paygate salvage FROM TO")
		return errUsage
	}
	from, to := strings.TrimPrefix(files[0], config.Bbolt+":"), strings.TrimPrefix(files[1], config.Bbolt+":")
	m, err := config.LoadMove(e.Environ, config.Bbolt+":"+from, config.Bbolt+":"+to)
	if err != nil {
		return err
	}
	sealer, err := seal.New(m.Secrets)
	if err != nil {
		return err
	}
	found, err := boltstore.Salvage(ctx, from, to, boltstore.Options{
		Sealer: sealer, Log: slog.New(slog.NewTextHandler(e.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	printSalvaged(e.Stdout, found)
	if !found.Whole() {
		return errNeedsPerson
	}
	return nil
}

func printSalvaged(out io.Writer, s boltstore.Salvaged) {
	fmt.Fprintf(out, "Kept: %d journeys, %d held requests, %d replies.\n", s.Journeys, s.Requests, s.Replies)
	if s.Unlisted > 0 {
		fmt.Fprintf(out, "Left out: %d journeys under a secret that PAYGATE_SECRETS does not list.\n", s.Unlisted)
	}
	printIDs(out, "Lost, so look for their payments with paygate reconcile:", s.Lost)
	printIDs(out, "Not as they were written, and set aside:", s.Damaged)
	printIDs(out, "Without their held request, so a person decides once they are paid:", s.NoRequest)
	for _, part := range s.Unread {
		fmt.Fprintf(out, "Could not be read to the end: %s.\n", part)
	}
	if s.Whole() {
		fmt.Fprintln(out, "Nothing is missing.")
	}
}

func printIDs(out io.Writer, about string, ids []journey.ID) {
	if len(ids) == 0 {
		return
	}
	fmt.Fprintln(out, about)
	for _, id := range ids {
		fmt.Fprintf(out, "  %s\n", id)
	}
}
