package command

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// supervisor is systemd, if it started the process and wants to hear how it is (sd_notify(3), sd_watchdog_enabled(3)).
type supervisor struct {
	socket string        // empty: there is none
	every  time.Duration // how often it must hear that the process works; 0: never
	log    *slog.Logger
}

func newSupervisor(environ []string, log *slog.Logger) supervisor {
	microseconds, _ := strconv.ParseInt(variable(environ, "WATCHDOG_USEC"), 10, 64)
	return supervisor{variable(environ, "NOTIFY_SOCKET"), time.Duration(max(0, microseconds)) * time.Microsecond, log}
}

// variable returns an environment variable that is not a setting.
func variable(environ []string, name string) string {
	at := slices.IndexFunc(environ, func(line string) bool { return strings.HasPrefix(line, name+"=") })
	if at < 0 {
		return ""
	}
	return environ[at][len(name)+1:]
}

// tell sends a state such as READY=1. If it does not arrive, systemd acts as if the process hung, so the log says so.
func (s supervisor) tell(ctx context.Context, state string) {
	if s.socket == "" {
		return
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unixgram", s.socket)
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close()
	}
	if err != nil {
		s.log.WarnContext(ctx, "systemd could not be told how Paygate is", "state", state, "error", err)
	}
}

// answerEvery is the pause after an attempt to reach a listener that does not answer yet.
const answerEvery = 100 * time.Millisecond

// follow tells systemd when Paygate answers, that it still does, and that it ends: until the context ends.
func (s supervisor) follow(ctx context.Context, answers func(context.Context) error) {
	if s.socket == "" {
		return
	}
	for answers(ctx) != nil {
		wait(ctx, answerEvery)
		if ctx.Err() != nil {
			return
		}
	}
	s.tell(ctx, "READY=1")
	if s.every > 0 {
		go s.watch(ctx, answers)
	}
	<-ctx.Done()
	s.tell(context.WithoutCancel(ctx), "STOPPING=1")
}

// watch tells systemd again and again that Paygate answers.
func (s supervisor) watch(ctx context.Context, answers func(context.Context) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(s.every / 3):
		}
		if err := answers(ctx); err != nil {
			s.log.WarnContext(ctx, "the staff listener does not answer; systemd will restart Paygate", "error", err)
			continue
		}
		s.tell(ctx, "WATCHDOG=1")
	}
}

// answers returns a check that a listener of this process answers at all.
func answers(listener net.Listener, isHTTPS bool) func(context.Context) error {
	address := "http://" + listener.Addr().String() + "/livez"
	if isHTTPS {
		address = "https" + strings.TrimPrefix(address, "http")
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // the address is our own, and nothing secret is sent
	}}
	return func(ctx context.Context) error {
		_, _, err := get(ctx, client, address, 5*time.Second)
		return err
	}
}
