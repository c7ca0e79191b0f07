package command

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"paygate/gateway/config"
	"paygate/internal/app"
)

// drainFor is how long deliveries under way may take to end after SIGTERM: within 30 seconds all is over, the end included.
const drainFor = 28 * time.Second

func serve(ctx context.Context, w Env, args []string) error {
	if _, err := w.flags("serve", "", args, 0, nil); err != nil {
		return err
	}
	settings, err := config.Load(w.Environ)
	if err != nil {
		return err
	}
	log := w.logger(settings)
	for _, warning := range settings.Warnings {
		log.WarnContext(ctx, warning)
	}
	return w.serve(ctx, settings, log, nil)
}

// serve runs the gateway until the context ends. ready, where given, hears when both doors are open.
func (w Env) serve(ctx context.Context, s config.Settings, log *slog.Logger, ready func()) error {
	public, err := listenPublic(s)
	if err != nil {
		return err
	}
	staff, err := net.Listen("tcp", s.StaffListen)
	if err != nil {
		_ = public.Close()
		return fmt.Errorf("opening the staff door: %w", err)
	}
	a, err := w.assemble(ctx, s, log)
	if err != nil {
		return errors.Join(err, public.Close(), staff.Close())
	}
	doors := []*http.Server{publicServer(a.Public, log), staffServer(a.Staff, log)}
	failed := make(chan error, len(doors))
	for i, listener := range []net.Listener{public, staff} {
		go func() { failed <- doors[i].Serve(listener) }()
	}
	log.InfoContext(ctx, "serving", "public", public.Addr().String(), "staff", staff.Addr().String(), "version", w.Version)
	if ready != nil {
		ready()
	}
	var background sync.WaitGroup
	sweeping, stop := context.WithCancel(ctx)
	defer stop()
	background.Go(func() { a.Background(sweeping) })
	background.Go(func() { w.warnOfExposure(sweeping, s, log) })
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	if err == nil {
		drain(late, a, doors, log)
	}
	stop()
	return errors.Join(err, end(late, background.Wait, a.Close))
}

// warnOfExposure says when the service's name leads to public addresses. No start waits for it, or fails by it; of an address
// in the settings themselves they have said so.
func (w Env) warnOfExposure(ctx context.Context, s config.Settings, log *slog.Logger) {
	if _, err := netip.ParseAddr(s.Upstream.Hostname()); err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if text, _ := config.Exposed(ctx, s.Upstream.URL, w.lookUp); text != "" {
		log.WarnContext(ctx, text)
	}
}

// drain refuses new journeys, lets what is under way end, then closes both doors.
func drain(late context.Context, a *app.App, doors []*http.Server, log *slog.Logger) {
	log.InfoContext(late, "draining")
	if err := a.Drain(late); err != nil {
		log.WarnContext(late, "deliveries are under way still", "error", err)
	}
	for _, door := range doors {
		if shutErr := door.Shutdown(late); shutErr != nil {
			_ = door.Close()
		}
	}
	log.InfoContext(late, "drained")
}

// end waits for what nobody asked for, and closes the store; but no longer than the context lasts. What is cut off then is as
// after a crash: the next start knows of it.
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
	return errors.New("what was under way did not end in time; the next start knows of it")
}

func listenPublic(s config.Settings) (net.Listener, error) {
	listener, err := listen(s.Listen)
	if err != nil {
		return nil, fmt.Errorf("opening the public door: %w", err)
	}
	listener = citizens{listener}
	if s.TLSCertFile == "" {
		return listener, nil
	}
	certificate, err := tls.LoadX509KeyPair(s.TLSCertFile, s.TLSKeyFile)
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("reading PAYGATE_TLS_CERT_FILE and PAYGATE_TLS_KEY_FILE: %w", err)
	}
	return tls.NewListener(listener, &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}), nil
}

// publicServer speaks HTTP/1.1 only, and waits for nobody for ever.
func publicServer(handler http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64<<10 - 4096, // net/http adds 4096 of its own
		ErrorLog:          quietly(log),
	}
}

func staffServer(handler http.Handler, log *slog.Logger) *http.Server {
	server := publicServer(handler, log)
	server.ReadTimeout, server.WriteTimeout = 30*time.Second, 0
	return server
}
