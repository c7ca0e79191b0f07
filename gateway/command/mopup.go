package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"paygate/gateway/config"
)

// mopup sweeps now, through the running gateway or, on a store that several processes share, by itself; it ends with 3
// while anything is stuck.
func mopup(ctx context.Context, w Env, args []string) error {
	if _, err := w.flags("mopup", "", args, 0, nil); err != nil {
		return err
	}
	client, err := config.LoadClient(w.Environ)
	if err != nil {
		return err
	}
	sweep := w.sweepThroughDoor
	if client.Shared {
		sweep = w.sweepAlone
	}
	stuck, err := sweep(ctx)
	if err == nil && stuck {
		fmt.Fprintln(w.Stderr, "paygate mopup: journeys are stuck and wait for a person: paygate journeys -state stuck")
		return errNeedsPerson
	}
	return err
}

func (w Env) sweepThroughDoor(ctx context.Context) (stuck bool, err error) {
	door, err := w.door()
	if err != nil {
		return false, err
	}
	var counts map[string]int
	if err := door.read(ctx, http.MethodPost, "mopup", nil, nil, &counts); err != nil {
		return false, err
	}
	w.printCounts(counts)
	var found listed
	err = door.read(ctx, http.MethodGet, "journeys", url.Values{"state": {"stuck"}, "limit": {"1"}}, nil, &found)
	return len(found.Journeys) > 0, err
}

// sweepAlone opens no doors: it needs the store, Pay and the service, and no running gateway.
func (w Env) sweepAlone(ctx context.Context) (stuck bool, err error) {
	settings, err := config.Load(w.Environ)
	if err != nil {
		return false, err
	}
	a, err := w.assemble(ctx, settings, w.logger(settings))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	counts, err := a.Sweep(ctx)
	w.printCounts(counts)
	if err != nil {
		return false, err
	}
	n, err := a.CountStuck(ctx)
	return n > 0, err
}

func (w Env) printCounts(counts map[string]int) {
	for _, word := range []string{"visited", "released", "captured", "returned", "abandoned", "waiting", "stuck", "failed"} {
		fmt.Fprintf(w.Stdout, "%-10s %d\n", word, counts[word])
	}
}
