package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/command/probe"
	"paygate/gateway/config"
)

const probeArguments = `-staging [-route NAME] [-form 'name=Ann&…'] [-cookie 'a=b; …'] [-expect TEXT]

Asks the service itself, past Paygate, which spellings of a pay route's address reach the pay code, and prints
those that Paygate would let through as settings. It is for staging: each of several hundred requests is sent
unpaid and RUNS THE PAY CODE. The exit status is 3 if there is something to set or to look at.
With -wrong it sends a form with a mistake and the right one from -form, follows where they lead, and prints the
settings that tell Paygate whether the service accepted a form: ACCEPT, ACCEPT_LOCATION, ACCEPT_TEXT, REFUSE_TEXT.
`

// runProbe probes the service if -staging says that it is a staging copy.
func runProbe(ctx context.Context, e Env, args []string) error {
	o := probe.Options{Type: probe.FormType, Fill: map[string]string{}, Timeout: 10 * time.Second, Out: e.Stdout}
	staging, live := false, false
	_, err := e.flags("probe", probeArguments, args, 0, func(set *flag.FlagSet) {
		set.BoolVar(&staging, "staging", false,
			"the service may be sent requests that run its pay code; without it nothing is sent")
		set.BoolVar(&live, "live", false, "even though PAYGATE_PAY_MODE is live")
		defineProbe(set, &o)
	})
	if err != nil {
		return err
	}
	if o.Settings, err = loadForProbe(e.Environ); err != nil {
		return err
	}
	isNamed := func(r gateway.Route) bool { return r.Name == o.Route }
	if o.Route != "" && !slices.ContainsFunc(o.Settings.Routes, isNamed) {
		return e.wrongUse("probe", "there is no route %q", o.Route)
	}
	fmt.Fprintf(e.Stderr, "WARNING: probe sends unpaid requests, up to several hundred a route, straight to %s, "+
		"and those that arrive RUN THE PAY CODE:\n"+
		"WARNING: licences are made, fines are marked as paid, mail is sent. "+
		"It is for a staging copy of the service, and for nothing else.\n", o.Settings.Upstream)
	switch {
	case !staging:
		return e.wrongUse("probe", "nothing was sent; if this is staging, add -staging")
	case o.Settings.Live && !live:
		return e.wrongUse("probe", "nothing was sent: PAYGATE_PAY_MODE is live; "+
			"if the service is a staging copy anyway, add -live")
	}
	fine, err := probe.Run(ctx, o)
	if err == nil && !fine {
		return errNeedsPerson
	}
	return err
}

func defineProbe(set *flag.FlagSet, o *probe.Options) {
	addHeader := func(line string) error {
		if name, _, found := strings.Cut(line, ":"); !found || name == "" || strings.ContainsAny(line, "\r\n") {
			return errors.New("must be Name: value")
		}
		o.Header = append(o.Header, line)
		return nil
	}
	set.StringVar(&o.Route, "route", "", "the `name` of the one pay route to probe; without it, all of them")
	set.StringVar(&o.Form, "form", "",
		"the `body` of the request, as the service's own page sends it; ideally one that the pay code accepts")
	set.Func("wrong", "a `body` with a mistake; probe then sends only this and -form, "+
		"and prints the settings that tell the answers apart; can be repeated",
		func(text string) error { o.Wrong = append(o.Wrong, text); return nil })
	set.StringVar(&o.Type, "type", o.Type, "its `content type`")
	set.StringVar(&o.Expect, "expect", "",
		"a `text` that is only in the pay code's answer; without it, answers are told apart by similarity")
	set.DurationVar(&o.Timeout, "timeout", o.Timeout, "how long to wait for each answer")
	set.Func("cookie", "the `cookies` of a citizen who is logged in",
		func(text string) error { return addHeader("Cookie: " + text) })
	set.Func("header", "a further header, `'Name: value'`; can be repeated", addHeader)
	set.Func("fill", "the value of a wildcard in the address, `name=value`; 1 if none is given; can be repeated",
		func(text string) error {
			name, value, found := strings.Cut(text, "=")
			if !found {
				return errors.New("must be name=value")
			}
			o.Fill[name] = value
			return nil
		})
}

// loadForProbe loads settings that need not say which answers mean yes: the probe finds that out.
func loadForProbe(environ []string) (config.Settings, error) {
	settings, err := config.Load(environ)
	if faults, ok := errors.AsType[config.Faults](err); ok {
		return settings, faults.WithoutAcceptance()
	}
	return settings, err
}
