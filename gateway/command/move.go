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

// moveStore copies all that one store keeps into another, while neither is in use.
func moveStore(ctx context.Context, w Env, args []string) error {
	var from, to string
	_, err := w.flags("move", "-from STORE -to STORE", args, 0, func(set *flag.FlagSet) {
		set.StringVar(&from, "from", "", "the store to copy, as in PAYGATE_STORE; it stays as it is")
		set.StringVar(&to, "to", "", "the store to fill; empty, or left by a move from the same store that was broken off.\n"+
			"A password is better in PGPASSWORD or PGPASSFILE than in a postgres:// URL here, where others see it")
	})
	if err != nil {
		return err
	}
	m, err := config.LoadMove(w.Environ, from, to)
	if err != nil {
		return err
	}
	return w.move(ctx, m)
}

// resting is a store that nobody else uses until it is closed.
type resting interface {
	move.Store
	Close() error
}

func (w Env) move(ctx context.Context, m config.Move) (err error) {
	sealer, err := seal.New(m.Secrets)
	if err != nil {
		return err
	}
	if _, err := os.Stat(m.From.Path); m.From.Kind == config.Bbolt && errors.Is(err, fs.ErrNotExist) { // else it would be made
		return fmt.Errorf("the store %s does not exist", m.From.Path)
	}
	from, err := w.openResting(ctx, m.From, sealer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := w.openResting(ctx, m.To, sealer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	result, err := move.Copy(ctx, move.Options{
		From: from, To: to, Opener: sealer,
		Copied: func(journeys int) { fmt.Fprintf(w.Stderr, "%d journeys copied\n", journeys) },
	})
	if err == nil {
		printMoved(w.Stdout, result)
	}
	return err
}

// movePatience is how long one step may take at a database; a page of large requests takes its time.
const movePatience = 30 * time.Second

func (w Env) openResting(ctx context.Context, s config.Store, sealer *seal.Sealer) (resting, error) {
	log := slog.New(slog.NewTextHandler(w.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if s.Kind == config.Bbolt {
		return boltstore.Open(s.Path, boltstore.Options{Sealer: sealer, Log: log})
	}
	return pgstore.Open(ctx, s.Path, pgstore.Options{Sealer: sealer, Log: log, Patience: movePatience, Alone: true})
}

func printMoved(out io.Writer, r move.Result) {
	line := func(name, format string, values ...any) {
		fmt.Fprintf(out, "%-10s %s\n", name, fmt.Sprintf(format, values...))
	}
	journeys, states := 0, []string{}
	for _, state := range journey.States() {
		if n := r.States[state]; n > 0 {
			journeys += n
			states = append(states, fmt.Sprintf("%s %d", state, n))
		}
	}
	line("journeys", "%d: %s", journeys, strings.Join(states, ", "))
	line("money", "prices %s, at GOV.UK Pay %s, refunded %s", journey.Pounds(r.Price), journey.Pounds(r.Money), journey.Pounds(r.Refunded))
	line("payments", "%d", r.Payments)
	line("requests", "%d held", r.Requests)
	line("replies", "%d kept", r.Replies)
	line("due", "%d", r.Due)
	line("values", "%d", r.Values)
	line("marks", "%d", r.Marks)
	for _, id := range r.Damaged {
		line("damaged", "%s, copied as it is", id)
	}
	if r.Left > 0 {
		line("left", "%d, sealed under a secret that PAYGATE_SECRETS does not list, stay behind", r.Left)
	}
	fmt.Fprintf(out, "Both stores hold the same; %d journeys were copied now. Set PAYGATE_STORE to the new one, and put the old one away.\n", r.Copied)
}
