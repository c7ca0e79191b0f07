package command

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/command/probe"
	"paygate/gateway/config"
	"paygate/gateway/dial"
	"paygate/gateway/form"
	"paygate/gateway/reading"
	"paygate/journey"
)

// probing is what was asked for.
type probing struct {
	staging, live bool
	route         string
	form, kind    string
	wrong         []string // forms with mistakes
	header        []string
	expect        string
	fill          map[string]string // of wildcards, by name
	timeout       time.Duration
}

const probeArguments = `-staging [-route NAME] [-form 'name=Ann&…'] [-cookie 'a=b; …'] [-expect TEXT]

Asks the service itself, past Paygate, which spellings of a pay route's address reach the pay code, and prints
those that Paygate would let through as settings. It is for staging: each of several hundred requests is sent
unpaid and RUNS THE PAY CODE. Exit status 3 when there is something to be set, or to be looked at.
With -wrong it sends a form with a mistake and the right one of -form, follows where they lead, and prints the
settings that tell Paygate whether the service accepted a form: ACCEPT, ACCEPT_LOCATION, ACCEPT_TEXT, REFUSE_TEXT.
`

// probeRoutes is the command probe.
func probeRoutes(ctx context.Context, w Env, args []string) error {
	p := probing{kind: probe.FormType, fill: map[string]string{}, timeout: 10 * time.Second}
	_, err := w.flags("probe", probeArguments, args, 0, p.define)
	if err != nil {
		return err
	}
	settings, err := loadToProbe(w.Environ)
	if err != nil {
		return err
	}
	if p.route != "" && !slices.ContainsFunc(settings.Routes, func(r gateway.Route) bool { return r.Name == p.route }) {
		fmt.Fprintf(w.Stderr, "paygate probe: there is no route %q\n", p.route)
		return errUsage
	}
	if !p.mayRun(w.Stderr, settings) {
		return errUsage
	}
	return p.run(ctx, w.Stdout, settings)
}

func (p *probing) define(set *flag.FlagSet) {
	set.BoolVar(&p.staging, "staging", false, "the service may be sent requests that run its pay code; without it nothing is sent")
	set.BoolVar(&p.live, "live", false, "even though PAYGATE_PAY_MODE is live")
	set.StringVar(&p.route, "route", "", "the `name` of the one pay route to probe; without it, all of them")
	set.StringVar(&p.form, "form", "", "the `body` of the request, as the service's own page sends it; best one that the pay code accepts")
	set.Func("wrong", "a `body` with a mistake; probe then sends only this and -form, and prints the settings that tell the answers apart; can be repeated", func(text string) error {
		p.wrong = append(p.wrong, text)
		return nil
	})
	set.StringVar(&p.kind, "type", p.kind, "its `content type`")
	set.StringVar(&p.expect, "expect", "", "a `text` that is in the pay code's answer and in no other; without it, answers are told apart by likeness")
	set.DurationVar(&p.timeout, "timeout", p.timeout, "how long to wait for each answer")
	set.Func("cookie", "the `cookies` of a citizen who is logged in", func(text string) error { return p.addHeader("Cookie: " + text) })
	set.Func("header", "a further header, `'Name: value'`; can be repeated", p.addHeader)
	set.Func("fill", "what a wildcard of the address stands for, `name=value`; 1 where nothing is said; can be repeated", func(text string) error {
		name, value, found := strings.Cut(text, "=")
		if !found {
			return errors.New("must be name=value")
		}
		p.fill[name] = value
		return nil
	})
}

func (p *probing) addHeader(line string) error {
	if name, _, found := strings.Cut(line, ":"); !found || name == "" || strings.ContainsAny(line, "\r\n") {
		return errors.New("must be Name: value")
	}
	p.header = append(p.header, line)
	return nil
}

// mayRun warns, and refuses where nobody said that this is staging.
func (p *probing) mayRun(out io.Writer, s config.Settings) bool {
	fmt.Fprintf(out, "WARNING: probe sends unpaid requests, up to several hundred a route, straight to %s, and those that arrive RUN THE PAY CODE:\n"+
		"WARNING: licences are made, fines are marked as paid, mail is sent. It is for a staging copy of the service, and for nothing else.\n", s.Upstream)
	switch {
	case !p.staging:
		fmt.Fprintln(out, "paygate probe: nothing was sent; if this is staging, add -staging")
	case s.Live && !p.live:
		fmt.Fprintln(out, "paygate probe: nothing was sent: PAYGATE_PAY_MODE is live; if the service is a staging copy anyway, add -live")
	default:
		return true
	}
	return false
}

