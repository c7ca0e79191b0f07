package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// effect says whether the pay code ran, as far as an answer tells.
type effect string

const (
	ran     effect = "ran"     // the answer has the text that only the code writes
	likely  effect = "likely"  // the answer is like that to the plain address
	unclear effect = "unclear" // the answer is like no other, or there is none
	notRun  effect = "not run" // the answer is like that to an absent address, a refusal, or without the text
)

// alike is how much two answers of the same code have in common, of 1.
const alike = 0.8

// yardstick is what answers are compared with.
type yardstick struct {
	path   string   // the plain one: to be redirected there is not to run the code
	expect string   // a text that only the code writes; may be empty
	plain  []answer // to the plain address
	others []answer // to absent addresses, and to others that are not the code
	page   []answer // to a GET of the plain address, which may show its form
	gated  bool     // the service refuses the plain address unpaid
}

// learn asks for the plain address and for some that do not exist. If a second gate refuses the plain address unpaid,
// it asks for it as if it were paid. expect is a text that only the code writes, or empty.
func learn(ctx context.Context, s service, a Address, expect string) (yardstick, error) {
	y := yardstick{path: a.Path, expect: expect}
	var err error
	if y.plain, err = s.askAll(ctx, false, a.plain(), a.plain()); err != nil {
		return y, err
	}
	if refusal := y.plain[0]; refusal.isRefusal() {
		if y.plain, err = s.askAll(ctx, true, a.plain(), a.plain()); err != nil {
			return y, err
		}
		if y.plain[0].isRefusal() {
			return y, fmt.Errorf("the service refuses the plain address, status %d: "+
				"what does it need in -form, -cookie or -header?", refusal.status)
		}
		y.gated, y.others = true, []answer{refusal}
	}
	beside := a.Path[:strings.LastIndexByte(a.Path, '/')] + Nowhere
	absent, err := s.askAll(ctx, false, a.at(Nowhere), a.at(beside))
	if err != nil {
		return y, err
	}
	y.others = append(y.others, absent...)
	if expect == "" {
		y.learnOthers(ctx, s, a)
	}
	return y, y.check()
}

// learnOthers asks for what may be other code: the front page, another button, and the page with the form. It leaves
// out answers like the code's, which may be its own.
func (y *yardstick) learnOthers(ctx context.Context, s service, a Address) {
	others := []Spelling{a.at("/"), a.at("/index.php")}
	if a.Method != http.MethodGet && a.Field != "" {
		button := a.plain()
		button.Type, button.Body = FormType, a.otherFields()
		others = append(others, button)
	}
	for _, other := range others {
		if got, err := s.ask(ctx, other, false); err == nil && similarity(got, y.plain[0]) < alike {
			y.others = append(y.others, got)
		}
	}
	if a.Method == http.MethodGet {
		return
	}
	if got, err := s.ask(ctx, Spelling{Method: http.MethodGet, Target: a.target(a.Path)}, false); err == nil {
		y.page = append(y.page, got)
	}
}

func (s service) askAll(ctx context.Context, paid bool, spellings ...Spelling) ([]answer, error) {
	var answers []answer
	for _, spelling := range spellings {
		got, err := s.ask(ctx, spelling, paid)
		if err != nil {
			return nil, err
		}
		answers = append(answers, got)
	}
	return answers, nil
}

var (
	errSame     = likeAnother("like the answer to an address that does not exist")
	errPage     = likeAnother("like the page with the form")
	errUnsteady = likeAnother("different each time")
	errNoText   = errors.New("-expect: the text is not in the answer to the plain address")
	errAnywhere = errors.New("-expect: the text is also in the answer to an address that does not exist")
)

func likeAnother(how string) error {
	return fmt.Errorf("the answer to the plain address is %s: "+
		"-expect TEXT tells them apart, or a -form that the pay code accepts, or -cookie", how)
}

// check reports why the yardstick cannot tell the code's answers from others.
func (y yardstick) check() error {
	hasText := func(a answer) bool { return a.contains(y.expect) }
	switch {
	case y.expect != "" && slices.ContainsFunc(y.others, hasText):
		return errAnywhere
	case y.expect != "" && !slices.ContainsFunc(y.plain, hasText):
		return fmt.Errorf("%w, %s", errNoText, y.plain[0].described())
	case y.expect != "":
		return nil
	case maxSimilarity(y.plain[0], y.plain[1:]) < alike:
		return errUnsteady
	case maxSimilarity(y.plain[0], y.others) >= alike:
		return errSame
	case maxSimilarity(y.plain[0], y.page) >= alike:
		return errPage
	default:
		return nil
	}
}

// effectOf tells from an answer whether the code ran.
func (y yardstick) effectOf(a answer) effect {
	if y.expect != "" {
		if a.contains(y.expect) {
			return ran
		}
		return notRun
	}
	toPlain, toOthers := maxSimilarity(a, y.plain), max(maxSimilarity(a, y.others), maxSimilarity(a, y.page))
	switch {
	case toPlain >= alike && toPlain > toOthers:
		return likely
	case toOthers >= alike, a.status >= 400 && a.status <= 499:
		return notRun
	case a.leadsTo(y.path), a.isRedirect() && !slices.ContainsFunc(y.plain, answer.isRedirect):
		return notRun
	default:
		return unclear
	}
}

// try asks for a spelling, unpaid, and says whether the code ran.
func (y yardstick) try(ctx context.Context, s service, spelling Spelling) (effect, error) {
	got, err := s.ask(ctx, spelling, false)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, errNoAnswer):
		return unclear, nil
	case err != nil:
		return "", err
	case spelling.Method == http.MethodOptions && got.header.Get("Allow") != "":
		return notRun, nil // the server's own answer
	default:
		return y.effectOf(got), nil
	}
}

// stillHolds asks for the plain address once more, and fails if the yardstick can no longer be trusted.
func (y yardstick) stillHolds(ctx context.Context, s service, a Address) error {
	got, err := s.ask(ctx, a.plain(), y.gated)
	if err != nil {
		return err
	}
	if e := y.effectOf(got); e != ran && e != likely {
		return errors.New("the answer to the plain address has changed since the start, so the results mean nothing; " +
			"has the form been used up, or the session ended?")
	}
	return nil
}
