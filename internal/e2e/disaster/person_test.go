package disaster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

// person is a citizen with a browser and one thing to pay for.
type person struct {
	w       *simulation
	name    string
	browser *testserver.Citizen
	path    string
	pass    bool
	version int // of the form

	mu        sync.Mutex
	addresses []string // of payments that are not opened yet
	payments  []string // whose page is open
	reply     string   // where the service's answer was shown
}

func (w *simulation) newPerson() *person {
	p := &person{w: w, name: fmt.Sprintf("C-%d", len(w.people)+1), browser: w.replicas[0].Citizen(), version: 1}
	if w.random.IntN(4) == 0 {
		p.pass, p.path = true, pick(w.random, walkPasses...)+p.name
	} else {
		p.path = pick(w.random, walkSubmissions...)
	}
	w.logf("%s starts at %s", p.name, p.path)
	p.submit(w.anyReplica(), p.version)
	return p
}

// act does one of the things that people do.
func (p *person) act() {
	w := p.w
	at := w.anyReplica()
	switch n := w.random.IntN(100); {
	case n < 30:
		p.actAtPay()
	case n < 60:
		w.logf("%s returns", p.name)
		p.returnFromPay(at)
	case n < 72:
		w.logf("%s sends the same form again", p.name)
		p.submit(at, p.version)
	case n < 80:
		p.press(at, "/_pay/again")
	case n < 84:
		p.press(at, "/_pay/resume")
	case n < 90:
		p.version++
		w.logf("%s changes the form and sends it", p.name)
		p.submit(at, p.version)
	case n < 95:
		p.reload(at)
	default:
		w.logf("%s returns, and leaves before the answer", p.name)
		p.leaveEarly(at, time.Duration(w.random.IntN(20))*time.Millisecond)
	}
}

// request loads an address at a replica. It reports false if the answer is incomplete, as that of the service may be.
func (p *person) request(at *testserver.Harness, method, address string, form url.Values) (shown testserver.Page,
	whole bool,
) {
	if !strings.HasPrefix(address, "/") {
		p.w.addViolation("%s is sent to %s", p.name, address)
		return shown, false
	}
	var header []string
	if method == http.MethodPost {
		header = []string{"Content-Type", "application/x-www-form-urlencoded"}
	}
	shown, err := p.browser.At(at).Try(method, address, strings.NewReader(form.Encode()), header...)
	return shown, err == nil
}

// submit sends the form, or asks for the address of the pass.
func (p *person) submit(at *testserver.Harness, version int) {
	if p.pass {
		p.load(at, http.MethodGet, p.path, nil)
		return
	}
	p.load(at, http.MethodPost, p.path, url.Values{
		"case": {p.name}, "version": {strconv.Itoa(version)},
		"email": {p.name + "@example.org"},
	})
}

func (p *person) returnFromPay(at *testserver.Harness) {
	p.load(at, http.MethodGet, "/_pay/return", nil)
}

// reload shows the answer of the service again.
func (p *person) reload(at *testserver.Harness) {
	p.mu.Lock()
	reply := p.reply
	p.mu.Unlock()
	if reply == "" {
		reply = "/_pay/status"
	}
	p.w.logf("%s reloads %s", p.name, reply)
	p.load(at, http.MethodGet, reply, nil)
}

// press presses a button on one of Paygate's pages, which may be an old one.
func (p *person) press(at *testserver.Harness, button string) {
	all := p.status(at)
	if len(all) == 0 {
		return
	}
	j := pick(p.w.random, all...)
	p.w.logf("%s presses %s for %s, which is %s", p.name, button, j.ID, j.State)
	p.load(at, http.MethodPost, button, url.Values{"journey": {j.ID}})
}

// status returns what Paygate says of the person's journeys, newest first.
func (p *person) status(at *testserver.Harness) []struct{ ID, State, Reference string } {
	return p.browser.At(at).Journeys()
}

// leaveEarly returns from Pay, and does not wait for the answer.
func (p *person) leaveEarly(at *testserver.Harness, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	p.browser.At(at).ReturnUntil(ctx)
}

// load loads an address and follows redirects, up to the page of Pay.
func (p *person) load(at *testserver.Harness, method, address string, form url.Values) {
	shown, whole := p.request(at, method, address, form)
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
		shown, whole = p.request(at, http.MethodGet, address, nil)
	}
	p.w.checkPage(p, at, shown)
}

// resolved returns the address to which a link on a page leads.
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

// checkPage compares what a page says about money with what Pay knows.
func (w *simulation) checkPage(p *person, at *testserver.Harness, shown testserver.Page) {
	saysNone := strings.Contains(shown.Text, "No money has been taken")
	saysSome := strings.Contains(shown.Text, "We have your payment")
	if w.concurrent || shown.Header.Get("Paygate-Answer") == "" || !saysNone && !saysSome {
		return
	}
	if len(p.status(at)) != 1 {
		return // the page may be about another journey
	}
	var all, paid []paysim.PaymentView
	for _, payment := range w.pay.Payments() {
		if payment.Reference != p.name {
			continue
		}
		if w.collectedLate[payment.ID] {
			return // whether the money counts depends on what Paygate has read since
		}
		all = append(all, payment)
		if payment.Status == "capturable" || payment.Status == "success" && payment.Refunded < payment.Total {
			paid = append(paid, payment)
		}
	}
	title, _, _ := strings.Cut(shown.Text, "</title>")
	title = title[strings.LastIndexByte(title, '>')+1:]
	if saysNone && len(paid) > 0 {
		w.addViolation("%s reads that no money was taken on the page %s; Pay has %+v", p.name, title, paid)
	}
	if saysSome && len(paid) == 0 && len(all) > 0 {
		w.addViolation("%s reads that we have the payment on the page %s; Pay has %+v", p.name, title, all)
	}
}

// actAtPay opens the page of a payment, or returns to an open one, and does something there.
func (p *person) actAtPay() {
	w := p.w
	if len(p.addresses) > 0 && (len(p.payments) == 0 || w.random.IntN(2) == 0) {
		p.openPayment()
	}
	if len(p.payments) == 0 {
		return
	}
	payment := pick(w.random, p.payments...)
	outcome := pick(w.random, "success", "success", "success", "success", "success", "submitted", "submitted",
		"declined", "declined", "cancelled", "started", "error", "expired")
	err := w.pay.Pay(payment, outcome)
	w.logf("%s at Pay, %s: %s %v", p.name, payment, outcome, err)
}

// openPayment opens the newest payment in the browser.
func (p *person) openPayment() {
	address := p.addresses[len(p.addresses)-1]
	p.addresses = p.addresses[:len(p.addresses)-1]
	_, id, found := strings.Cut(p.browser.Get(address).Location(), "/card_details/")
	if id = strings.TrimSuffix(id, "/confirm"); found && !slices.Contains(p.payments, id) {
		p.payments = append(p.payments, id)
	}
}
