package command

import (
	"context"
	"flag"
	"fmt"
	"net"

	"paygate/internal/demo"
	"paygate/internal/paysim"
)

// simulate runs a simulated GOV.UK Pay until the context ends.
func simulate(ctx context.Context, e Env, args []string) error {
	address, public := "127.0.0.1:8002", ""
	_, err := e.flags("simulator", "[-listen ADDRESS] [-url URL]", args, 0, func(set *flag.FlagSet) {
		set.StringVar(&address, "listen", address, "where to listen")
		set.StringVar(&public, "url", "", "the `URL` where browsers reach it, if it is not that address")
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	if public == "" {
		public = "http://" + listener.Addr().String()
	}
	pay := paysim.New(paysim.Options{PublicURL: public})
	defer pay.Close()
	fmt.Fprintf(e.Stdout, "A simulated GOV.UK Pay is at http://%s\n"+
		"Use PAYGATE_PAY_MODE=test, PAYGATE_PAY_API_URL and PAYGATE_PAY_CARD_ORIGINS with this address, "+
		"and any key that begins with api_test_.\n", listener.Addr())
	return demo.Serve(ctx, listener, pay)
}
