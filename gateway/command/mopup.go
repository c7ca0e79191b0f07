package command

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// mopup sweeps now, through the running gateway, and ends with 3 while anything is stuck.
func mopup(ctx context.Context, w World, args []string) error {
	if _, err := w.flags("mopup", "", args, 0, nil); err != nil {
		return err
	}
	door, err := w.door()
	if err != nil {
		return err
	}
	var counts map[string]int
	if err := door.read(ctx, http.MethodPost, "mopup", nil, nil, &counts); err != nil {
		return err
	}
	for _, word := range []string{"visited", "released", "captured", "returned", "abandoned", "waiting", "stuck", "failed"} {
		fmt.Fprintf(w.Stdout, "%-10s %d\n", word, counts[word])
	}
	var stuck listed
	if err := door.read(ctx, http.MethodGet, "journeys", url.Values{"state": {"stuck"}, "limit": {"1"}}, nil, &stuck); err != nil {
		return err
	}
	if len(stuck.Journeys) > 0 {
		fmt.Fprintln(w.Stderr, "paygate mopup: journeys are stuck and wait for a person: paygate journeys -state stuck")
		return errNeedsPerson
	}
	return nil
}
