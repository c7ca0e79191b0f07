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
	"paygate/gateway/command/probe"
	"paygate/gateway/config"
	"paygate/journey"
)

// loadToProbe loads settings, which need not say how the service says yes: the probe finds that out.
func loadToProbe(environ []string) (config.Settings, error) {
	settings, err := config.Load(environ)
	var faults config.Faults
	if errors.As(err, &faults) {
		return settings, faults.WithoutAcceptance()
	}
	return settings, err
}

// askAcceptance sends wrong forms and the right one to a route, and prints the settings that tell their answers apart.
func (p *probing) askAcceptance(
	ctx context.Context, out io.Writer, service probe.Service, s config.Settings, r gateway.Route,
) error {
	if r.Terms.Kind == journey.KindPass {
		fmt.Fprintln(out, "  is a pass, which has no form")
		return nil
	}
	address := r.Match.Address(p.filling(r))
	path, query, _ := strings.Cut(address, "?")
	if path == "" {
		return errors.New("-fill does not make an address of its MATCH")
	}
	held, err := url.Parse(s.Origins.Main().String() + address)
	if err != nil {
		return err
	}
	asked := questioning{out: out, route: r, question: probe.Question{Held: held, Fields: typedInto(p.form)}}
	asked.submit = func(service probe.Service, form string) (probe.Submitted, error) {
		one := *p
		one.form = form
		return service.Submit(ctx, one.address(s, r, path, query))
	}
	if err := asked.ask(service, p.form, p.wrong); err != nil {
		return inWords(err, p.timeout)
	}
	return printRule(out, r, asked.question)
}

// questioning sends the forms of one route and prints the answers.
type questioning struct {
	out      io.Writer
	route    gateway.Route
	submit   func(probe.Service, string) (probe.Submitted, error)
	question probe.Question
}

// ask sends the right form last, because a service may accept it only once.
func (a *questioning) ask(service probe.Service, right string, wrong []string) error {
	for _, form := range wrong {
		sent, err := a.send("a wrong form", service, form)
		if err != nil {
			return err
		}
		a.question.Wrong = append(a.question.Wrong, sent)
	}
	var stranger *probe.Submitted
	if strangers := withoutCookies(service); len(strangers.Header) < len(service.Header) {
		sent, err := a.send("without the cookies", strangers, right)
		if err != nil {
			return err
		}
		stranger = &sent
	}
	var err error
	a.question.Right, err = a.send("the right form", service, right)
	if err == nil && stranger != nil && !probe.Alike(stranger.Answer, a.question.Right.Answer) { // a log-in is needed
		a.question.Wrong = append(a.question.Wrong, *stranger)
	}
	return err
}

// send sends a form, and prints the answer and what it means with the present settings.
func (a *questioning) send(what string, service probe.Service, form string) (probe.Submitted, error) {
	sent, err := a.submit(service, form)
	if err != nil {
		return sent, err
	}
	text := fmt.Sprint("status ", sent.Status)
	if sent.Leads != "" {
		text += ", leads to " + sent.Leads
	}
	if sent.Page != nil {
		text += fmt.Sprint(", which answers ", sent.Page.Status)
	}
	if page := pageOf(sent); page.Body != "" {
		text += fmt.Sprintf(", and says %q", cmp.Or(page.Says(), "nothing that stands out"))
	}
	if a.route.Terms.Acceptance != nil {
		text += fmt.Sprintf(" (%s with these settings)", a.question.Judge(a.route.Terms, sent))
	}
	fmt.Fprintf(a.out, "  %-20s %s\n", what, text)
	return sent, nil
}

// withoutCookies returns the service as asked by somebody whose session has ended.
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

// typedInto returns the values of a form.
func typedInto(form string) []string {
	values, _ := url.ParseQuery(form)
	var typed []string
	for _, of := range values {
		typed = append(typed, of...)
	}
	return typed
}

// pageOf returns the page that people see in the end.
func pageOf(s probe.Submitted) probe.Answer {
	if s.Page != nil {
		return *s.Page
	}
	return s.Answer
}

func printRule(out io.Writer, r gateway.Route, q probe.Question) error {
	rule, found := q.Answer()
	if !found {
		fmt.Fprintln(out, "  No setting tells them apart: the answers to the right form and to a wrong one are alike, or the service did\n"+
			"  not accept the right form. Does it accept what -form says, form token included, and is the session of -cookie still valid?\n"+
			"  Paygate does not read the page that a redirect leads to.")
		return errNeedsPerson
	}
	fmt.Fprintln(out, "  These settings tell them apart:")
	for _, line := range [][2]string{
		{"ACCEPT", rule.Accept}, {"ACCEPT_LOCATION", rule.Location}, {"ACCEPT_TEXT", rule.Text}, {"REFUSE_TEXT", rule.Refuse},
	} {
		if line[1] != "" {
			fmt.Fprintf(out, "%s%s=%s\n", r.Setting, line[0], line[1])
		}
	}
	switch {
	case rule.Text == journey.Any:
		fmt.Fprintln(out, "  They go by the status alone. Try other mistakes too: some services answer them in different ways.")
	case rule.Text != "" || rule.Refuse != "":
		fmt.Fprintln(out, "  If the service has Welsh pages, add their text after \" | \".")
	}
	fmt.Fprintln(out)
	return nil
}
