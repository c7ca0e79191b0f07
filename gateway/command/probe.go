package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/probe"
	"paygate/journey"
)

// probing is what was asked for.
type probing struct {
	staging, live bool
	route         string
	form, kind    string
	header        []string
	expect        string
	fill          map[string]string // of wildcards, by name
	timeout       time.Duration
}

const probeArguments = `-staging [-route NAME] [-form 'name=Ann&…'] [-cookie 'a=b; …'] [-expect TEXT]

Asks the service itself, past Paygate, which spellings of a pay route's address reach the pay code, and prints
those that Paygate would let through as settings. It is for staging: each of some hundred requests is sent
unpaid and RUNS THE PAY CODE. Exit status 3 when there is something to be set, or to be looked at.
`

// probeRoutes is the command probe.
func probeRoutes(ctx context.Context, w World, args []string) error {
	p := probing{kind: probe.FormType, fill: map[string]string{}, timeout: 10 * time.Second}
	_, err := w.flags("probe", probeArguments, args, 0, p.define)
	if err != nil {
		return err
	}
	settings, err := config.Load(w.Environ)
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
	fmt.Fprintf(out, "WARNING: probe sends hundreds of unpaid requests straight to %s, and those that arrive RUN THE PAY CODE:\n"+
		"WARNING: licences are made, fines are marked as paid, mail is sent. It is for a staging copy of the service, and for nothing else.\n", s.Upstream)
	switch {
	case !p.staging:
		fmt.Fprintln(out, "paygate probe: nothing was sent; if this is staging, say so by -staging")
	case s.Live && !p.live:
		fmt.Fprintln(out, "paygate probe: nothing was sent: PAYGATE_PAY_MODE is live; if the service is a staging copy all the same, say so by -live")
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
		result, err := p.probe(ctx, service, s, r)
		if err != nil {
			return fmt.Errorf("route %s: %w", r.Name, err)
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
	host := s.PublicURL.Host
	if s.UpstreamHost != "" {
		host = s.UpstreamHost
	}
	header := []string{"X-Forwarded-Host: " + s.PublicURL.Host, "X-Forwarded-Proto: " + s.PublicURL.Scheme}
	return probe.Service{
		URL: s.Upstream, TLS: trust, Host: host, Timeout: p.timeout, Header: append(header, p.header...), Form: p.form, Type: p.kind,
	}, nil
}

// probed is what became of one route's spellings.
type probed struct {
	certain bool // by -expect
	gated   bool // the service refuses the plain address unpaid
	asked   int
	found   []reaching // those that reached the code, or may have
}

// reaching is a spelling that reaches the code, and what Paygate does with it.
type reaching struct {
	probe.Spelling
	verdict probe.Verdict
	fate    gateway.Fate
}

func (p *probing) probe(ctx context.Context, service probe.Service, s config.Settings, r gateway.Route) (probed, error) {
	address, err := p.address(s, r)
	if err != nil {
		return probed{}, err
	}
	if r.Terms.Kind == journey.KindPass {
		service.Form = ""
	}
	plain := probe.Spelling{Method: address.Method, Target: withQuery(address.Path, address.Query)}
	yardstick, gated, err := measure(ctx, service, plain, probe.Yardstick{Path: address.Path, Expect: p.expect})
	if err != nil {
		return probed{}, err
	}
	result := probed{certain: p.expect != "", gated: gated}
	judge := judgeOf(s, s.Routes)
	for _, spelling := range probe.Spellings(address) {
		verdict, err := verdictOn(ctx, service, spelling, yardstick)
		if err != nil {
			return probed{}, err
		}
		result.asked++
		if verdict != probe.NotRun {
			result.found = append(result.found, reaching{spelling, verdict, judge.Fate(spelling.Method, spelling.Target)})
		}
	}
	if verdict, err := askAgain(ctx, service, plain, yardstick, gated); err != nil || verdict == probe.NotRun || verdict == probe.Unclear {
		return probed{}, errors.Join(err, errors.New("the plain address is answered otherwise now than at the start, so that nothing can be said; has the form been used up, or the log-in ended?"))
	}
	return result, nil
}

// address is the route's own, its wildcards filled.
func (p *probing) address(s config.Settings, r gateway.Route) (probe.Address, error) {
	values := map[string]string{}
	for _, name := range r.Match.Names() {
		values[name] = "1"
	}
	maps.Copy(values, p.fill)
	path, query, _ := strings.Cut(r.Match.Address(values), "?")
	if path == "" {
		return probe.Address{}, errors.New("-fill does not make an address of its MATCH")
	}
	return probe.Address{Method: r.Match.Method(), Path: path, Query: query, Host: s.PublicURL.Host}, nil
}

func withQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// ask wants an answer.
func ask(ctx context.Context, service probe.Service, spelling probe.Spelling, paid bool) (probe.Answer, error) {
	answer, err := service.Ask(ctx, spelling, paid)
	if err != nil && !errors.Is(err, probe.ErrNoAnswer) {
		return answer, fmt.Errorf("the service cannot be reached: %s", unanswered(err))
	}
	return answer, err
}

// verdictOn asks for a spelling and judges the answer.
func verdictOn(ctx context.Context, service probe.Service, spelling probe.Spelling, y probe.Yardstick) (probe.Verdict, error) {
	answer, err := ask(ctx, service, spelling, false)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, probe.ErrNoAnswer):
		return probe.Unclear, nil
	case err != nil:
		return "", err
	}
	return y.Measure(answer), nil
}

