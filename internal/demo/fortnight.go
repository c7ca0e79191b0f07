package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"time"
)

// Fortnight is how far back the demo's journeys go.
const Fortnight = 14 * 24 * time.Hour

// past is one thing that happened before the demo was opened.
type past struct {
	ago     time.Duration // before now
	name    string        // of the citizen
	licence string
	happens func(*historian, past) error
}

// stories returns what happened in the fortnight, the oldest first.
func stories() []past {
	const day, hour = 24 * time.Hour, time.Hour
	return []past{
		{13*day + 9*hour, "Ann Other", "season", (*historian).pays},
		{13*day + 3*hour, "Gareth Pugh", "1-day", (*historian).pays},
		{12*day + 8*hour, "Siân Jones", "8-day", (*historian).isRefundedInPart},
		{11*day + 7*hour, "Ruth Okafor", "season", (*historian).pays},
		{11*day + 2*hour, "Tom Ash", "1-day", (*historian).cancels},
		{10*day + 9*hour, "Priya Shah", "8-day", (*historian).staysAway},
		{9*day + 8*hour, "Owen Rees", "1-day", (*historian).isDeclinedAndGivesUp},
		{9*day + 4*hour, "Mary O’Neill", "season", (*historian).isDeclinedAndPays},
		{8*day + 6*hour, "Idris", "season", (*historian).isRefusedAndLeaves},
		{7*day + 9*hour, "Ken Lowe", "8-day", (*historian).pays},
		{7*day + 5*hour, "Bethan Price", "1-day", (*historian).pays},
		{6*day + 8*hour, "Ada Nwosu", "season", (*historian).pays},
		{6*day + 3*hour, "Liam Walsh", "8-day", (*historian).isRefundedInPart},
		{5*day + 7*hour, "Joan Miller", "1-day", (*historian).staysAway},
		{5*day + 1*hour, "Huw Evans", "season", (*historian).leavesPay},
		{4*day + 9*hour, "Zoe Clark", "8-day", (*historian).pays},
		{3*day + 9*hour, "Dylan Ford", "season", (*historian).isDeclinedAndPays},
		{3*day + 2*hour, "Broken Line", "season", (*historian).pays},
		{2*day + 8*hour, "Nia Bowen", "1-day", (*historian).pays},
		{2*day + 5*hour, "Sam Reed", "8-day", (*historian).cancels},
		{2*day + 1*hour, "Megan", "8-day", (*historian).isRefusedAndCorrects},
		{1*day + 9*hour, "Ivy Barnes", "season", (*historian).pays},
		{1*day + 6*hour, "Carl Stone", "1-day", (*historian).pays},
		{1*day + 2*hour, "Broken Line", "8-day", (*historian).pays},
		{8 * hour, "Emlyn Hughes", "season", (*historian).pays},
		{7 * hour, "Fay Turner", "8-day", (*historian).staysAway},
		{40 * time.Minute, "Noah Field", "1-day", (*historian).isDeclinedAndGivesUp},
		{25 * time.Minute, "Greta", "season", (*historian).isRefusedAndLeaves},
		{12 * time.Minute, "Elin Morgan", "8-day", (*historian).leavesPay},
		{3 * time.Minute, "Jack Byrne", "season", (*historian).staysAway},
	}
}

// historian plays the fortnight before the demo is opened, through the listeners, as browsers and staff would.
type historian struct {
	Demo
	around  *Around
	catchUp func()
	browser *http.Client // of the citizen
}

