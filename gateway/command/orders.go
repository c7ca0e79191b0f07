package command

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"strings"

	"paygate/journey"
)

// reasoned reads the flags of an order, all of which need a reason but for check-now.
func (w Env) reasoned(name, arguments string, args []string, define func(*flag.FlagSet)) (id, reason string, err error) {
	rest, err := w.flags(name, arguments, args, 1, func(set *flag.FlagSet) {
		set.StringVar(&reason, "reason", "", "why; it stays in the history, with your name")
		if define != nil {
			define(set)
		}
	})
	if err != nil {
		return "", "", err
	}
	if id, err = w.journeyID(name, rest); err != nil {
		return "", "", err
	}
	if strings.TrimSpace(reason) == "" {
		fmt.Fprintf(w.Stderr, "paygate %s: -reason is needed\n", name)
		return "", "", errUsage
	}
	return id, reason, nil
}

// checkNow asks GOV.UK Pay about a journey and does what is owed.
func checkNow(ctx context.Context, w Env, args []string) error {
	rest, err := w.flags("check-now", "ID", args, 1, nil)
	if err != nil {
		return err
	}
	id, err := w.journeyID("check-now", rest)
	if err != nil {
		return err
	}
	return w.order(ctx, http.MethodPost, "journeys/"+id+"/check", nil)
}

// release has a paid request sent now, or once more.
func release(ctx context.Context, w Env, args []string) error {
	id, reason, err := w.reasoned("release", "-reason TEXT ID", args, nil)
	if err != nil {
		return err
	}
	return w.order(ctx, http.MethodPost, "journeys/"+id+"/release", map[string]any{"reason": reason})
}

// refund gives money back.
func refund(ctx context.Context, w Env, args []string) error {
	amount := ""
	id, reason, err := w.reasoned("refund", "-amount POUNDS -reason TEXT ID", args, func(set *flag.FlagSet) {
		set.StringVar(&amount, "amount", "", "pounds and pence, such as 5.00")
	})
	if err != nil {
		return err
	}
	pence, err := journey.ParsePounds(amount)
	if err != nil {
		fmt.Fprintf(w.Stderr, "paygate refund: -amount %v\n", err)
		return errUsage
	}
	return w.order(ctx, http.MethodPost, "journeys/"+id+"/refund", map[string]any{"reason": reason, "amount_pence": pence})
}

// settle ends a stuck journey as a person decided.
func settle(ctx context.Context, w Env, args []string) error {
	as := ""
	id, reason, err := w.reasoned("settle", "-as released|reversed|retry -reason TEXT ID", args, func(set *flag.FlagSet) {
		set.StringVar(&as, "as", "", "released, reversed or retry")
	})
	if err != nil {
		return err
	}
	if as != "released" && as != "reversed" && as != "retry" {
		fmt.Fprintln(w.Stderr, "paygate settle: -as must be released, reversed or retry")
		return errUsage
	}
	return w.order(ctx, http.MethodPost, "journeys/"+id+"/settle", map[string]any{"reason": reason, "as": as})
}