func (p *probing) run(ctx context.Context, out io.Writer, s config.Settings) error {
	service, err := p.service(s)
	if err != nil {
		return err
	}
	person := false
	for _, r := range s.Routes {
		switch {
		case p.route != "" && r.Name != p.route:
			continue
		case r.Mode == gateway.ModeFree:
			fmt.Fprintf(out, "route %s: is free, and so not probed\n\n", r.Name)
			continue
		}
		fmt.Fprintf(out, "route %s: %s\n", r.Name, r.Match)
		if len(p.wrong) > 0 {
			if err := p.askAcceptance(ctx, out, service, s, r); errors.Is(err, errNeedsPerson) {
				person = true
			} else if err != nil {
				return fmt.Errorf("route %s: %w", r.Name, err)
			}
			continue
		}
		result, err := p.probe(ctx, service, s, r)
		if err != nil {
			return fmt.Errorf("route %s: %w", r.Name, inWords(err, p.timeout))
		}
		result.print(out, s, r)
		person = person || result.needsPerson()
	}
	if person {
		return errNeedsPerson
	}
	return nil
}

func (p *probing) service(s config.Settings) (probe.Service, error) {
	trust, err := config.ReadUpstreamRoots(s.UpstreamCAFile)
	if err != nil {
		return probe.Service{}, err
	}
	header := []string{"X-Forwarded-Host: " + s.Origins.Main().Host, "X-Forwarded-Proto: " + s.Origins.Main().Scheme}
	return probe.Service{
		URL: s.Upstream, Socket: s.UpstreamSocket, TLS: trust, Host: cmp.Or(s.UpstreamHost, s.Origins.Main().Host), Timeout: p.timeout, Header: append(header, p.header...),
		Follow: p.expect != "", Public: s.Origins.Main().Host,
	}, nil
}

// probed is what became of one route's spellings.
type probed struct {
	measure probe.Yardstick
	filled  map[string]string // what the wildcards of the address stood for
	form    string            // of -form
	asked   int
	tried   map[probe.Kind]int
	reached []reaching // those that reached the code, or may have
}

// reaching is a spelling that reaches the code, and what Paygate does with it.
type reaching struct {
	probe.Spelling
	verdict probe.Verdict
	fate    gateway.Fate
}

// probe asks for every spelling of a route's address, one after the other.
func (p *probing) probe(ctx context.Context, service probe.Service, s config.Settings, r gateway.Route) (probed, error) {
	result := probed{filled: p.filling(r), form: p.form, tried: map[probe.Kind]int{}}
	path, query, _ := strings.Cut(r.Match.Address(result.filled), "?")
	if path == "" {
		return result, errors.New("-fill does not make an address of its MATCH")
	}
	address := p.address(s, r, path, query)
	var err error
	if result.measure, err = probe.Learn(ctx, service, address, p.expect); err != nil {
		return result, err
	}
	asking := asking{service, result.measure, judgeOf(s, s.Routes), map[string]probe.Verdict{}}
	for _, spelling := range probe.Spellings(address, kindsFor(r)...) {
		reached, err := asking.try(ctx, spelling)
		if err != nil {
			return result, err
		}
		result.tried[spelling.Kind]++
		result.asked++
		if reached.verdict != probe.NotRun {
			result.reached = append(result.reached, reached)
		}
	}
	holds, err := probe.Holds(ctx, service, result.measure, address)
	if err == nil && !holds {
		err = errors.New("the plain address is answered otherwise now than at the start, so that nothing can be said; has the form been used up, or the log-in ended?")
	}
	return result, err
}

// kindsFor are the kinds of spellings that may find something: a field decides nothing where WHEN names none.
func kindsFor(r gateway.Route) []probe.Kind {
	kinds := []probe.Kind{probe.KindPath, probe.KindQuery, probe.KindMethod}
	if r.When != nil {
		kinds = append(kinds, probe.KindField)
	}
	return kinds
}

// asking asks one service, and remembers what it answered.
type asking struct {
	service probe.Service
	measure probe.Yardstick
	judge   *gateway.Judge
	known   map[string]probe.Verdict // of what Paygate makes of spellings
}

