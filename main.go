// Paygate is a reverse proxy that adds GOV.UK Pay to a web service whose code stays as it is.
//
// This file is the map: settings, then the parts floor by floor, then one command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	_ "time/tzdata" // the image has none

	"paygate/gateway"
	"paygate/gateway/command"
	"paygate/gateway/config"
	"paygate/gateway/cookie"
	"paygate/gateway/delivery"
	"paygate/gateway/metrics"
	"paygate/gateway/pages"
	"paygate/gateway/signature"
	"paygate/gateway/spool"
	"paygate/gateway/staff"
	"paygate/internal/memlimit"
	"paygate/journey"
	"paygate/journey/move"
	"paygate/journey/pay"
	"paygate/journey/seal"
	"paygate/mopup"
)

// version is set when a release is built.
var version = "development"

// ballast is how much memory is set aside and never touched, so that it takes no room: the garbage collector counts it, and
// runs when as much again has been used. What Paygate keeps is a few megabytes, and a collector that runs whenever those have
// doubled would take more time than all else that Paygate does to a request. A higher GOGC would do the same, and multiply
// large requests too; a limit on memory would have the collector run without end where they come near it.
const ballast = 16 << 20

func main() {
	log.SetOutput(io.Discard) // net/http quotes there what a service sends, cookies and all
	untouched := make([]byte, ballast)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command.Run(ctx, command.World{
		Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Assemble: assemble, Version: version,
	}, os.Args[1:])
	stop()
	runtime.KeepAlive(untouched)
	os.Exit(status)
}

// assemble makes a gateway from its settings.
func assemble(ctx context.Context, s config.Settings, log *slog.Logger) (*command.Parts, error) {
	return assembleAt(ctx, s, log, now)
}

// assembleAt is assemble by another clock: what happens to a journey within days can be tried within seconds.
func assembleAt(ctx context.Context, s config.Settings, log *slog.Logger, now func() time.Time) (*command.Parts, error) {
	trust, err := config.ReadUpstreamRoots(s.UpstreamCAFile)
	if err != nil {
		return nil, err
	}

	// Floor 1: the rooms, each with its own technology.
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
	keys, err := signingKeys(ctx, s, store, now)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	counted := metrics.New(store, routeNames(s.Routes), now)
	payments := pay.New(pay.Options{
		URL: s.PayAPIURL, Key: s.PayAPIKey, CardOrigins: s.PayCardOrigins, Timeout: s.PayTimeout, CreateRate: s.PayRate,
		SharedLimit: store.turn, Finished: counted.PayCalled,
	})
	service := delivery.New(delivery.Options{
		Upstream: s.Upstream, Socket: s.UpstreamSocket, Host: s.UpstreamHost, Origins: s.Origins, TLS: trust,
		Timeout: s.UpstreamTimeout, ReplyMaxBytes: s.ReplyMaxBytes, StripSetCookie: cookie.StripSet,
		Delivered: counted.Delivered, TextMissing: textMissing(s.Routes, log),
		Signer: func() signature.Signer {
			return signature.Signer{Keys: keys.Keys(), Issuer: s.Origins.Main().String(), Audience: s.Audience, Now: now}
		},
	})
	tickets, err := cookie.New(cookie.Options{
		HashKeys: sealer.DeriveAll("cookie hash", 64), BlockKeys: sealer.DeriveAll("cookie block", 32),
		Secure: s.Origins.Secure(), MaxAge: ticketAge(s.Routes),
	})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}

	// Memory and room for large requests: those that are held, and those that are delivered, do not wait for each other.
	holding, delivering := newMemoryLimit(45*time.Second), newMemoryLimit(20*time.Second) // citizens, and the end of the process, wait for these
	bodies := spool.New(spool.Options{Folders: spoolFolders(s.Store), MostOnDisk: 4 << 30, Acquire: newMemoryLimit(45 * time.Second).Acquire})
	if !bodies.OnDisk() {
		log.WarnContext(ctx, "no folder takes files, so that few large requests can come in at a time; TMPDIR may name one")
	}

	// Floor 0: the corridor behind every door.
	runner := &journey.Runner{
		Store: store, Payments: payments, Deliverer: service, Now: now, Log: log, WaitTimeout: 10 * time.Second, Acquire: delivering.Acquire,
		Applied: counted.Applied,
	}
	if err := store.endClaims(ctx, runner); err != nil {
		return nil, errors.Join(err, store.Close())
	}

	// Floor 2: the doors.
	door := gateway.New(gateway.Options{
		Origins: s.Origins, Live: s.Live, Prefix: s.Prefix, Routes: s.Routes,
		Upstream: s.Upstream, UpstreamSocket: s.UpstreamSocket, UpstreamHost: s.UpstreamHost, UpstreamTLS: trust, UpstreamTimeout: s.UpstreamTimeout, WebSockets: s.WebSockets,
		HoldMaxBytes: s.HoldMaxBytes, Language: s.Language, Methods: s.Methods, TrustedProxies: s.TrustedProxies,
		CardOrigins: s.PayCardOrigins, RefuseCards: s.RefuseCards, RefuseActions: s.RefuseActions,
		Spool: bodies, Acquire: holding.Acquire,
		Runner: runner, Paid: service, Cookies: tickets, Keys: keys.Handler(), Log: log,
		DoctorToken: command.DoctorToken(sealer), WebhookSecrets: s.PayWebhookSecrets, Marks: store, Counted: counted.RequestReceived, Shadowed: counted.Shadowed, Heard: counted.WebhookReceived,
		Pages: pages.New(pages.Options{
			Prefix: s.Prefix, ServiceName: s.ServiceName, ServiceNameCY: s.ServiceNameCY, Contact: s.Contact, ContactCY: s.ContactCY,
			TestMode: !s.Live, CardOrigins: s.PayCardOrigins,
		}),
	})
	sweeper := mopup.New(mopup.Options{
		Store: store, Shared: store.shared, Runner: runner, Every: s.MopupEvery, MaxPerSecond: 20, Now: now, Log: log, Swept: counted.Swept,
	})
	early := mopup.NewEarly(mopup.EarlyOptions{Store: store, Runner: runner, Now: now, Log: log, Yield: payments.Yield})
	sweep := func(ctx context.Context) (map[string]int, error) {
		counts, err := sweeper.RunNow(ctx)
		return counts.Words(), err
	}
	var draining atomic.Bool
	return &command.Parts{
		Public: door,
		Staff: staff.New(staff.Options{
			Ready: func(ctx context.Context) error {
				if draining.Load() {
					return errors.New("draining")
				}
				return store.Ready(ctx)
			},
			Metrics: counted.Handler(),
			Tokens:  s.StaffTokens, Store: store, Runner: runner, Backup: store.backup, Sweep: sweep,
			HashKey: sealer.Derive("staff cookie hash", 64), BlockKey: sealer.Derive("staff cookie block", 32),
			ServiceName: s.ServiceName, TestMode: !s.Live, Log: log,
		}),
		Drain: func(ctx context.Context) error {
			draining.Store(true)
			door.Drain()
			return runner.Drain(ctx)
		},
		Background: func(ctx context.Context) {
			var all sync.WaitGroup
			all.Go(func() { sweeper.Run(ctx) })
			all.Go(func() { early.Run(ctx) })
			all.Wait()
		},
		Sweep: sweep,
		Early: early.RunOnce,
		Stuck: func(ctx context.Context) (int, error) {
			open, err := store.CountOpen(ctx)
			return open[journey.StateStuck], err
		},
		Close: func() error {
			door.Wait()
			return store.Close()
		},
	}, nil
}

