package command

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"paygate/gateway/config"
	"paygate/internal/demo/sample"
	"paygate/internal/paysim"
)

// demo runs a sample service, a simulated Pay and the gateway between them.
func demo(ctx context.Context, w World, args []string) error {
	port, store := 8000, ""
	_, err := w.flags("demo", "[-port N] [-store FILE]", args, 0, func(set *flag.FlagSet) {
		set.IntVar(&port, "port", port, "the gateway's port; the staff door, Pay and the service have the three after it")
		set.StringVar(&store, "store", store, "a file to keep journeys in; without it they go when the demo ends")
	})
	if err != nil {
		return err
	}
	if port < 1 || port > 65532 {
		fmt.Fprintln(w.Stderr, "paygate demo: -port must be from 1 to 65532")
		return errUsage
	}
	if store == "" {
		folder, err := os.MkdirTemp("", "paygate-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		store = filepath.Join(folder, "demo.db")
	}
	return w.runDemo(ctx, port, store)
}

func (w World) runDemo(ctx context.Context, port int, store string) error {
	at := func(offset int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+offset)) }
	settings, err := config.Load(demoSettings(at, store))
	if err != nil {
		return err
	}
	payListener, err := net.Listen("tcp", at(2))
	if err != nil {
		return err
	}
	serviceListener, err := net.Listen("tcp", at(3))
	if err != nil {
		return errors.Join(err, payListener.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pay := paysim.New(paysim.Options{PublicURL: "http://" + at(2), ServiceName: settings.ServiceName})
	defer pay.Close()
	others := make(chan error, 2)
	go func() { others <- serveUntil(ctx, payListener, pay) }()
	go func() { others <- serveUntil(ctx, serviceListener, sample.New(time.Now)) }()
	err = w.withGuide(at).serve(ctx, settings, w.logger(settings), func() { announce(w.Stdout, at) })
	stop()
	return errors.Join(err, <-others, <-others)
}

// demoToken opens the demo's staff door. It protects nothing: the demo listens on this machine alone and takes no money.
const demoToken = "for-the-demo-only"

// demoSettings are settings as anybody would write them.
func demoSettings(at func(offset int) string, store string) []string {
	return []string{
		"PAYGATE_UPSTREAM=http://" + at(3),
		"PAYGATE_PUBLIC_URL=http://" + at(0),
		"PAYGATE_LISTEN=" + at(0),
		"PAYGATE_STAFF_LISTEN=" + at(1),
		"PAYGATE_STAFF_TOKENS=demo:" + demoToken,
		"PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_URL=http://" + at(2),
		"PAYGATE_PAY_CARD_ORIGINS=http://" + at(2),
		"PAYGATE_PAY_API_KEY=api_test_demo0000000000000000",
		"PAYGATE_SECRETS=" + demoSecret(store),
		"PAYGATE_STORE=bbolt:" + store,
		"PAYGATE_SERVICE_NAME=Rivermouth fishing licences",
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
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
		"PAYGATE_ROUTE_LICENCE_PREFILL=email=email,cardholder_name=name",
		"PAYGATE_ROUTE_LICENCE_METADATA=licence={form:licence}",
		"PAYGATE_ROUTE_REGISTER_MATCH=GET /register.pdf",
		"PAYGATE_ROUTE_REGISTER_PRICE=6",
		"PAYGATE_ROUTE_REGISTER_DESCRIPTION=Copy of the register",
		"PAYGATE_ROUTE_REGISTER_DESCRIPTION_CY=Copi o’r gofrestr",
		"PAYGATE_ROUTE_SCRIPT_MATCH=POST /api/licences",
		"PAYGATE_ROUTE_SCRIPT_PRICE=6",
		"PAYGATE_ROUTE_SCRIPT_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_SCRIPT_ACCEPT=201",
		"PAYGATE_ROUTE_SCRIPT_ACCEPT_TEXT=*",
	}
}

// demoSecret is made anew for a throw-away store, and kept beside one that stays.
func demoSecret(store string) string {
	file := store + ".secret"
	if kept, err := os.ReadFile(file); err == nil {
		return string(kept)
	}
	secret := random()
	_ = os.WriteFile(file, []byte(secret), 0o600) // without it the next start says that the secret is unknown
	return secret
}

//go:embed demo.html
var guideHTML string

var guideTemplate = template.Must(template.New("guide").Parse(guideHTML))

// withGuide adds a page to the staff door that tells a visitor what to click and what to watch.
func (w World) withGuide(at func(offset int) string) World {
	assemble := w.Assemble
	w.Assemble = func(ctx context.Context, s config.Settings, log *slog.Logger) (*Parts, error) {
		parts, err := assemble(ctx, s, log)
		if err != nil {
			return nil, err
		}
		mux := http.NewServeMux()
		mux.Handle("/", parts.Staff)
		mux.HandleFunc("GET /guide", func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", "text/html; charset=utf-8")
			_ = guideTemplate.Execute(out, map[string]string{
				"Gateway": "http://" + at(0) + "/", "Pay": "http://" + at(2) + "/", "Service": "http://" + at(3) + "/", "Token": demoToken,
			})
		})
		parts.Staff = mux
		return parts, nil
	}
	return w
}

func announce(out io.Writer, at func(offset int) string) {
	fmt.Fprintf(out, `
Paygate is running in front of a sample service. No settings, no network, no money.

  Open this:                  http://%s/guide   what to click and what to watch
  The service with Paygate:   http://%s/
  The simulated GOV.UK Pay:   http://%s/
  The service by itself:      http://%s/

Ctrl-C ends it.
`, at(1), at(0), at(2), at(3))
}
