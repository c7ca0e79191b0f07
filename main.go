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

// headroom is the size of an allocation that nothing touches. It uses no physical memory, but makes the garbage
// collector run less often: Paygate's own heap is a few megabytes, and collecting each time that doubled would take
// longer than handling the requests. A higher GOGC would also let large requests multiply, and a memory limit would
// make the collector run without end near the limit.
const headroom = 8 << 20

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
