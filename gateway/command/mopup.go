package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"paygate/gateway/config"
)

// mopup sweeps now, through the running gateway or, on a store that several processes share, by itself.
func mopup(ctx context.Context, e Env, args []string) error {
	if _, err := e.flags("mopup", "", args, 0, nil); err != nil {
		return err
	}
	client, err := config.LoadClient(e.Environ)
	if err != nil {
		return err
	}
	sweep := e.sweepThroughGateway
	if client.Shared {
		sweep = e.sweepAlone
	}
	stuck, err := sweep(ctx)
	if err == nil && stuck {
		fmt.Fprintln(e.Stderr, "paygate mopup: journeys are stuck and wait for a person: paygate journeys -state stuck")
		return errNeedsPerson
	}
	return err
}

func (e Env) sweepThroughGateway(ctx context.Context) (stuck bool, err error) {
	var counts map[string]int
	asking, stop := context.WithCancel(ctx)
	go printProgress(asking, e)
	err = e.read(ctx, http.MethodPost, "mopup", nil, nil, &counts)
	if stop(); err != nil {
		return false, err
	}
	e.printCounts(counts)
	var found journeyList
	err = e.read(ctx, http.MethodGet, "journeys", url.Values{"state": {"stuck"}, "limit": {"1"}}, nil, &found)
	return len(found.Journeys) > 0, err
}

// progressEvery is how often the command says how far a sweep is.
const progressEvery = 5 * time.Second

// printProgress says how far the gateway's sweep is, until the context ends.
func printProgress(ctx context.Context, e Env) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(progressEvery):
		}
		var now struct {
			Running bool
			Counts  map[string]int
		}
		if err := e.read(ctx, http.MethodGet, "mopup", nil, nil, &now); err == nil && now.Running {
			fmt.Fprintf(e.Stderr, "paygate mopup: %d journeys visited so far\n", now.Counts["visited"])
		}
	}
}

// sweepAlone needs the store, Pay and the service, but no running gateway.
func (e Env) sweepAlone(ctx context.Context) (stuck bool, err error) {
	settings, err := config.Load(e.Environ)
	if err != nil {
		return false, err
	}
	a, err := e.assemble(ctx, settings, e.logger(settings))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	counts, err := a.Sweep(ctx)
	e.printCounts(counts)
	if err != nil {
		return false, err
	}
	n, err := a.CountStuck(ctx)
	return n > 0, err
}

func (e Env) printCounts(counts map[string]int) {
	words := []string{"visited", "released", "captured", "returned", "abandoned", "waiting", "stuck", "failed"}
	for _, word := range words {
		fmt.Fprintf(e.Stdout, "%-10s %d\n", word, counts[word])
	}
}
