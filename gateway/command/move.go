package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"paygate/gateway/config"
	"paygate/journey"
	"paygate/journey/boltstore"
	"paygate/journey/move"
	"paygate/journey/pgstore"
	"paygate/journey/seal"
)

// moveStore copies everything from one store into another, empty one, while neither is in use.
func moveStore(ctx context.Context, e Env, args []string) error {
	var from, to string
	_, err := e.flags("move", "-from STORE -to STORE", args, 0, func(set *flag.FlagSet) {
		set.StringVar(&from, "from", "", "the store to copy, as in PAYGATE_STORE; it is not changed")
		set.StringVar(&to, "to", "", "the store to fill, which must be empty.\n"+
			"Put a password into PGPASSWORD or PGPASSFILE: others can see a postgres:// URL given here")
	})
	if err != nil {
		return err
	}
	m, err := config.LoadMove(e.Environ, from, to)
	if err != nil {
		return err
	}
	return e.move(ctx, m)
}

// exclusiveStore is a store that no other process uses until it is closed.
type exclusiveStore interface {
	move.Store
	Close() error
}

func (e Env) move(ctx context.Context, m config.Move) (err error) {
	sealer, err := seal.New(m.Secrets)
	if err != nil {
		return err
	}
	if _, err := os.Stat(m.From.Path); m.From.Kind == config.Bbolt && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the store %s does not exist", m.From.Path) // opening it would create it
	}
	from, err := e.openExclusively(ctx, m.From, sealer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := e.openExclusively(ctx, m.To, sealer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	content, err := move.Copy(ctx, move.Options{
		From: from, To: to,
		Copied: func(journeys int) { fmt.Fprintf(e.Stderr, "%d journeys copied\n", journeys) },
	})
	if err == nil {
		printMoved(e.Stdout, content)
	}
	return err
}

// moveTimeout bounds one step at a database; a page of large requests takes its time.
const moveTimeout = 30 * time.Second

func (e Env) openExclusively(ctx context.Context, s config.Store, sealer *seal.Sealer) (exclusiveStore, error) {
	log := slog.New(slog.NewTextHandler(e.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if s.Kind == config.Bbolt {
		return boltstore.Open(s.Path, boltstore.Options{Sealer: sealer, Log: log})
	}
	return pgstore.Open(ctx, s.Path, pgstore.Options{Sealer: sealer, Log: log, Timeout: moveTimeout, Exclusive: true})
}

func printMoved(out io.Writer, c move.Content) {
	line := func(name, format string, values ...any) {
		fmt.Fprintf(out, "%-10s %s\n", name, fmt.Sprintf(format, values...))
	}
	journeys, states := 0, []string{}
	for _, state := range journey.States() {
		if n := c.States[state]; n > 0 {
			journeys += n
			states = append(states, fmt.Sprintf("%s %d", state, n))
		}
	}
	line("journeys", "%d: %s", journeys, strings.Join(states, ", "))
	line("money", "prices %s, at GOV.UK Pay %s, refunded %s",
		journey.Pounds(c.Price), journey.Pounds(c.Money), journey.Pounds(c.Refunded))
	line("payments", "%d", c.Payments)
	line("requests", "%d held", c.Requests)
	line("replies", "%d stored", c.Replies)
	line("due", "%d", c.Due)
	line("values", "%d", c.Values)
	line("marks", "%d", c.Marks)
	for _, id := range c.Damaged {
		line("damaged", "%s, copied as it is", id)
	}
	if c.Left > 0 {
		line("left", "%d, sealed under a secret that PAYGATE_SECRETS does not list, stay behind", c.Left)
	}
	fmt.Fprintln(out, "Both stores hold the same. Set PAYGATE_STORE to the new one, and put the old one away.")
}
