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
	a, err := e.about(name, "ID", args, func(*flag.FlagSet) {})
	if err != nil {
		return err
	}
	return e.carryOut(ctx, a, method, action, nil)
}

// release sends a paid request now, or once more.
func release(ctx context.Context, e Env, args []string) error {
	return e.orderWithReason(ctx, "release", args)
}

// orderWithReason runs a command about one journey that needs a reason and nothing else.
func (e Env) orderWithReason(ctx context.Context, name string, args []string) error {
	a, err := e.reasoned(name, "-reason TEXT ID", args, nil)
	if err != nil {
		return err
	}
	return e.carryOut(ctx, a, http.MethodPost, "/"+name, map[string]any{"reason": a.reason})
}

// giveBack returns the money of something that was not given.
func giveBack(ctx context.Context, e Env, args []string) error {
	return e.orderWithReason(ctx, "return", args)
}

// refund gives money back.
func refund(ctx context.Context, e Env, args []string) error {
	var pounds amount
	a, err := e.reasoned("refund", "-amount POUNDS -reason TEXT ID", args, pounds.define)
	if err != nil {
		return err
	}
	pence, err := pounds.pence(e, "refund")
	if err != nil {
		return err
	}
	body := map[string]any{"reason": a.reason, "amount_pence": pence}
	return e.carryOut(ctx, a, http.MethodPost, "/refund", body)
}

// amount is the flag for an amount in pounds.
type amount string

func (a *amount) define(set *flag.FlagSet) {
	set.StringVar((*string)(a), "amount", "", "pounds, such as 5, 5.00 or 1,180.00")
}

func (a amount) pence(e Env, command string) (int64, error) {
	pence, err := journey.ParsePounds(strings.TrimPrefix(strings.TrimSpace(string(a)), "£"))
	if err != nil {
		return 0, e.wrongUse(command, "-amount %v", err)
	}
	return pence, nil
}

// settle ends a stuck journey as a person decided.
func settle(ctx context.Context, e Env, args []string) error {
	as := ""
	const arguments = "-as released|reversed|retry -reason TEXT ID"
	a, err := e.reasoned("settle", arguments, args, func(set *flag.FlagSet) {
		set.StringVar(&as, "as", "", "released, reversed or retry")
	})
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"released", "reversed", "retry"}, as) {
		return e.wrongUse("settle", "-as must be released, reversed or retry")
	}
	return e.carryOut(ctx, a, http.MethodPost, "/settle", map[string]any{"reason": a.reason, "as": as})
}

// reasoned reads the flags of an order that needs a reason.
func (e Env) reasoned(
	name, arguments string, args []string, define func(*flag.FlagSet),
) (a about, err error) {
	reason := ""
	a, err = e.about(name, arguments, args, func(set *flag.FlagSet) {
		set.StringVar(&reason, "reason", "", "why; it stays in the history, with your name")
		if define != nil {
			define(set)
		}
	})
	if a.reason = reason; err == nil && strings.TrimSpace(reason) == "" {
		err = e.wrongUse(name, "-reason is needed")
	}
	return a, err
}

// about reads the flags of a command about one journey.
func (e Env) about(name, arguments string, args []string, define func(*flag.FlagSet)) (a about, err error) {
	rest, err := e.flags(name, arguments, args, 1, func(set *flag.FlagSet) {
		set.StringVar(&a.format, "format", "text", "text or json")
		define(set)
	})
	if err != nil {
		return a, err
	}
	if a.format != "text" && a.format != "json" {
		return a, e.wrongUse(name, "-format must be text or json")
	}
	a.id, err = e.journeyID(name, rest)
	return a, err
}

// approve carries out what waits for a second person, if it gives back the amount that they name.
func approve(ctx context.Context, e Env, args []string) error {
	var pounds amount
	a, err := e.about("approve", "-amount POUNDS ID", args, pounds.define)
	if err != nil {
		return err
	}
	pence, err := pounds.pence(e, "approve")
	if err != nil {
		return err
	}
	return e.carryOut(ctx, a, http.MethodPost, "/approve", map[string]any{"amount_pence": pence})
}

// reject ends what waits for a second person. The person who asked withdraws it so.
func reject(ctx context.Context, e Env, args []string) error {
	return e.orderWithReason(ctx, "reject", args)
}
