package command

import (
	"context"
	"flag"
	"fmt"
	"net"
	"strings"

	"paygate/internal/demo"
	"paygate/internal/notifysim"
	"paygate/internal/paysim"
)

// simulate runs a simulated GOV.UK Pay and Notify until the context ends. Its flags can also be set by variables.
func simulate(ctx context.Context, e Env, args []string) error {
	var options paysim.Options
	var wrong error
	address := "127.0.0.1:8002"
	_, err := e.flags("simulator", "[-listen ADDRESS] [-url URL] …", args, 0, func(set *flag.FlagSet) {
		set.StringVar(&address, "listen", address, "the `ADDRESS` to listen at")
		options.Declare(set)
		wrong = paysim.ReadVariables(set, e.Environ)
	})
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return e.wrongUse("simulator", "%s", wrong)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	if options.PublicURL == "" {
		options.PublicURL = "http://" + listener.Addr().String()
	}
	pay := paysim.New(options)
	defer pay.Close()
	fmt.Fprintf(e.Stdout, "A simulated GOV.UK Pay is at %[1]s\n"+
		"Use PAYGATE_PAY_MODE=test, PAYGATE_PAY_API_URL and PAYGATE_PAY_CARD_ORIGINS with this address, "+
		"and any key that begins with api_test_, unless -keys lists others.\n"+
		"A simulated GOV.UK Notify is at the same address, with an inbox at %[1]s/inbox. Its settings:\n%[2]s\n",
		options.PublicURL, strings.Join(notifysim.Settings(options.PublicURL), "\n"))
	return demo.Serve(ctx, listener, notifysim.New(notifysim.Options{}).Beside(pay))
}