// try asks for a spelling as it is. What Paygate lets through in another form (without a body, say) is asked for in that form.
func (a asking) try(ctx context.Context, spelling probe.Spelling) (reaching, error) {
	verdict, err := probe.Try(ctx, a.service, a.measure, spelling)
	if err != nil || verdict == probe.NotRun {
		return reaching{spelling, verdict, ""}, err
	}
	tried := triedOf(spelling)
	fate := a.judge.Fate(tried)
	sent := a.judge.Sent(tried)
	if fate != gateway.FateForwarded || isSame(tried, sent) {
		return reaching{spelling, verdict, fate}, nil
	}
	verdict, err = a.trySent(ctx, sent)
	if verdict == probe.NotRun {
		return reaching{spelling, probe.Unclear, fateDefused}, err
	}
	return reaching{spelling, verdict, fate}, err
}

// fateDefused is that of a spelling which the service gets without what makes it reach the pay code.
const fateDefused gateway.Fate = "let through without its form"

func (a asking) trySent(ctx context.Context, sent gateway.Tried) (probe.Verdict, error) {
	key := fmt.Sprint(sent)
	if verdict, known := a.known[key]; known {
		return verdict, nil
	}
	spelling := probe.Spelling{Method: sent.Method, Target: sent.Target, Body: sent.Body, Type: sent.Header.Get("Content-Type")}
	for name, values := range sent.Header {
		if name != "Content-Type" {
			spelling.Header = append(spelling.Header, name+": "+strings.Join(values, ", "))
		}
	}
	verdict, err := probe.Try(ctx, a.service, a.measure, spelling)
	if err == nil {
		a.known[key] = verdict
	}
	return verdict, err
}

func isSame(tried, sent gateway.Tried) bool {
	return tried.Method == sent.Method && tried.Target == sent.Target && tried.Body == sent.Body && len(tried.Header) == len(sent.Header)
}

// address is the route's address with the form that is sent there. The field that WHEN goes by is added where -form lacks it.
func (p *probing) address(s config.Settings, r gateway.Route, path, query string) probe.Address {
	a := probe.Address{Method: r.Match.Method(), Path: path, Query: query, Host: s.Origins.Main().Host}
	switch {
	case r.Terms.Kind == journey.KindPass:
		return a
	case p.kind != probe.FormType:
		a.Type, a.Body = p.kind, p.form
		return a
	}
	a.Form = p.form
	if r.When == nil {
		return a
	}
	a.Field, a.Value = r.When.Field, r.When.Value
	if fields := form.Query(p.form); !slices.ContainsFunc(fields, func(f reading.Field) bool { return f.Name == a.Field }) {
		a.Form = strings.TrimPrefix(a.Form+"&"+url.QueryEscape(a.Field)+"="+url.QueryEscape(a.Value), "&")
	}
	return a
}

// triedOf is a spelling as the judge takes it.
func triedOf(s probe.Spelling) gateway.Tried {
	header := http.Header{}
	for _, line := range s.Header {
		name, value, _ := strings.Cut(line, ": ")
		header[name] = append(header[name], value)
	}
	if s.Type != "" {
		header["Content-Type"] = append(header["Content-Type"], s.Type)
	}
	return gateway.Tried{Method: s.Method, Target: s.Target, Header: header, Body: s.Body}
}

// filling is what the wildcards of the route's address stand for.
func (p *probing) filling(r gateway.Route) map[string]string {
	values := map[string]string{}
	for _, name := range r.Match.Names() {
		values[name] = cmp.Or(p.fill[name], "1")
	}
	return values
}

// inWords says what can be done by which flag.
func inWords(err error, timeout time.Duration) error {
	switch {
	case errors.Is(err, probe.ErrUnreachable):
		return fmt.Errorf("%w: %s", probe.ErrUnreachable, dial.Reason(err, timeout))
	case errors.Is(err, probe.ErrRefuses):
		return fmt.Errorf("%w: what does it want by -form, -cookie or -header?", err)
	case errors.Is(err, probe.ErrNoText), errors.Is(err, probe.ErrTextElsewhere):
		return fmt.Errorf("-expect: %w", err)
	case errors.Is(err, probe.ErrSame), errors.Is(err, probe.ErrPage), errors.Is(err, probe.ErrUnsteady):
		return fmt.Errorf("%w: -expect TEXT tells them apart, or a -form that the pay code accepts, or -cookie", err)
	default:
		return err
	}
}
