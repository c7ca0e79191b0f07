// Paygate is a reverse proxy that adds GOV.UK Pay to a web service whose code stays as it is.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	_ "time/tzdata" // the image has none

	"paygate/gateway/command"
)

// version is set when a release is built.
var version = "development"

// headroom is memory that the garbage collector counts and that is never touched, so that it costs nothing. Paygate keeps a few
// megabytes; a collector that ran whenever those had doubled would take more time than all else that is done to a request. A
// higher GOGC would also multiply large requests, and a memory limit would have the collector run without end near the limit.
const headroom = 16 << 20

func main() {
	log.SetOutput(io.Discard) // net/http quotes there what a service sends, cookies and all
	reserved := make([]byte, headroom)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command.Run(ctx, command.Env{
		Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: version,
	}, os.Args[1:])
	stop()
	runtime.KeepAlive(reserved)
	os.Exit(status)
}
