// Package app builds Paygate from its settings: the store, the parts that use it, and the two handlers that the
// listeners serve. It is the one place that knows every part.
package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"paygate/gateway"
	"paygate/gateway/alerts"
	"paygate/gateway/config"
	"paygate/gateway/cookie"
	"paygate/gateway/delivery"
	"paygate/gateway/metrics"
	"paygate/gateway/modes"
	"paygate/gateway/proxy"
	"paygate/gateway/signature"
	"paygate/gateway/staff"
	"paygate/gateway/tracing"
	"paygate/gateway/webhook"
	"paygate/journey"
	"paygate/journey/move"
	"paygate/journey/pgstore"
	"paygate/journey/reconcile"
	"paygate/journey/seal"
	"paygate/mopup"
)

// App is an assembled Paygate, ready to be served.
type App struct {
	Public http.Handler
	Staff  http.Handler
	// Background runs the mop-up, early deliveries, messages, alerts and daily comparisons until the context ends.
	Background func(context.Context)
	// Identify makes the metrics say which version this is. It is to be called once.
	Identify func(version, revision string)

	gateway *gateway.Gateway
	store   store
	runner  *journey.Runner
	sweeper *mopup.Mopup
	breaker *mopup.Breaker
	early   *mopup.Early
	alerts  *alerts.Alerts
	modes   *modes.Modes
	teller  *mopup.Teller
	tracer  *tracing.Tracer // nil: nothing is traced

	reconciler *reconcile.Reconciler
	draining   atomic.Bool
	// sweeping ends when the drain begins.
	sweeping   context.Context
	stopSweeps context.CancelFunc
	sweeps     sync.WaitGroup // that staff have asked for
}

// Assemble builds an App. now is its clock, and returns UTC; nil: the store's clock, which all replicas share.
func Assemble(ctx context.Context, s config.Settings, log *slog.Logger, now func() time.Time) (*App, error) {
	sealer, err := seal.New(s.Secrets)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, s, sealer, log, now)
	if err != nil {
		return nil, err
	}
	if err := move.Complete(ctx, store); err != nil {
		return nil, errors.Join(fmt.Errorf("the store %w", err), store.Close())
	}
	a := &App{store: store}
	if err := a.assemble(ctx, s, sealer, log, store.now); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return a, nil
}

// StandIn builds an App for the time until the store can be opened, and knows why it cannot. Free requests pass, and
// whatever needs the store answers that it cannot be used.
func StandIn(ctx context.Context, s config.Settings, log *slog.Logger, cause error) (*App, error) {
	sealer, err := seal.New(s.Secrets)
	if err != nil {
		return nil, err
	}
	a := &App{store: awayStore(sealer, cause)}
	return a, a.assemble(ctx, s, sealer, log, a.store.now)
}

// IsAway reports whether an error of Assemble says that the database is away, and may come back by itself.
func IsAway(err error) bool { return pgstore.IsAway(err) }

