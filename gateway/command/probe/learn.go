package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ErrRefuses is a service that refuses the plain address, paid or not.
var ErrRefuses = errors.New("the service refuses the plain address")

// Learn asks for the plain address and for some that are not there, and makes the yardstick of the answers. A service that
// refuses the plain address unpaid has a second gate: what it answers when it is told that the request is paid, is the measure
// then. expect is a text that only the code writes, or empty.
func Learn(ctx context.Context, s Service, a Address, expect string) (Yardstick, error) {
	y := Yardstick{Path: a.Path, Expect: expect}
	var err error
	if y.Plain, err = s.askAll(ctx, false, a.plain(), a.plain()); err != nil {
		return y, err
	}
	if refusal := y.Plain[0]; refusal.refuses() {
		if y.Plain, err = s.askAll(ctx, true, a.plain(), a.plain()); err != nil {
			return y, err
		}
		if y.Plain[0].refuses() {
			return y, fmt.Errorf("%w, status %d", ErrRefuses, refusal.Status)
		}
		y.Gated, y.Absent = true, []Answer{refusal}
	}
	beside := a.Path[:strings.LastIndexByte(a.Path, '/')] + Nowhere
	absent, err := s.askAll(ctx, false, a.at(Nowhere), a.at(beside))
	if err != nil {
		return y, err
	}
	y.Absent = append(y.Absent, absent...)
	if expect == "" {
		s.learnOthers(ctx, a, &y)
	}
	return y, y.check()
}

// learnOthers asks for what is other code, perhaps: the front page, and the page with the form. An answer like the code's is left
// out where it may be its own: the spellings will tell.
func (s Service) learnOthers(ctx context.Context, a Address, y *Yardstick) {
	for _, path := range []string{"/", "/index.php"} {
		if answer, err := s.Ask(ctx, a.at(path), false); err == nil && likeness(answer, y.Plain[0]) < like {
			y.Absent = append(y.Absent, answer)
		}
	}
	if a.Method == http.MethodGet {
		return
	}
	if a.Field != "" { // another button
		other := a.plain()
		other.Type, other.Body = FormType, a.otherFields()
		if answer, err := s.Ask(ctx, other, false); err == nil && likeness(answer, y.Plain[0]) < like {
			y.Absent = append(y.Absent, answer)
		}
	}
	if answer, err := s.Ask(ctx, Spelling{Method: http.MethodGet, Target: a.target(a.Path)}, false); err == nil {
		y.Page = append(y.Page, answer)
	}
}

func (s Service) askAll(ctx context.Context, paid bool, spellings ...Spelling) ([]Answer, error) {
	var answers []Answer
	for _, spelling := range spellings {
		answer, err := s.Ask(ctx, spelling, paid)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// Try asks for a spelling, unpaid, and judges the answer. No answer is Unclear.
func Try(ctx context.Context, s Service, y Yardstick, spelling Spelling) (Verdict, error) {
	answer, err := s.Ask(ctx, spelling, false)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, ErrNoAnswer):
		return Unclear, nil
	case err != nil:
		return "", err
	}
	if spelling.Method == http.MethodOptions && answer.Header.Get("Allow") != "" {
		return NotRun, nil // the server's own answer
	}
	return y.Measure(answer), nil
}

// Holds asks for the plain address once more: it tells whether the yardstick can still be trusted.
func Holds(ctx context.Context, s Service, y Yardstick, a Address) (bool, error) {
	answer, err := s.Ask(ctx, a.plain(), y.Gated)
	if err != nil {
		return false, err
	}
	verdict := y.Measure(answer)
	return verdict == Ran || verdict == Likely, nil
}