func askAgain(ctx context.Context, service probe.Service, plain probe.Spelling, y probe.Yardstick, paid bool) (probe.Verdict, error) {
	answer, err := ask(ctx, service, plain, paid)
	if err != nil {
		return "", err
	}
	return y.Measure(answer), nil
}

// measure learns what the code's answers look like, and others. gated says that the service refuses the plain address unpaid:
// its answer to a paid request is the measure then.
func measure(ctx context.Context, service probe.Service, plain probe.Spelling, y probe.Yardstick) (_ probe.Yardstick, gated bool, err error) {
	if y.Plain, err = askTwice(ctx, service, plain, false); err != nil {
		return y, false, err
	}
	if y.Plain[0].Refuses() {
		refusal := y.Plain[0]
		if y.Plain, err = askTwice(ctx, service, plain, true); err != nil {
			return y, false, err
		}
		if y.Plain[0].Refuses() {
			return y, false, fmt.Errorf("the service refuses the plain address, status %d: what does it want by -form, -cookie or -header?", refusal.Status)
		}
		gated = true
		y.Absent = append(y.Absent, refusal)
	}
	for _, path := range []string{probe.Nowhere, y.Path[:strings.LastIndexByte(y.Path, '/')] + probe.Nowhere} {
		answer, err := ask(ctx, service, probe.Spelling{Method: plain.Method, Target: path}, false)
		if err != nil {
			return y, gated, err
		}
		y.Absent = append(y.Absent, answer)
	}
	y.Absent = append(y.Absent, others(ctx, service, plain, y)...)
	return y, gated, inWordsOfFlags(y.Check())
}

// others are answers of what is other code, perhaps: the front page, the page with the form. Those that are like the code's are
// left out; where they are the code's, the spellings will tell.
func others(ctx context.Context, service probe.Service, plain probe.Spelling, y probe.Yardstick) []probe.Answer {
	formless := service
	formless.Form = ""
	var found []probe.Answer
	for _, s := range []probe.Spelling{{Method: plain.Method, Target: "/"}, {Method: plain.Method, Target: "/index.php"}, {Method: http.MethodGet, Target: plain.Target}} {
		asked := service
		if s.Method == http.MethodGet {
			asked = formless
		}
		if answer, err := ask(ctx, asked, s, false); err == nil && !answer.Resembles(y.Plain[0]) {
			found = append(found, answer)
		}
	}
	return found
}

func askTwice(ctx context.Context, service probe.Service, plain probe.Spelling, paid bool) ([]probe.Answer, error) {
	var answers []probe.Answer
	for range 2 {
		answer, err := ask(ctx, service, plain, paid)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

func inWordsOfFlags(err error) error {
	switch {
	case errors.Is(err, probe.ErrNoText), errors.Is(err, probe.ErrTextElsewhere):
		return fmt.Errorf("-expect: %w", err)
	case err != nil:
		return fmt.Errorf("%w: -expect TEXT tells them apart, or a -form that the pay code accepts, or -cookie", err)
	default:
		return nil
	}
}