// assemble builds what lies above the store.
func (a *App) assemble(ctx context.Context, s config.Settings, sealer *seal.Sealer, log *slog.Logger,
	now func() time.Time,
) error {
	trust, err := config.ReadUpstreamRoots(s.UpstreamCAFile)
	if err != nil {
		return err
	}
	keys, err := signingKeys(ctx, s, a.store, now)
	if err != nil {
		return err
	}
	tickets, err := cookie.New(cookie.Options{
		HashKeys: sealer.DeriveAll("cookie hash", 64), BlockKeys: sealer.DeriveAll("cookie block", 32),
		Secure: s.Origins.Secure(), MaxAge: ticketAge(s.Routes),
	})
	if err != nil {
		return err
	}

	if a.tracer, err = newTracer(s.Tracing, log); err != nil {
		return err
	}
	a.sweeping, a.stopSweeps = context.WithCancel(context.WithoutCancel(ctx))
	a.breaker = mopup.NewBreaker(now, log)
	counted := metrics.New(a.store, routeNames(s.Routes), accountNames(s.Accounts), now)
	a.modes = modes.New(modes.Options{Settings: modeSettings(s.Routes), Values: a.store, Now: now, Log: log})
	counted.AddModes(a.modeWords)
	counted.AddReady(a.ready)
	a.Identify = counted.AddBuild
	counted.AddPauses(routeNames(s.Routes), a.breaker.Paused)
	watchMachine(counted, s, now)
	a.alerts = a.newAlerts(s, log, now)
	atPay := a.store.newAccounts(s, a.payCalled(counted))
	if err := a.store.requireAccounts(ctx, atPay, now()); err != nil {
		return err
	}
	service := delivery.New(delivery.Options{
		Upstream: s.Upstream.URL, Socket: s.Upstream.Socket, Host: s.UpstreamHost, Origins: s.Origins, TLS: trust,
		Timeout: s.UpstreamTimeout, ReplyMaxBytes: s.ReplyMaxBytes, StripSetCookie: cookie.StripSet,
		Delivered: counted.Delivered, TextMissing: textMissing(s.Routes, a.alerts, log),
		Signer: func() signature.Signer {
			return signature.Signer{
				Keys: keys.Keys(), Issuer: s.Origins.Main().String(), Audience: s.Audience,
				Now: now,
			}
		},
	})
	a.runner = &journey.Runner{
		Store: a.store, Accounts: atPay.payments(), Deliverer: a.tracer.Deliverer(service),
		Messenger: a.messengers(service, s, sealer, now), Now: now, Log: log, Started: now(),
		Tracer: a.tracer.Journeys(), WaitTimeout: 10 * time.Second, SecondPersonFrom: int64(s.SecondPersonFrom),
		Acquire: newMemoryLimit(deliveryWait).Acquire, Applied: a.applied(counted), Permit: a.breaker.Permit,
	}
	if err := a.store.endClaims(ctx, a.runner); err != nil {
		return err
	}

	a.gateway = gateway.New(gateway.Options{
		Origins: s.Origins, Prefix: s.Prefix, Routes: s.Routes,
		Proxy: proxy.Options{
			Upstream: s.Upstream.URL, Socket: s.Upstream.Socket, Host: s.UpstreamHost, TLS: trust,
			Timeout:    s.UpstreamTimeout,
			WebSockets: s.WebSockets, CardOrigins: s.PayCardOrigins, Log: log,
			Trace:   a.tracer.RoundTripper,
			Clients: proxy.Clients{Origins: s.Origins, Trusted: s.TrustedProxies, Live: s.Live},
		},
		HoldMaxBytes: s.HoldMaxBytes, Language: s.Language, Methods: s.Methods,
		RefuseCards: s.RefuseCards, RefuseActions: s.RefuseActions,
		Spool: newSpool(ctx, s.Store, log), Acquire: newMemoryLimit(citizenWait).Acquire,
		Modes: a.modes.Current, Runner: a.runner, Paid: service, Cookies: tickets, Keys: keys.Handler(), Log: log,
		DoctorToken: DoctorToken(sealer), Webhook: a.newWebhook(s, counted, log),
		Began: counted.RequestBegan, Ended: counted.RequestEnded, Shadowed: counted.Shadowed,
		Trace: a.tracer.Request(),
		Pages: newPages(s),
	})
	a.Public = a.gateway
	a.sweeper = mopup.New(mopup.Options{
		Store: a.store, Shared: a.store.shared, Runner: a.runner, Every: s.MopupEvery, MaxPerSecond: 30, Now: now,
		Log:   log,
		Swept: a.swept(counted, log, now), Trace: a.tracer.Sweep(), WaitOut: atPay.waitOut,
		IsPaused: a.breaker.IsPaused,
		Misdated: func(ctx context.Context) ([]journey.Due, error) { return journey.Misdated(ctx, a.store, now()) },
	})
	a.early = mopup.NewEarly(mopup.EarlyOptions{
		Store: a.store, Runner: a.runner, Now: now, Log: log,
		Yield: atPay.yield, IsPaused: a.breaker.IsPaused,
	})
	a.teller = mopup.NewTeller(mopup.TellerOptions{Store: a.store, Runner: a.runner, Now: now, Log: log})
	a.reconciler = a.newReconciler(s, atPay, counted, log, now)
	a.Background = a.background
	a.Staff = staff.New(staff.Options{
		Ready: a.ready, Metrics: counted.Handler(),
		KeepAudit: s.KeepJourneys, SignIn: staffSignIn(s, a.store, sealer, now), Store: a.store, Runner: a.runner,
		Backup: a.store.backup, Sweep: a.Sweep, Sweeping: a.sweepProgress, Paused: a.breaker.Paused,
		Reconciler: a.reconciler, Modes: a.modes,
		Metadata: metadataNames(s.Routes), Routes: routeNames(s.Routes), PayTool: s.PayTool.String(),
		ServiceName: s.ServiceName, TestMode: !s.Live, Log: log,
	})
	return nil
}

