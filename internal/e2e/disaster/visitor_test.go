package disaster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"

	"paygate/internal/testserver"
	"paygate/journey"
)

// visitor is a citizen whose browser repeats what could not be loaded.
type visitor struct {
	a      *killTest
	ctx    context.Context
	client *http.Client
}

// errNoAnswer means that every attempt failed.
var errNoAnswer = errors.New("no answer")

// visit is one citizen with one thing to pay for.
func (a *killTest) visit(ctx context.Context, random *rand.Rand, n int64) {
	v := &visitor{a: a, ctx: ctx, client: testserver.NewBrowser(a.t)}
	v.client.Transport = &http.Transport{}
	defer v.client.CloseIdleConnections()
	form := url.Values{"case": {fmt.Sprintf("C-%d", n)}, "email": {fmt.Sprintf("c%d@example.org", n)}}
	method, target := http.MethodPost, "/licences/apply"
	switch kind := random.IntN(8); {
	case kind < 2:
		target = "/fines/pay"
	case kind == 2:
		method, target, form = http.MethodGet, fmt.Sprintf("/register/C-%d", n), nil
	case kind == 3:
		form.Set("wish", "refuse")
	case kind == 4:
		target = "/fines/pay"
		form.Set("wish", "refuse")
	}
	p, err := v.load(30, method, target, form)
	if err != nil || !v.atPay(p) {
		return // nothing is paid
	}
	a.mu.Lock()
	a.jars = append(a.jars, v.client.Jar)
	a.mu.Unlock()
	outcome := "success"
	if random.IntN(6) == 0 {
		outcome = []string{"declined", "cancelled", "started"}[random.IntN(3)]
	}
	v.endPayment(p, outcome)
	if method == http.MethodPost && random.IntN(5) == 0 {
		return // never returns
	}
	v.returnFromPay(random, method, target, form)
}

// load asks the replicas up to so many times, until one answers.
func (v *visitor) load(times int, method, target string, form url.Values) (testserver.Page, error) {
	for range times {
		address, err := v.a.anyServing(v.ctx)
		if err != nil {
			return testserver.Page{}, err
		}
		if p, err := v.once(method, address+target, form); err == nil {
			return p, nil
		}
	}
	return testserver.Page{}, errNoAnswer
}

func (v *visitor) once(method, target string, form url.Values) (testserver.Page, error) {
	r, err := http.NewRequestWithContext(v.ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return testserver.Page{}, err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := v.client.Do(r)
	if err != nil {
		return testserver.Page{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return testserver.Page{Status: answer.StatusCode, Header: answer.Header, Text: string(text)}, err
}

func (v *visitor) atPay(p testserver.Page) bool {
	return p.Status == http.StatusSeeOther && strings.Contains(p.Location(), "/secure/")
}

// endPayment opens the page of the payment, as a browser does, and ends the payment.
func (v *visitor) endPayment(p testserver.Page, outcome string) {
	opened, err := v.once(http.MethodGet, p.Location(), nil)
	_, id, found := strings.Cut(opened.Location(), "/card_details/")
	if err != nil || !found {
		return // the address works only once
	}
	_ = v.a.pay.Pay(strings.TrimSuffix(id, "/confirm"), outcome)
}

// returnFromPay does what citizens do after Pay: look, reload, try again, correct the form.
func (v *visitor) returnFromPay(random *rand.Rand, method, target string, form url.Values) {
	for range 12 {
		if v.newest() == journey.StateReleasing && (v.a.isFinishing() || random.IntN(4) > 0) {
			return // the replica that delivers it may have been killed
		}
		p, err := v.load(1, http.MethodGet, "/_pay/return", nil)
		if errors.Is(err, errNoAnswer) {
			continue
		}
		for hops := 0; err == nil && hops < 4 && p.Status == http.StatusSeeOther &&
			strings.HasPrefix(p.Location(), "/"); hops++ {
			p, err = v.load(30, http.MethodGet, p.Location(), nil)
		}
		switch {
		case err != nil:
			return
		case v.newest() == journey.StateUnpaid && random.IntN(2) == 0:
			if p, err = v.load(3, http.MethodPost, "/_pay/again", url.Values{"journey": {v.newestID()}}); err == nil &&
				v.atPay(p) {
				v.endPayment(p, "success")
				continue
			}
			return
		case v.newest() == journey.StateRefused && random.IntN(2) == 0:
			corrected := url.Values{"case": form["case"], "email": form["email"], "corrected": {"yes"}}
			_, _ = v.load(1, method, target, corrected)
		case method == http.MethodGet && v.newest() == journey.StateConfirmed:
			_, _ = v.load(30, method, target, nil) // the citizen fetches the pass
			continue
		case v.newest() == journey.StateReleasing || v.newest() == journey.StateConfirmed ||
			v.newest() == journey.StatePaying && random.IntN(3) > 0:
			continue
		}
		return
	}
}

func (v *visitor) newestJourney() (newest struct{ ID, State string }) {
	address, err := v.a.anyServing(v.ctx)
	if err != nil {
		return newest
	}
	r, err := http.NewRequestWithContext(v.ctx, http.MethodGet, address+"/_pay/status", nil)
	if err != nil {
		return newest
	}
	r.Header.Set("Accept", "application/json")
	answer, err := v.client.Do(r)
	if err != nil {
		return newest
	}
	defer answer.Body.Close()
	var list struct{ Journeys []struct{ ID, State string } }
	if json.NewDecoder(answer.Body).Decode(&list) == nil && len(list.Journeys) > 0 {
		newest = list.Journeys[0]
	}
	return newest
}

func (v *visitor) newest() journey.State { return journey.State(v.newestJourney().State) }

func (v *visitor) newestID() string { return v.newestJourney().ID }
