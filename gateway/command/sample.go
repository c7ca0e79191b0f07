package command

import (
	"context"
	"flag"
	"fmt"
	"net"
	"time"

	"paygate/internal/demo"
	"paygate/internal/demo/sample"
)

// sampleService runs the demo's service alone until the context ends.
func sampleService(ctx context.Context, e Env, args []string) error {
	address := "127.0.0.1:8003"
	_, err := e.flags("sample", "[-listen ADDRESS]", args, 0, func(set *flag.FlagSet) {
		set.StringVar(&address, "listen", address, "where to listen")
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "The sample service is at http://%s\n", listener.Addr())
	return demo.Serve(ctx, listener, sample.New(time.Now))
}