// DoctorToken returns the token with which the doctor asks a running Paygate how its request arrived.
func DoctorToken(sealer *seal.Sealer) string { return hex.EncodeToString(sealer.Derive("doctor", 16)) }

// Drain refuses new journeys, ends sweeps, and waits until the deliveries in progress or the context end.
func (a *App) Drain(ctx context.Context) error {
	a.draining.Store(true)
	a.stopSweeps()
	a.gateway.Drain()
	return a.runner.Drain(ctx)
}

// Sweep runs the mop-up now. It returns the number of journeys by result, even if an error ends the sweep early.
func (a *App) Sweep(ctx context.Context) (map[string]int, error) {
	a.sweeps.Add(1)
	defer a.sweeps.Done()
	ctx, stop := a.untilDrain(ctx)
	defer stop()
	counts, err := a.sweeper.RunNow(ctx)
	a.teller.RunNow(ctx)
	return counts.Words(), err
}

// sweepProgress returns what the sweep that is under way has done so far. It reports false if there is none.
func (a *App) sweepProgress() (counts map[string]int, running bool) {
	done, running := a.sweeper.Progress()
	return done.Words(), running
}

// untilDrain returns a context that also ends when the drain begins.
func (a *App) untilDrain(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	detach := context.AfterFunc(a.sweeping, cancel)
	return ctx, func() { detach(); cancel() }
}

// DeliverEarly delivers now what is due for early delivery.
func (a *App) DeliverEarly(ctx context.Context) error { return a.early.RunOnce(ctx) }

// CountStuck returns how many journeys wait for a person.
func (a *App) CountStuck(ctx context.Context) (int, error) {
	open, err := a.store.CountOpen(ctx)
	return open[journey.StateStuck], err
}

// Alert tells staff now what needs a person, unless they were told less than an hour ago.
func (a *App) Alert(ctx context.Context) error { return a.alerts.RunOnce(ctx) }

// Close waits for the work that the handlers started, and closes the store.
func (a *App) Close() error {
	a.gateway.Wait()
	a.stopSweeps()
	a.sweeps.Wait()
	defer a.tracer.Close()
	return a.store.Close()
}

func (a *App) background(ctx context.Context) {
	ctx, stop := a.untilDrain(ctx)
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { a.sweeper.Run(ctx) })
	all.Go(func() { a.early.Run(ctx) })
	all.Go(func() { a.alerts.Run(ctx) })
	all.Go(func() { a.teller.Run(ctx) })
	all.Go(func() { a.reconciler.Run(ctx) })
	all.Wait()
}

// ready returns why the process cannot accept work, or nil if it can.
func (a *App) ready(ctx context.Context) error {
	if a.draining.Load() {
		return errors.New("draining")
	}
	if err := a.runner.StoresResults(); err != nil {
		return err
	}
	return a.store.Ready(ctx)
}

// newWebhook returns nil if no secret is set, because no message could be verified.
func (a *App) newWebhook(s config.Settings, counted *metrics.Metrics, log *slog.Logger) *webhook.Handler {
	secrets := map[string][]string{}
	for _, account := range s.Accounts {
		if len(account.WebhookSecrets) > 0 {
			secrets[account.Name] = account.WebhookSecrets
		}
	}
	if len(secrets) == 0 {
		return nil
	}
	return webhook.New(webhook.Options{
		Secrets: secrets, Runner: a.runner, Marks: a.store, Log: log, Received: counted.WebhookReceived,
	})
}
