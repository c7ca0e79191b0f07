// Package demo runs what the demo of Paygate needs: a sample service, a simulated GOV.UK Pay, and settings for both.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"paygate/internal/demo/sample"
	"paygate/internal/notifysim"
	"paygate/internal/paysim"
	"paygate/journey/seal"
)

// serviceName is the name of the sample service, at the simulated Pay too.
const serviceName = "Rivermouth fishing licences"

// staffToken signs in at the demo's staff listener. It protects nothing: the demo listens on loopback only.
const staffToken = "for-the-demo-only"

// Demo says where a demo runs.
type Demo struct {
	Port  int       // of the public listener; the staff listener, Pay and the service have the three after it
	Store string    // the path of the bbolt file
	Past  []Citizen // who used the service before the demo, the first one first
}

// begunAgo returns how long ago the demo's clock begins.
func (d Demo) begunAgo() time.Duration {
	if len(d.Past) == 0 {
		return 0
	}
	return d.Past[0].Ago
}

// Around is what runs around the demo's Paygate.
type Around struct {
	pay   *paysim.Simulator
	ended chan error
}

// Now returns the time of the demo, in UTC: all parts of it have one clock.
func (a *Around) Now() time.Time { return a.pay.Now() }

// Wait returns once everything has ended.
func (a *Around) Wait() error { return errors.Join(<-a.ended, <-a.ended) }

// Skip moves the clock forward in steps, and does after each what time would have made Paygate do.
func (a *Around) Skip(d time.Duration, catchUp func()) {
	a.skip(d, max(5*time.Minute, d/24), catchUp)
}

func (a *Around) skip(d, step time.Duration, catchUp func()) {
	for passed := time.Duration(0); passed < d; passed += step {
		a.pay.Advance(min(step, d-passed))
		catchUp()
	}
}

// Start listens for the sample service, the simulated Pay and the simulated Notify, and serves them until the context
// ends.
func (d Demo) Start(ctx context.Context) (*Around, error) {
	payListener, err := net.Listen("tcp", d.payAddress())
	if err != nil {
		return nil, err
	}
	serviceListener, err := net.Listen("tcp", d.serviceAddress())
	if err != nil {
		return nil, errors.Join(err, payListener.Close())
	}
	pay := paysim.New(paysim.Options{
		Now:       func() time.Time { return time.Now().Add(-d.begunAgo()) },
		PublicURL: "http://" + d.payAddress(), ServiceName: serviceName,
		AddressCollection: "off", // less to fill in
	})
	a := &Around{pay, make(chan error, 2)}
	emails := notifysim.New(notifysim.Options{Now: a.Now})
	go func() { defer pay.Close(); a.ended <- Serve(ctx, payListener, emails.Beside(pay)) }()
	go func() { a.ended <- Serve(ctx, serviceListener, sample.New(a.Now)) }()
	return a, nil
}

func (d Demo) publicAddress() string  { return d.address(0) }
func (d Demo) staffAddress() string   { return d.address(1) }
func (d Demo) payAddress() string     { return d.address(2) }
func (d Demo) serviceAddress() string { return d.address(3) }

func (d Demo) address(offset int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port+offset))
}

