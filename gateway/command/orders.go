package command

import (
	"context"
	"flag"
	"net/http"
	"slices"
	"strings"

	"paygate/journey"
)

// show prints one journey with its whole history.
func show(ctx context.Context, e Env, args []string) error {
	return e.order(ctx, "show", args, http.MethodGet, "")
}

// checkNow asks GOV.UK Pay about a journey and does what is owed.
func checkNow(ctx context.Context, e Env, args []string) error {
	return e.order(ctx, "check-now", args, http.MethodPost, "/check")
}

// order runs a command about one journey that needs no reason.
func (e Env) order(ctx context.Context, name string, args []string, method, action string) error {
	rest, err := e.flags(name, "ID", args, 1, nil)
	if err != nil {
		return err
	}
	id, err := e.journeyID(name, rest)
	if err != nil {
		return err
	}
	return e.printJourney(ctx, method, "journeys/"+id+action, nil)
}

// release sends a paid request now, or once more.
func release(ctx context.Context, e Env, args []string) error {
	id, reason, err := e.reasoned("release", "-reason TEXT ID", args, nil)
	if err != nil {
		return err
	}
	return e.printJourney(ctx, http.MethodPost, "journeys/"+id+"/release", map[string]any{"reason": reason})
}

// refund gives money back.
func refund(ctx context.Context, e Env, args []string) error {
	amount := ""
	id, reason, err := e.reasoned("refund", "-amount POUNDS -reason TEXT ID", args, func(set *flag.FlagSet) {
		set.StringVar(&amount, "amount", "", "pounds and pence, such as 5.00")
	})
	if err != nil {
		return err
	}
	pence, err := journey.ParsePounds(amount)
	if err != nil {
		return e.wrongUse("refund", "-amount %v", err)
	}
	body := map[string]any{"reason": reason, "amount_pence": pence}
	return e.printJourney(ctx, http.MethodPost, "journeys/"+id+"/refund", body)
}

// settle ends a stuck journey as a person decided.
func settle(ctx context.Context, e Env, args []string) error {
	as := ""
	const arguments = "-as released|reversed|retry -reason TEXT ID"
	id, reason, err := e.reasoned("settle", arguments, args, func(set *flag.FlagSet) {
		set.StringVar(&as, "as", "", "released, reversed or retry")
	})
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"released", "reversed", "retry"}, as) {
		return e.wrongUse("settle", "-as must be released, reversed or retry")
	}
	body := map[string]any{"reason": reason, "as": as}
	return e.printJourney(ctx, http.MethodPost, "journeys/"+id+"/settle", body)
}

// reasoned reads the flags of an order that needs a reason.
func (e Env) reasoned(
	name, arguments string, args []string, define func(*flag.FlagSet),
) (id, reason string, err error) {
	rest, err := e.flags(name, arguments, args, 1, func(set *flag.FlagSet) {
		set.StringVar(&reason, "reason", "", "why; it stays in the history, with your name")
		if define != nil {
			define(set)
		}
	})
	if err != nil {
		return "", "", err
	}
	if id, err = e.journeyID(name, rest); err == nil && strings.TrimSpace(reason) == "" {
		err = e.wrongUse(name, "-reason is needed")
	}
	return id, reason, err
}

// approve carries out what waits for a second person.
func approve(ctx context.Context, e Env, args []string) error {
	return e.order(ctx, "approve", args, http.MethodPost, "/approve")
}

// reject ends what waits for a second person. The person who asked withdraws it so.
func reject(ctx context.Context, e Env, args []string) error {
	id, reason, err := e.reasoned("reject", "-reason TEXT ID", args, nil)
	if err != nil {
		return err
	}
	return e.printJourney(ctx, http.MethodPost, "journeys/"+id+"/reject", map[string]any{"reason": reason})
}
