package probe

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"paygate/gateway"
	"paygate/journey"
)

// askAcceptance sends wrong forms and the right one to a route, and prints the settings that tell their answers apart.
// It reports whether there are any.
func (p *prober) askAcceptance(ctx context.Context, r gateway.Route) (bool, error) {
	if r.Terms.Kind == journey.KindPass {
		fmt.Fprintln(p.Out, "  is a pass, which has no form")
		return true, nil
	}
	i := interview{prober: p, route: r}
	if err := i.ask(ctx); err != nil {
		return false, err
	}
	found, ok := i.rule()
	if !ok {
		fmt.Fprintln(p.Out, "  No setting tells them apart: the answers to the right form and to a wrong one "+
			"are alike, or the service did\n  not accept the right form. Does it accept what -form says, form token "+
			"included, and is the session of -cookie still\n  valid? Paygate does not read the page that a redirect "+
			"leads to.")
		return false, nil
	}
	p.printRule(r, found)
	return true, nil
}

// interview sends the forms of one route and prints the answers.
type interview struct {
	*prober
	question
	route gateway.Route
}

// ask sends the right form last, because a service may accept it only once.
func (i *interview) ask(ctx context.Context) error {
	address, err := i.address(i.route, i.Form)
	if err != nil {
		return err
	}
	if i.held, err = url.Parse(i.Settings.Origins.Main().String() + address.target(address.Path)); err != nil {
		return err
	}
	i.fields = typed(i.Form)
	for _, form := range i.Wrong {
		sent, err := i.send(ctx, "a wrong form", i.service, form)
		if err != nil {
			return err
		}
		i.wrong = append(i.wrong, sent)
	}
	var stranger submission
	withoutCookies := i.service.withoutCookies()
	hasCookies := len(withoutCookies.header) < len(i.service.header)
	if hasCookies {
		if stranger, err = i.send(ctx, "without the cookies", withoutCookies, i.Form); err != nil {
			return err
		}
	}
	i.right, err = i.send(ctx, "the right form", i.service, i.Form)
	if needsLogIn := hasCookies && similarity(stranger.answer, i.right.answer) < alike; needsLogIn {
		i.wrong = append(i.wrong, stranger)
	}
	return err
}

// send sends a form and prints the answer.
func (i *interview) send(ctx context.Context, what string, s service, form string) (submission, error) {
	address, err := i.address(i.route, form)
	if err != nil {
		return submission{}, err
	}
	sent, err := s.submit(ctx, address)
	if err == nil {
		fmt.Fprintf(i.Out, "  %-20s %s\n", what, i.describe(sent))
	}
	return sent, err
}

// describe returns an answer in words, and what it means with the present settings.
func (i *interview) describe(sent submission) string {
	text := fmt.Sprint("status ", sent.status)
	if sent.leads != "" {
		text += ", leads to " + sent.leads
	}
	if sent.page != nil {
		text += fmt.Sprint(", which answers ", sent.page.status)
	}
	if page := sent.lastPage(); page.body != "" {
		says := append(page.texts(nil), "nothing that stands out")
		text += fmt.Sprintf(", and says %q", says[0])
	}
	if i.route.Terms.Acceptance != nil {
		verdict, _ := i.route.Terms.Verdict(i.answer(sent))
		text += fmt.Sprintf(" (%s with these settings)", verdict)
	}
	return text
}

// withoutCookies returns the service as someone whose session has ended would ask it.
func (s service) withoutCookies() service {
	var lines []string
	for _, line := range s.header {
		if _, isCookie := cookieLine(line); !isCookie {
			lines = append(lines, line)
		}
	}
	s.header = lines
	return s
}

// typed returns the values of a form.
func typed(form string) []string {
	values, _ := url.ParseQuery(form)
	return slices.Concat(slices.Collect(maps.Values(values))...)
}

func (p *prober) printRule(r gateway.Route, found rule) {
	fmt.Fprintln(p.Out, "  These settings tell them apart:")
	for _, line := range [][2]string{
		{"ACCEPT", found.accept},
		{"ACCEPT_LOCATION", found.location},
		{"ACCEPT_TEXT", found.text},
		{"REFUSE_TEXT", found.refuse},
	} {
		if line[1] != "" {
			fmt.Fprintf(p.Out, "%s%s=%s\n", r.Setting, line[0], line[1])
		}
	}
	switch {
	case found.text == journey.Any:
		fmt.Fprintln(p.Out, "  They go by the status alone. "+
			"Try other mistakes too: some services answer them in different ways.")
	case found.text != "" || found.refuse != "":
		fmt.Fprintln(p.Out, "  If the service has Welsh pages, add their text after \" | \".")
	}
	fmt.Fprintln(p.Out)
}