// PlayFortnight makes the journeys of a fortnight. The demo's clock begins a fortnight ago and ends at the present.
// catchUp does what is due after the clock was moved.
func (d Demo) PlayFortnight(around *Around, catchUp func()) error {
	h := &historian{Demo: d, around: around, catchUp: catchUp}
	now := around.Now().Add(Fortnight)
	for _, p := range stories() {
		h.waitUntil(now.Add(-p.ago))
		if err := h.newBrowser(); err != nil {
			return err
		}
		if err := p.happens(h, p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	h.waitUntil(now)
	return nil
}

func (h *historian) waitUntil(at time.Time) { h.around.Skip(at.Sub(h.around.Now()), h.catchUp) }

// newBrowser opens the browser of another citizen. It does not follow redirects to GOV.UK Pay.
func (h *historian) newBrowser() error {
	jar, err := cookiejar.New(nil)
	h.browser = &http.Client{
		Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if r.URL.Host != h.publicAddress() {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	return err
}

func (h *historian) pays(p past) error { return h.paysAs(p, "success") }

// paysAs applies, ends the payment in some way, and comes back.
func (h *historian) paysAs(p past, outcome string) error {
	return errors.Join(h.applies(p), h.endsPayment(outcome), h.comesBack())
}

func (h *historian) cancels(p past) error { return h.paysAs(p, "cancelled") }

func (h *historian) isDeclinedAndGivesUp(p past) error { return h.paysAs(p, "declined") }

func (h *historian) isDeclinedAndPays(p past) error {
	if err := h.paysAs(p, "declined"); err != nil {
		return err
	}
	id, err := h.journeyOf(p)
	if err != nil {
		return err
	}
	_, err = h.post(h.publicAddress(), "/_pay/again", url.Values{"journey": {id}})
	return errors.Join(err, h.endsPayment("success"), h.comesBack())
}

func (h *historian) staysAway(p past) error {
	return errors.Join(h.applies(p), h.endsPayment("success"))
}

func (h *historian) leavesPay(p past) error {
	return errors.Join(h.applies(p), h.endsPayment("started"))
}

func (h *historian) isRefusedAndLeaves(p past) error { return h.pays(p) }

func (h *historian) isRefusedAndCorrects(p past) error {
	err := h.pays(p)
	p.name += " Other"
	return errors.Join(err, h.applies(p))
}

func (h *historian) isRefundedInPart(p past) error {
	if err := h.pays(p); err != nil {
		return err
	}
	h.waitUntil(h.around.Now().Add(time.Hour))
	id, err := h.journeyOf(p)
	if err != nil {
		return err
	}
	return h.asStaff(http.MethodPost, "/journeys/"+id+"/refund",
		map[string]any{"amount_pence": 500, "reason": "The river was closed on one of the days"}, nil)
}

var tokenPattern = regexp.MustCompile(`name="token" value="([^"]*)"`)

// applies fills in the form and sends it.
func (h *historian) applies(p past) error {
	page, err := h.do(http.NewRequest(http.MethodGet, "http://"+h.publicAddress()+"/licences/apply", nil))
	if err != nil {
		return err
	}
	token := tokenPattern.FindSubmatch(page)
	if token == nil {
		return errors.New("the form has no token")
	}
	_, err = h.post(h.publicAddress(), "/licences/apply", url.Values{
		"token": {string(token[1])}, "name": {p.name}, "email": {"citizen@example.org"}, "licence": {p.licence},
	})
	return err
}

// endsPayment plays what the citizen does at GOV.UK Pay with the newest payment.
func (h *historian) endsPayment(outcome string) error {
	payments := h.around.pay.Payments()
	return h.around.pay.Pay(payments[len(payments)-1].ID, outcome)
}

func (h *historian) comesBack() error {
	_, err := h.do(http.NewRequest(http.MethodGet, "http://"+h.publicAddress()+"/_pay/return", nil))
	return err
}

// journeyOf returns the id of the newest journey of a citizen.
func (h *historian) journeyOf(p past) (string, error) {
	var list struct{ Journeys []struct{ ID string } }
	err := h.asStaff(http.MethodGet, "/journeys?find="+url.QueryEscape(p.name), nil, &list)
	if err == nil && len(list.Journeys) == 0 {
		err = errors.New("no journey is found")
	}
	if err != nil {
		return "", err
	}
	return list.Journeys[0].ID, nil
}

// asStaff asks the staff listener.
func (h *historian) asStaff(method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, "http://"+h.staffAddress()+path, bytes.NewReader(text))
	if err == nil {
		request.Header.Set("Authorization", "Bearer "+staffToken)
		request.Header.Set("Content-Type", "application/json")
	}
	got, err := h.do(request, err)
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(got, answer)
}

func (h *historian) post(host, path string, form url.Values) ([]byte, error) {
	request, err := http.NewRequest(http.MethodPost, "http://"+host+path, bytes.NewReader([]byte(form.Encode())))
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return h.do(request, err)
}

// do sends a request of the citizen's browser, and returns the body of the answer. A refusal of the service counts as
// an answer.
func (h *historian) do(request *http.Request, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	answer, err := h.browser.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}
