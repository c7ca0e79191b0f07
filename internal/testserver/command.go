package testserver

import (
	"bytes"
	"context"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
)

// Serving is in the log of a program from the moment at which it serves.
const Serving = `"msg":"serving"`

// Command is a command of Paygate that runs in this process.
type Command struct {
	Log    *LogBuffer
	stop   func()
	ended  chan struct{}
	status int
}

// StartCommand starts a command of Paygate, and waits until it writes ready. The end of the test stops it.
func StartCommand(t testing.TB, env command.Env, ready string, args ...string) *Command {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	c := &Command{Log: &LogBuffer{}, stop: stop, ended: make(chan struct{})}
	env.Stdout, env.Stderr = c.Log, c.Log
	go func() {
		c.status = command.Run(ctx, env, args)
		close(c.ended)
	}()
	t.Cleanup(func() { c.Stop() })
	c.WaitForLog(t, ready)
	return c
}

// WaitForLog waits until the command writes a text.
func (c *Command) WaitForLog(t testing.TB, text string) {
	t.Helper()
	hung := time.AfterFunc(LongTimeout, c.stop)
	defer hung.Stop()
	require.True(t, c.Log.Wait(text, c.ended), "the command never writes %s:\n%s", text, c.Log)
}

// Stop tells the command to end, and returns its exit status.
func (c *Command) Stop() int {
	c.stop()
	<-c.ended
	return c.status
}

// Waiting is in the log of a program whose store is away.
const Waiting = `"msg":"waiting for the store"`

var servingAt = regexp.MustCompile(`(?:` + Serving + `|` + Waiting + `),"public":"([^"]+)","staff":"([^"]+)"`)

// Addresses returns where a program serves, according to its log.
func Addresses(t testing.TB, log string) (public, staff string) {
	t.Helper()
	found := servingAt.FindStringSubmatch(log)
	require.Len(t, found, 3, log)
	return found[1], found[2]
}

// Serve runs "paygate serve" for a harness that is built and not started.
func (h *Harness) Serve(over ...string) *Command {
	h.T.Helper()
	h.URL, h.Host = "http://"+PublicHost, PublicHost
	environ := append(h.Environ(filepath.Join(h.T.TempDir(), "paygate.db")),
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0")
	c := StartCommand(h.T, command.Env{Environ: append(environ, over...)}, Serving, "serve")
	public, staff := Addresses(h.T, c.Log.String())
	h.URL, h.Staff = "http://"+public, &httptest.Server{URL: "http://" + staff}
	return c
}

// RunCommand runs a command of Paygate to its end, and returns its exit status and what it prints.
func RunCommand(t testing.TB, environ []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = command.Run(t.Context(),
		command.Env{Environ: environ, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}, args)
	return status, out.String(), errs.String()
}