// newRoom is room in memory for a few requests of the usual limit. While one is held, it is there up to three times: as it
// came, sealed, and in the page that the store writes.
func newMemoryLimit(timeout time.Duration) *memlimit.Limit {
	return memlimit.New(memlimit.Options{Bytes: 24 << 20, Free: spool.InMemory, Timeout: timeout})
}

// spoolFolders are where bodies may lie for a while: beside the store, which is the only place of a container that can be
// written, or where the system has its temporary files.
func spoolFolders(s config.Store) []string {
	if s.Kind == config.Bbolt {
		return []string{filepath.Dir(s.Path), os.TempDir()}
	}
	return []string{os.TempDir()}
}

func now() time.Time { return time.Now().UTC() }

// ticketAge is a day, or as long as the longest pass, or as a form can be corrected or tried again.
func ticketAge(routes []gateway.Route) time.Duration {
	age := 24 * time.Hour
	for _, r := range routes {
		if r.Terms.Kind == journey.KindPass {
			age = max(age, r.Terms.PassFor)
		}
		age = max(age, r.Terms.ResubmitFor, r.Terms.RetryFor)
	}
	return age
}

// textMissing tells operators that every page of a route is refused for want of a text: more likely than not, the service has
// changed its confirmation.
func textMissing(routes []gateway.Route, log *slog.Logger) func(string, int) {
	const inARow = 5
	return func(name string, times int) {
		at := slices.IndexFunc(routes, func(r gateway.Route) bool { return r.Name == name })
		if times%inARow != 0 || at < 0 {
			return
		}
		log.Error("the service's last answers were refused, because none has a text of ACCEPT_TEXT; has its confirmation page changed?",
			"route", name, "in_a_row", times, "setting", routes[at].Setting+"ACCEPT_TEXT")
	}
}

func routeNames(routes []gateway.Route) []string {
	var names []string
	for _, r := range routes {
		names = append(names, r.Name)
	}
	return names
}

// signingKeys are those of the settings, else those kept in the store, made at the first start.
func signingKeys(ctx context.Context, s config.Settings, store anyStore, now func() time.Time) (*signature.Ring, error) {
	if len(s.SigningKeys) > 0 {
		keys, err := config.ReadSigningKeys(s.SigningKeys)
		return signature.NewRing(keys, nil), err
	}
	const name = "signing keys"
	var keys signature.Keys
	_, err := store.UpdateValue(ctx, name, func(old []byte) ([]byte, error) {
		kept, err := signature.Unmarshal(old)
		if err != nil {
			return nil, err
		}
		if keys, err = kept.Rotate(s.SigningAlg, now()); err != nil {
			return nil, err
		}
		return keys.Marshal()
	})
	return signature.NewRing(keys, func(ctx context.Context) (signature.Keys, error) {
		text, err := store.Value(ctx, name)
		if err != nil {
			return nil, err
		}
		return signature.Unmarshal(text)
	}), err
}
