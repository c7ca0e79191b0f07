package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/probe"
	"paygate/journey"
)

// loadToProbe loads settings that need not say yet how the service says yes: that is what the probe finds out.
func loadToProbe(environ []string) (config.Settings, error) {
	settings, err := config.Load(environ)
	var faults config.Faults
	if errors.As(err, &faults) {
		return settings, faults.WithoutAcceptance()
	}
	return settings, err
}

// askAcceptance sends a wrong form and a right one of a route, and prints the settings that tell their answers apart.
func (p *probing) askAcceptance(ctx context.Context, out io.Writer, service probe.Service, s config.Settings, r gateway.Route) error {
	if r.Terms.Kind == journey.KindPass {
		fmt.Fprintln(out, "  is fetched, and has no form")
		return nil
	}
	path, query, _ := strings.Cut(r.Match.Address(p.filling(r)), "?")
	if path == "" {
		return errors.New("-fill does not make an address of its MATCH")
	}
	held, err := url.Parse(s.Origins.Main().String() + r.Match.Address(p.filling(r)))
	if err != nil {
		return err
	}
	q := probe.Question{Held: held, Fields: typedInto(p.form)}
	table := answerTable{out, q, r}
	submit := func(service probe.Service, form string) (probe.Submitted, error) {
		one := *p
		one.form = form
		return service.Submit(ctx, one.address(s, r, path, query))
	}
	for _, wrong := range p.wrong {
		sent, err := submit(service, wrong)
		if err != nil {
			return inWords(err)
		}
		q.Wrong = append(q.Wrong, sent)
		table.line("a wrong form", sent)
	}
	var stranger *probe.Submitted
	if strangers := withoutCookies(service); len(strangers.Header) < len(service.Header) {
		sent, err := submit(strangers, p.form)
		if err != nil {
			return inWords(err)
		}
		table.line("without the cookies", sent)
		stranger = &sent
	}
	if q.Right, err = submit(service, p.form); err != nil {
		return inWords(err)
	}
	table.line("the right form", q.Right)
	if stranger != nil && !probe.Alike(stranger.Answer, q.Right.Answer) { // a log-in is needed
		q.Wrong = append(q.Wrong, *stranger)
	}
	return printRule(out, r, q)
}

// withoutCookies is the service as somebody asks it who is not logged in any more.
func withoutCookies(s probe.Service) probe.Service {
	var lines []string
	for _, line := range s.Header {
		if name, _, _ := strings.Cut(line, ":"); !strings.EqualFold(name, "Cookie") {
			lines = append(lines, line)
		}
	}
	s.Header = lines
	return s
}

// typedInto are the values of a form.
func typedInto(form string) []string {
	values, _ := url.ParseQuery(form)
	var typed []string
	for _, of := range values {
		typed = append(typed, of...)
	}
	return typed
}

// answerTable prints what was answered, and what the settings make of it.
type answerTable struct {
	out   io.Writer
	q     probe.Question
	route gateway.Route
}

func (t answerTable) line(what string, s probe.Submitted) {
	text := fmt.Sprint("status ", s.Status)
	if s.Leads != "" {
		text += ", leads to " + s.Leads
	}
	if s.Page != nil {
		text += fmt.Sprint(", which answers ", s.Page.Status)
	}
	if says := cmp.Or(pageOf(s).Says(), "nothing that stands out"); pageOf(s).Body != "" {
		text += fmt.Sprintf(", and says %q", says)
	}
	if t.route.Terms.Acceptance != nil {
		text += fmt.Sprintf(" (%s as the settings are)", t.q.Judge(t.route.Terms, s))
	}
	fmt.Fprintf(t.out, "  %-20s %s\n", what, text)
}

func pageOf(s probe.Submitted) probe.Answer {
	if s.Page != nil {
		return *s.Page
	}
	return s.Answer
}

func printRule(out io.Writer, r gateway.Route, q probe.Question) error {
	rule, found := q.Answer()
	if !found {
		fmt.Fprintln(out, "  No setting tells them apart: the answers to the right form and to a wrong one are alike, or the right form was not taken.\n"+
			"  Is the -form one that the service takes, and the log-in of -cookie still good? What only the page says that a redirect leads to,\n"+
			"  Paygate does not read.")
		return errNeedsPerson
	}
	fmt.Fprintln(out, "  These settings tell them apart:")
	for _, line := range [][2]string{{"ACCEPT", rule.Accept}, {"ACCEPT_LOCATION", rule.Location}, {"ACCEPT_TEXT", rule.Text}, {"REFUSE_TEXT", rule.Refuse}} {
		if line[1] != "" {
			fmt.Fprintf(out, "%s%s=%s\n", r.Setting, line[0], line[1])
		}
	}
	switch {
	case rule.Text == journey.Any:
		fmt.Fprintln(out, "  By the status alone. Try other mistakes too: some services answer each in another way.")
	case rule.Text != "" || rule.Refuse != "":
		fmt.Fprintln(out, "  If the service has Welsh pages, add their text after \" | \".")
	}
	fmt.Fprintln(out)
	return nil
}
