package command

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"paygate/gateway/config"
	"paygate/internal/app"
)

// drainTimeout is how long deliveries may take to end after SIGTERM, so that the process ends within 30 seconds.
const drainTimeout = 28 * time.Second

func serve(ctx context.Context, e Env, args []string) error {
	if _, err := e.flags("serve", "", args, 0, nil); err != nil {
		return err
	}
	settings, err := config.Load(e.Environ)
	log := e.logger(settings)
	for _, warning := range settings.Warnings {
		log.WarnContext(ctx, warning)
	}
	if err == nil {
		err = e.serve(ctx, settings, log, func() {})
	}
	if err == nil {
		return nil
	}
	message := "Paygate ends"
	if errors.As(err, new(config.Faults)) {
		message = "the settings cannot be used"
	}
	log.ErrorContext(ctx, message, "error", err)
	return loggedError{err}
}

// serve runs the gateway until the context ends. It calls ready when both listeners are open.
func (e Env) serve(ctx context.Context, s config.Settings, log *slog.Logger, ready func()) error {
	defer outliveHangups(ctx, log)()
	public, err := listenPublic(s, log)
	if err != nil {
		return err
	}
	staff, err := listenStaff(s, log)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	l := listenOn(public, staff, e.Version, log)
	watched, stop := context.WithCancel(ctx)
	defer stop()
	go newSupervisor(e.Environ, log).follow(watched, answers(staff, s.StaffTLSCertFile != ""))
	a, err := e.firstApp(ctx, s, log, l)
	if err != nil || a == nil {
		return errors.Join(err, l.close(ctx, log))
	}
	l.show(a)
	log.InfoContext(ctx, "serving",
		"public", public.Addr().String(), "staff", staff.Addr().String(), "version", e.Version)
	ready()
	return e.run(ctx, s, log, a, l)
}

// outliveHangups keeps SIGHUP from ending the process, until stop is called. There is nothing to read again: the
// listeners follow the files of their certificates, and other settings need a restart.
func outliveHangups(ctx context.Context, log *slog.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			log.InfoContext(ctx,
				"SIGHUP: a listener uses its renewed certificate without it; all else that the settings "+
					"name, such as PAYGATE_UPSTREAM_CA_FILE, needs a restart")
		}
	}()
	return func() { signal.Stop(hangups); close(hangups) }
}

// firstApp waits for the App. A stand-in answers meanwhile if the database is away, or the store takes long to open.
// There is none if the context ends first.
func (e Env) firstApp(ctx context.Context, s config.Settings, log *slog.Logger, l *listeners) (*app.App, error) {
	opening, late := e.open(ctx, s, log), time.After(patience)
	standIn := func(cause error) error {
		a, err := app.StandIn(ctx, s, log, cause)
		if err == nil {
			l.show(a)
			log.WarnContext(ctx, "waiting for the store",
				"public", l.public.Addr().String(), "staff", l.staff.Addr().String(), "error", cause)
		}
		return err
	}
	for {
		var err error
		select {
		case result := <-opening.done:
			if result.err != nil && ctx.Err() != nil {
				return nil, nil
			}
			return result.app, result.err
		case cause := <-opening.away:
			err = standIn(cause)
		case <-late:
			err = standIn(errors.New("the store is still being opened"))
		case err = <-l.failed:
		}
		if err != nil {
			return nil, err
		}
	}
}

// run does the background work of an App that is shown, until the context or a server ends.
func (e Env) run(ctx context.Context, s config.Settings, log *slog.Logger, a *app.App, l *listeners) (err error) {
	var background sync.WaitGroup
	running, stop := context.WithCancel(ctx)
	defer stop()
	background.Go(func() { a.Background(running) })
	background.Go(func() { e.warnOfExposure(running, s, log) })
	select {
	case err = <-l.failed:
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err == nil {
		drain(late, a, l.servers, log)
	}
	stop()
	return errors.Join(err, end(late, background.Wait, a.Close))
}

// warnOfExposure warns if the service's name leads to public addresses. It neither delays the start nor fails it. The
// warnings of the settings cover an IP address in them.
func (e Env) warnOfExposure(ctx context.Context, s config.Settings, log *slog.Logger) {
	if _, err := netip.ParseAddr(s.Upstream.Hostname()); err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if text, _ := config.Exposed(ctx, s.Upstream.URL, e.lookUp); text != "" {
		log.WarnContext(ctx, text)
	}
}

// drain refuses new journeys, waits for deliveries, then closes both servers.
func drain(late context.Context, a *app.App, servers []*http.Server, log *slog.Logger) {
	log.InfoContext(late, "draining")
	if err := a.Drain(late); err != nil {
		log.WarnContext(late, "deliveries have not ended", "error", err)
	}
	for _, server := range servers {
		if err := server.Shutdown(late); err != nil {
			_ = server.Close()
		}
	}
	log.InfoContext(late, "drained")
}

// end waits for the background work and closes the store, but no longer than the context lasts. Work that is cut off
// then is left as after a crash: the next start recovers it.
func end(late context.Context, wait func(), closeAll func() error) error {
	ended := make(chan error, 1)
	go func() { wait(); ended <- closeAll() }()
	select {
	case err := <-ended:
		if late.Err() == nil {
			return err
		}
	case <-late.Done():
	}
	return errors.New("work in progress did not end in time; the next start will recover it")
}
