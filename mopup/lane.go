package mopup

import (
	"context"

	"golang.org/x/sync/errgroup"

	"paygate/journey"
)

// laneWorkers is how many journeys of a lane are visited side by side.
const laneWorkers = 3

// lane is a kind of visit that is made side by side with the others: a service or an account that hangs holds up
// its own lane only, and no capture or return waits for a delivery.
type lane struct {
	account string
	route   string // empty: what is owed is between us and Pay
}

// laneOf returns the lane of a journey.
func laneOf(j journey.Journey) lane {
	switch j.State {
	case journey.StateHeld, journey.StatePaying, journey.StateConfirmed, journey.StateReleasing:
		return lane{j.Terms.Account, j.Terms.Route}
	default:
		return lane{account: j.Terms.Account}
	}
}

// lanes are due journeys by lane.
type lanes map[lane][]journey.Due

func (l lanes) add(j journey.Journey, due journey.Due) { l[laneOf(j)] = append(l[laneOf(j)], due) }

// visit visits all lanes side by side, each in the order of its list, and begins no more visits once it is over. The
// error is the context's.
func (l lanes) visit(
	ctx context.Context, isOver func() bool, visit func(context.Context, journey.Due),
) error {
	var all errgroup.Group
	for _, due := range l {
		queue := make(chan journey.Due)
		all.Go(func() error {
			defer close(queue)
			for _, d := range due {
				if isOver() {
					break
				}
				select {
				case queue <- d:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
		for range min(laneWorkers, len(due)) {
			all.Go(func() error {
				for d := range queue {
					visit(ctx, d)
				}
				return ctx.Err()
			})
		}
	}
	return all.Wait()
}
