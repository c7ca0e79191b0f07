package command

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"paygate/gateway/config"
	"paygate/internal/app"
)

const (
	// patience is how long the listeners wait for the store before a stand-in answers them.
	patience = 15 * time.Second
	// reopenEvery is the pause after an attempt to reach a database that is away.
	reopenEvery = time.Second
)

// opening is an App being built in the background.
type opening struct {
	away chan error // why the database is away, each time that this changes
	done chan opened
}

// opened is the App, or why there is none.
type opened struct {
	app *app.App
	err error
}

// open begins to build Paygate, and tries again as long as its database is away.
func (e Env) open(ctx context.Context, s config.Settings, log *slog.Logger) opening {
	o := opening{make(chan error), make(chan opened, 1)}
	go func() {
		for said := ""; ; {
			a, err := e.assemble(ctx, s, log)
			if !app.IsAway(err) || ctx.Err() != nil {
				o.done <- opened{a, err}
				return
			}
			if said != err.Error() {
				said = err.Error()
				o.away <- err
			}
			wait(ctx, reopenEvery)
		}
	}()
	return o
}

func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// listeners are the open listeners with their servers, which show one App after the other.
type listeners struct {
	public, staff net.Listener
	servers       []*http.Server
	version       string
	shown         atomic.Pointer[app.App]
	failed        chan error
}

func listenOn(public, staff net.Listener, version string, log *slog.Logger) *listeners {
	l := &listeners{public: public, staff: staff, version: version, failed: make(chan error, 2)}
	l.servers = []*http.Server{
		publicServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.shown.Load().Public.ServeHTTP(w, r)
		}), log),
		staffServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.shown.Load().Staff.ServeHTTP(w, r)
		}), log),
	}
	return l
}

// show lets the servers show an App. Requests under way stay with the one before.
func (l *listeners) show(a *app.App) {
	a.Identify(l.version, readBuild().revision)
	if l.shown.Swap(a) != nil {
		return
	}
	for i, listener := range []net.Listener{l.public, l.staff} {
		go func() { l.failed <- l.servers[i].Serve(listener) }()
	}
}

// close closes the listeners. Requests that a stand-in answers may end first.
func (l *listeners) close(ctx context.Context, log *slog.Logger) error {
	standIn := l.shown.Load()
	if standIn == nil {
		return errors.Join(l.public.Close(), l.staff.Close())
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	drain(late, standIn, l.servers, log)
	return nil
}