// Environ returns the settings of the demo's Paygate.
func (d Demo) Environ() []string {
	return append(notifysim.Settings("http://"+d.payAddress()),
		"PAYGATE_UPSTREAM=http://"+d.serviceAddress(),
		"PAYGATE_PUBLIC_URL=http://"+d.publicAddress(),
		"PAYGATE_LISTEN="+d.publicAddress(),
		"PAYGATE_STAFF_LISTEN="+d.staffAddress(),
		"PAYGATE_STAFF_TOKENS=demo:"+staffToken,
		"PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_URL=http://"+d.payAddress(),
		"PAYGATE_PAY_CARD_ORIGINS=http://"+d.payAddress(),
		"PAYGATE_PAY_API_KEY=api_test_demo0000000000000000",
		"PAYGATE_SECRETS="+d.secret(),
		"PAYGATE_STORE=bbolt:"+d.Store,
		"PAYGATE_SERVICE_NAME="+serviceName,
		"PAYGATE_SERVICE_NAME_CY=Trwyddedau pysgota Rivermouth",
		"PAYGATE_CONTACT=Telephone 01632 960001, Monday to Friday, 9am to 5pm",
		"PAYGATE_CONTACT_CY=Ffoniwch 01632 960001, dydd Llun i ddydd Gwener, 9am i 5pm",
		"PAYGATE_LOG_FORMAT=text",
		"PAYGATE_LOG_LEVEL=warn",
		"PAYGATE_ROUTES=licence,register,script",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply",
		"PAYGATE_ROUTE_LICENCE_PRICES=1-day=6.00,8-day=13.50,season=25.00",
		"PAYGATE_ROUTE_LICENCE_PRICE_FIELD=licence",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION_CY=Trwydded bysgota",
		"PAYGATE_ROUTE_LICENCE_NOUN=application",
		"PAYGATE_ROUTE_LICENCE_NOUN_CY=cais",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
		"PAYGATE_ROUTE_LICENCE_PREFILL=email=email,cardholder_name=name",
		"PAYGATE_ROUTE_LICENCE_FIND=name,email",
		"PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL={form:email}",
		"PAYGATE_ROUTE_LICENCE_TELL=POST /paygate/events",
		"PAYGATE_ROUTE_LICENCE_METADATA=licence={form:licence}",
		"PAYGATE_ROUTE_REGISTER_MATCH=GET /register.pdf",
		"PAYGATE_ROUTE_REGISTER_PRICE=6",
		"PAYGATE_ROUTE_REGISTER_DESCRIPTION=Copy of the register",
		"PAYGATE_ROUTE_REGISTER_DESCRIPTION_CY=Copi o’r gofrestr",
		"PAYGATE_ROUTE_SCRIPT_MATCH=POST /api/licences",
		"PAYGATE_ROUTE_SCRIPT_PRICE=6",
		"PAYGATE_ROUTE_SCRIPT_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_SCRIPT_DESCRIPTION_CY=Trwydded bysgota",
		"PAYGATE_ROUTE_SCRIPT_ACCEPT=201",
		"PAYGATE_ROUTE_SCRIPT_ACCEPT_TEXT=*",
		"PAYGATE_ROUTE_SCRIPT_TELL=POST /paygate/events",
	)
}

// secret returns the secret in the file beside the store, which the first start creates.
func (d Demo) secret() string {
	file := d.Store + ".secret"
	if stored, err := os.ReadFile(file); err == nil {
		return string(stored)
	}
	secret := seal.NewSecret()
	_ = os.WriteFile(file, []byte(secret), 0o600) // if this fails, the next start reports an unknown secret
	return secret
}

//go:embed guide.html
var guideHTML string

var guideTemplate = template.Must(template.New("guide").Parse(guideHTML))

// WithGuide adds a page to the staff handler that tells a visitor what to click and what to watch. Its buttons skip
// time.
func (d Demo) WithGuide(
	staff http.Handler, now func() time.Time, skip func(time.Duration),
) http.Handler {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		zone = time.UTC
	}
	mux := http.NewServeMux()
	mux.Handle("/", staff)
	mux.HandleFunc("GET /guide", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = guideTemplate.Execute(w, map[string]string{
			"Gateway": "http://" + d.publicAddress() + "/", "Pay": "http://" + d.payAddress() + "/",
			"Inbox":   "http://" + d.payAddress() + "/inbox",
			"Service": "http://" + d.serviceAddress() + "/", "Token": staffToken,
			"Skipped": skips[r.FormValue("skipped")].words, "Now": now().In(zone).Format("15:04 on 2 January 2006"),
		})
	})
	protect := http.NewCrossOriginProtection()
	mux.Handle("POST /guide/skip", protect.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.FormValue("time")
		skip(skips[name].length)
		http.Redirect(w, r, "/guide?skipped="+url.QueryEscape(name)+"#clock", http.StatusSeeOther)
	})))
	return mux
}

// skips are the times that the guide's buttons skip.
var skips = map[string]struct {
	length time.Duration
	words  string
}{"20m": {20 * time.Minute, "20 minutes"}, "4h": {4 * time.Hour, "4 hours"}, "5d": {120 * time.Hour, "5 days"}}

// Announce prints the addresses of everything.
func (d Demo) Announce(w io.Writer) {
	fmt.Fprintf(w, `
Paygate is running in front of a sample service. No settings, no accounts, no money.

  Open this:                  http://%s/guide   what to click and what to watch
  The service with Paygate:   http://%s/
  The simulated GOV.UK Pay:   http://%s/
  E-mails to citizens:        http://%[3]s/inbox
  The service by itself:      http://%s/

Ctrl-C stops it.
`, d.staffAddress(), d.publicAddress(), d.payAddress(), d.serviceAddress())
}
