package demo

import (
	"bytes"
	"cmp"
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

// Citizen is somebody who used the service before the demo was opened.
type Citizen struct {
	Ago     time.Duration // before now
	Name    string
	Email   string // empty: one that they share
	Licence string
	Does    func(*Historian, Citizen) error
}

// Fortnight returns the citizens of the fortnight before the demo, the first one first.
func Fortnight() []Citizen {
	const day, hour = 24 * time.Hour, time.Hour
	return []Citizen{
		{13*day + 9*hour, "Ann Other", "", "season", (*Historian).Pays},
		{13*day + 3*hour, "Gareth Pugh", "", "1-day", (*Historian).Pays},
		{12*day + 8*hour, "Siân Jones", "", "8-day", (*Historian).IsRefundedInPart},
		{11*day + 7*hour, "Ruth Okafor", "", "season", (*Historian).Pays},
		{11*day + 2*hour, "Tom Ash", "", "1-day", (*Historian).Cancels},
		{10*day + 9*hour, "Priya Shah", "", "8-day", (*Historian).StaysAway},
		{9*day + 8*hour, "Owen Rees", "", "1-day", (*Historian).IsDeclinedAndGivesUp},
		{9*day + 4*hour, "Mary O’Neill", "", "season", (*Historian).IsDeclinedAndPays},
		{8*day + 6*hour, "Idris", "", "season", (*Historian).IsRefusedAndLeaves},
		{7*day + 9*hour, "Ken Lowe", "", "8-day", (*Historian).Pays},
		{7*day + 5*hour, "Bethan Price", "", "1-day", (*Historian).Pays},
		{6*day + 8*hour, "Ada Nwosu", "", "season", (*Historian).Pays},
		{6*day + 3*hour, "Liam Walsh", "", "8-day", (*Historian).IsRefundedInPart},
		{5*day + 7*hour, "Joan Miller", "", "1-day", (*Historian).StaysAway},
		{5*day + 1*hour, "Huw Evans", "", "season", (*Historian).LeavesPay},
		{4*day + 9*hour, "Zoe Clark", "", "8-day", (*Historian).Pays},
		{3*day + 9*hour, "Dylan Ford", "", "season", (*Historian).IsDeclinedAndPays},
		{3*day + 2*hour, "Broken Line", "", "season", (*Historian).Pays},
		{2*day + 8*hour, "Nia Bowen", "", "1-day", (*Historian).Pays},
		{2*day + 5*hour, "Sam Reed", "", "8-day", (*Historian).Cancels},
		{2*day + 1*hour, "Megan", "", "8-day", (*Historian).IsRefusedAndCorrects},
		{1*day + 9*hour, "Ivy Barnes", "", "season", (*Historian).Pays},
		{1*day + 6*hour, "Carl Stone", "", "1-day", (*Historian).Pays},
		{1*day + 2*hour, "Broken Line", "", "8-day", (*Historian).Pays},
		{8 * hour, "Emlyn Hughes", "", "season", (*Historian).Pays},
		{7 * hour, "Fay Turner", "", "8-day", (*Historian).StaysAway},
		{40 * time.Minute, "Noah Field", "", "1-day", (*Historian).IsDeclinedAndGivesUp},
		{25 * time.Minute, "Greta", "", "season", (*Historian).IsRefusedAndLeaves},
		{12 * time.Minute, "Elin Morgan", "", "8-day", (*Historian).LeavesPay},
		{3 * time.Minute, "Jack Byrne", "", "season", (*Historian).StaysAway},
	}
}

// Historian plays what happened before the demo is opened, through the listeners, as browsers and staff would.
type Historian struct {
	Demo
	around  *Around
	catchUp func()
	browser *http.Client // of the citizen
}

// PlayPast plays what the citizens of the past did. The demo's clock begins with the first of them and ends at the
// present. catchUp does what is due after the clock was moved.
func (d Demo) PlayPast(around *Around, catchUp func()) error {
	h := &Historian{Demo: d, around: around, catchUp: catchUp}
	now := around.Now().Add(d.begunAgo())
	for _, c := range d.Past {
		h.waitUntil(now.Add(-c.Ago))
		if err := h.newBrowser(); err != nil {
			return err
		}
		if err := c.Does(h, c); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	h.waitUntil(now)
	return nil
}

// waitUntil takes longer steps than a visitor would see, so that the demo starts quickly.
func (h *Historian) waitUntil(at time.Time) {
	d := at.Sub(h.around.Now())
	h.around.skip(d, max(time.Hour, d/24), h.catchUp)
}

// newBrowser opens the browser of another citizen. It does not follow redirects to GOV.UK Pay.
func (h *Historian) newBrowser() error {
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

// Pays applies, pays and comes back.
func (h *Historian) Pays(c Citizen) error { return h.paysAs(c, "success") }

// paysAs applies, ends the payment in some way, and comes back.
func (h *Historian) paysAs(c Citizen, outcome string) error {
	return errors.Join(h.applies(c), h.endsPayment(outcome), h.comesBack())
}

// Cancels changes their mind at GOV.UK Pay.
func (h *Historian) Cancels(c Citizen) error { return h.paysAs(c, "cancelled") }

// IsDeclinedAndGivesUp has a card that is declined.
func (h *Historian) IsDeclinedAndGivesUp(c Citizen) error { return h.paysAs(c, "declined") }

// IsDeclinedAndPays tries again with another card.
func (h *Historian) IsDeclinedAndPays(c Citizen) error {
	if err := h.paysAs(c, "declined"); err != nil {
		return err
	}
	id, err := h.journeyOf(c)
	if err != nil {
		return err
	}
	_, err = h.post(h.publicAddress(), "/_pay/again", url.Values{"journey": {id}})
	return errors.Join(err, h.endsPayment("success"), h.comesBack())
}

// StaysAway pays, and closes the page.
func (h *Historian) StaysAway(c Citizen) error {
	return errors.Join(h.applies(c), h.endsPayment("success"))
}

// LeavesPay closes the card page.
func (h *Historian) LeavesPay(c Citizen) error {
	return errors.Join(h.applies(c), h.endsPayment("started"))
}

// IsRefusedAndLeaves pays for a form with a mistake, such as a name of one word.
func (h *Historian) IsRefusedAndLeaves(c Citizen) error { return h.Pays(c) }

// IsRefusedAndCorrects corrects that name.
func (h *Historian) IsRefusedAndCorrects(c Citizen) error {
	err := h.Pays(c)
	c.Name += " Other"
	return errors.Join(err, h.applies(c))
}

// IsRefundedInPart is refunded £5 by staff, an hour later.
func (h *Historian) IsRefundedInPart(c Citizen) error {
	if err := h.Pays(c); err != nil {
		return err
	}
	h.waitUntil(h.around.Now().Add(time.Hour))
	id, err := h.journeyOf(c)
	if err != nil {
		return err
	}
	return h.asStaff(http.MethodPost, "/journeys/"+id+"/refund",
		map[string]any{"amount_pence": 500, "reason": "The river was closed on one of the days"}, nil)
}

var tokenPattern = regexp.MustCompile(`name="token" value="([^"]*)"`)

// applies fills in the form and sends it.
func (h *Historian) applies(c Citizen) error {
	page, err := h.do(http.NewRequest(http.MethodGet, "http://"+h.publicAddress()+"/licences/apply", nil))
	if err != nil {
		return err
	}
	token := tokenPattern.FindSubmatch(page)
	if token == nil {
		return errors.New("the form has no token")
	}
	_, err = h.post(h.publicAddress(), "/licences/apply", url.Values{
		"token": {string(token[1])}, "name": {c.Name}, "licence": {c.Licence},
		"email": {cmp.Or(c.Email, "citizen@example.org")},
	})
	return err
}

// endsPayment plays what the citizen does at GOV.UK Pay with the newest payment. It takes a minute of the demo's time:
// Paygate makes a citizen who comes back at once wait.
func (h *Historian) endsPayment(outcome string) error {
	h.around.pay.Advance(time.Minute)
	payments := h.around.pay.Payments()
	return h.around.pay.Pay(payments[len(payments)-1].ID, outcome)
}

func (h *Historian) comesBack() error {
	_, err := h.do(http.NewRequest(http.MethodGet, "http://"+h.publicAddress()+"/_pay/return", nil))
	return err
}

// journeyOf returns the id of the newest journey of a citizen.
func (h *Historian) journeyOf(c Citizen) (string, error) {
	var list struct{ Journeys []struct{ ID string } }
	err := h.asStaff(http.MethodGet, "/journeys?find="+url.QueryEscape(c.Name), nil, &list)
	if err == nil && len(list.Journeys) == 0 {
		err = errors.New("no journey is found")
	}
	if err != nil {
		return "", err
	}
	return list.Journeys[0].ID, nil
}

// asStaff asks the staff listener.
func (h *Historian) asStaff(method, path string, body, answer any) error {
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

func (h *Historian) post(host, path string, form url.Values) ([]byte, error) {
	request, err := http.NewRequest(http.MethodPost, "http://"+host+path, bytes.NewReader([]byte(form.Encode())))
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return h.do(request, err)
}

// do sends a request of the citizen's browser, and returns the body of the answer. A refusal of the service counts as
// an answer.
func (h *Historian) do(request *http.Request, err error) ([]byte, error) {
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
