package disaster

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"paygate/internal/testserver"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// person is a citizen of a world, with a browser and one thing to pay for.
type person struct {
	w       *simulation
	name    string
	browser *testserver.Citizen
	path    string
	pass    bool
	version int // of the form

	mu        sync.Mutex
	addresses []string // of payments, not opened yet
	payments  []string // that they opened the page of
	reply     string   // where the service's answer was shown
}

func (w *simulation) newcomer() *person {
	p := &person{w: w, name: fmt.Sprintf("C-%d", len(w.people)+1), browser: w.gates[0].Citizen(), version: 1}
	if w.random.IntN(4) == 0 {
		p.pass, p.path = true, pick(w.random, walkPasses...)+p.name
	} else {
		p.path = pick(w.random, walkSubmissions...)
	}
	w.notes("%s begins at %s", p.name, p.path)
	p.sends(w.anyGate(), p.version)
	return p
}

// acts does one of the things that people do.
func (p *person) acts() {
	w := p.w
	gate := w.anyGate()
	switch n := w.random.IntN(100); {
	case n < 30:
		p.pays()
	case n < 60:
		w.notes("%s comes back", p.name)
		p.returns(gate)
	case n < 72:
		w.notes("%s sends the same again", p.name)
		p.sends(gate, p.version)
	case n < 80:
		p.presses(gate, "/_pay/again")
	case n < 84:
		p.presses(gate, "/_pay/resume")
	case n < 90:
		p.version++
		w.notes("%s changes the form and sends it", p.name)
		p.sends(gate, p.version)
	case n < 95:
		p.reloads(gate)
	default:
		w.notes("%s comes back, and leaves before the answer", p.name)
		p.leavesEarly(gate, time.Duration(w.random.IntN(20))*time.Millisecond)
	}
}

// asks loads an address at a gateway. It is false when the answer broke off, as a service's own may.
func (p *person) asks(gate *testserver.Harness, method, address string, form url.Values) (shown testserver.Page,
	whole bool) {
	r, err := http.NewRequest(method, gate.URL+address, strings.NewReader(form.Encode()))
	if err != nil {
		p.w.violates("%s is sent to %s", p.name, address)
		return shown, false
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := p.browser.Client.Do(r)
	if err != nil {
		return shown, false
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return testserver.Page{Status: answer.StatusCode, Header: answer.Header, Text: string(text)}, err == nil
}

// sends sends the form, or asks for the address of the pass.
func (p *person) sends(gate *testserver.Harness, version int) {
	if p.pass {
		p.sees(gate, http.MethodGet, p.path, nil)
		return
	}
	p.sees(gate, http.MethodPost, p.path, url.Values{"case": {p.name}, "version": {strconv.Itoa(version)}})
}

func (p *person) returns(gate *testserver.Harness) { p.sees(gate, http.MethodGet, "/_pay/return", nil) }

// reloads shows the service's answer once more.
func (p *person) reloads(gate *testserver.Harness) {
	p.mu.Lock()
	reply := p.reply
	p.mu.Unlock()
	if reply == "" {
		reply = "/_pay/status"
	}
	p.w.notes("%s reloads %s", p.name, reply)
	p.sees(gate, http.MethodGet, reply, nil)
}

// presses a button of one of Paygate's pages, perhaps an old one.
func (p *person) presses(gate *testserver.Harness, button string) {
	all := p.status(gate)
	if len(all) == 0 {
		return
	}
	j := pick(p.w.random, all...)
	p.w.notes("%s presses %s for %s, which is %s", p.name, button, j.ID, j.State)
	p.sees(gate, http.MethodPost, button, url.Values{"journey": {j.ID}})
}

// status is what Paygate says of the person's journeys, newest first.
func (p *person) status(gate *testserver.Harness) []struct{ ID, State, Reference string } {
	return (&testserver.Citizen{H: gate, Client: p.browser.Client}).Journeys()
}

// leavesEarly asks, and does not wait for the answer.
func (p *person) leavesEarly(gate *testserver.Harness, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	(&testserver.Citizen{H: gate, Client: p.browser.Client}).ReturnUntil(ctx)
}

// sees loads an address and follows where the answer leads, up to Pay's door.
func (p *person) sees(gate *testserver.Harness, method, address string, form url.Values) {
	shown, whole := p.asks(gate, method, address, form)
	for range 6 {
		if !whole || shown.Status != http.StatusSeeOther {
			break
		}
		to := shown.Location()
		if strings.Contains(to, "/secure/") {
			p.mu.Lock()
			p.addresses = append(p.addresses, to)
			p.mu.Unlock()
			return
		}
		if strings.Contains(to, testserver.ReplyMarker) {
			p.mu.Lock()
			p.reply = to
			p.mu.Unlock()
		}
		address = resolved(address, to)
		shown, whole = p.asks(gate, http.MethodGet, address, nil)
	}
	p.w.isTrue(p, gate, shown)
}

// resolved is where a link at an address leads.
func resolved(address, link string) string {
	base, err := url.Parse(address)
	if err != nil {
		return link
	}
	target, err := base.Parse(link)
	if err != nil {
		return link
	}
	return target.String()
}

// isTrue holds what a page says about money against what Pay knows.
func (w *simulation) isTrue(p *person, gate *testserver.Harness, shown testserver.Page) {
	if w.crowd || shown.Header.Get("Paygate-Answer") == "" || !strings.Contains(shown.Text, "No money has been taken") {
		return
	}
	if len(p.status(gate)) != 1 {
		return // it may be about another one
	}
	for _, payment := range w.pay.Payments() {
		paid := payment.Status == "capturable" || payment.Status == "success" && payment.Refunded < payment.Total
		if payment.Reference == p.name && paid && !w.late[payment.ID] {
			title, _, _ := strings.Cut(shown.Text, "</title>")
			w.violates("%s reads that no money was taken, on the page %s; Pay has %+v", p.name,
				title[strings.LastIndexByte(title, '>')+1:], payment)
		}
	}
}

// pays opens the page of a payment, or goes back to an open one in another tab, and does something there.
func (p *person) pays() {
	w := p.w
	if len(p.addresses) > 0 && (len(p.payments) == 0 || w.random.IntN(2) == 0) {
		p.starts()
	}
	if len(p.payments) == 0 {
		return
	}
	payment := pick(w.random, p.payments...)
	outcome := pick(w.random, "success", "success", "success", "success", "success", "submitted", "submitted",
		"declined", "declined", "cancelled", "started", "error", "expired")
	err := w.pay.Pay(payment, outcome)
	w.notes("%s at Pay, %s: %s %v", p.name, payment, outcome, err)
}

// opens takes the browser to the newest payment.
func (p *person) starts() {
	address := p.addresses[len(p.addresses)-1]
	p.addresses = p.addresses[:len(p.addresses)-1]
	_, id, found := strings.Cut(p.browser.Get(address).Location(), "/card_details/")
	if id = strings.TrimSuffix(id, "/confirm"); found && !slices.Contains(p.payments, id) {
		p.payments = append(p.payments, id)
	}
}
