package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paygate/gateway"
)

// attempt tries the spellings of one route, one after the other.
type attempt struct {
	*prober
	route     gateway.Route
	address   Address
	yardstick yardstick
	dryRun    *gateway.DryRun
	rewritten map[string]effect // of what Paygate makes of spellings

	asked map[Kind]int
	hits  []hit
}

// hit is a spelling that reached the code, or may have, and what Paygate does with it.
type hit struct {
	Spelling
	effect  effect
	outcome gateway.Outcome
}

// outcomeDefused is the outcome of a spelling that the service gets without what makes it reach the pay code.
const outcomeDefused gateway.Outcome = "let through without its form"

// trySpellings asks for every spelling of a route's address and prints those that reach the pay code. It reports
// whether Paygate lets none through.
func (p *prober) trySpellings(ctx context.Context, r gateway.Route) (bool, error) {
	a := attempt{
		prober: p, route: r, dryRun: dryRun(p.Settings, p.Settings.Routes),
		rewritten: map[string]effect{}, asked: map[Kind]int{},
	}
	var err error
	if a.address, err = p.address(r, p.Form); err != nil {
		return false, err
	}
	if a.yardstick, err = learn(ctx, p.service, a.address, p.Expect); err != nil {
		return false, err
	}
	for _, spelling := range Spellings(a.address, kindsFor(r)...) {
		if err := a.try(ctx, spelling); err != nil {
			return false, err
		}
	}
	if err := a.yardstick.stillHolds(ctx, p.service, a.address); err != nil {
		return false, err
	}
	a.print()
	return len(a.leaks(ran, likely, unclear)) == 0, nil
}

// kindsFor returns the kinds of spellings that may find something: a field decides nothing if WHEN names none.
func kindsFor(r gateway.Route) []Kind {
	kinds := []Kind{KindPath, KindQuery, KindMethod}
	if r.When != nil {
		kinds = append(kinds, KindField)
	}
	return kinds
}

// try asks for a spelling. If Paygate would let it through in another form (without a body, say), it asks for that.
func (a *attempt) try(ctx context.Context, spelling Spelling) error {
	a.asked[spelling.Kind]++
	effect, err := a.yardstick.try(ctx, a.service, spelling)
	if err != nil || effect == notRun {
		return err
	}
	tried := spelling.tried()
	h := hit{spelling, effect, a.dryRun.Outcome(tried)}
	if sent := a.dryRun.Sent(tried); h.outcome == gateway.OutcomeForwarded && !isSame(tried, sent) {
		if h.effect, err = a.trySent(ctx, sent); h.effect == notRun {
			h.effect, h.outcome = unclear, outcomeDefused
		}
	}
	a.hits = append(a.hits, h)
	return err
}

func isSame(tried, sent gateway.RawRequest) bool {
	return tried.Method == sent.Method && tried.Target == sent.Target && tried.Body == sent.Body &&
		len(tried.Header) == len(sent.Header)
}

// trySent asks, once, for what the service gets of a spelling that is let through.
func (a *attempt) trySent(ctx context.Context, sent gateway.RawRequest) (effect, error) {
	key := fmt.Sprint(sent)
	if known, ok := a.rewritten[key]; ok {
		return known, nil
	}
	spelling := Spelling{
		Method: sent.Method, Target: sent.Target, Body: sent.Body, Type: sent.Header.Get("Content-Type"),
	}
	for name, values := range sent.Header {
		if name != "Content-Type" {
			spelling.Header = append(spelling.Header, name+": "+strings.Join(values, ", "))
		}
	}
	effect, err := a.yardstick.try(ctx, a.service, spelling)
	if err == nil {
		a.rewritten[key] = effect
	}
	return effect, err
}

// leaks returns the spellings with one of the effects that Paygate lets through.
func (a *attempt) leaks(effects ...effect) []Spelling {
	var leaks []Spelling
	for _, h := range a.hits {
		if h.outcome == gateway.OutcomeForwarded && slices.Contains(effects, h.effect) {
			leaks = append(leaks, h.Spelling)
		}
	}
	return leaks
}
