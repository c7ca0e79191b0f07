package disaster

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"paygate/gateway/command"
	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/internal/testserver"
	"paygate/journey"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hasteSince is the environment variable that says since when the clock of the hasty program runs fast.
const hasteSince = "HASTE_SINCE"

// hasty is the real program by a clock on which a second is a minute, and with early delivery all the time.
func hasty() {
	nanoseconds, _ := strconv.ParseInt(os.Getenv(hasteSince), 10, 64)
	since := time.Unix(0, nanoseconds).UTC()
	clock := func() time.Time { return since.Add(60 * time.Since(since)) }
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	status := command.Run(ctx, command.Env{
		Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "development",
		Assemble: func(ctx context.Context, s config.Settings, log *slog.Logger) (*app.App, error) {
			parts, err := app.Assemble(ctx, s, log, clock)
			if err == nil {
				parts.Background = func(ctx context.Context) {
					for ctx.Err() == nil {
						_ = parts.DeliverEarly(ctx)
						<-time.After(10 * time.Millisecond)
					}
				}
			}
			return parts, err
		},
	}, os.Args[1:])
	stop()
	os.Exit(status)
}

// TestKillsDuringEarlyDelivery: citizens pay and never come back, sweeps do not come for hours, and the
// program is killed whenever something happens at Pay or at the service. Nothing paid is lost, and nothing is delivered
// twice.
func TestKillsDuringEarlyDelivery(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		random := rand.New(rand.NewPCG(newSeed(t), 3))
		a := newArena(t, kind)
		binary, err := exec.LookPath("hasty")
		require.NoError(t, err)
		for _, g := range a.gateways {
			g.binary = binary
			g.environ = append(g.environ, hasteSince+"="+strconv.FormatInt(time.Now().UnixNano(), 10),
				"PAYGATE_MOPUP_MIN_AGE=3h", "PAYGATE_UPSTREAM_TIMEOUT=5m", "PAYGATE_PAY_TIMEOUT=2s",
				"PAYGATE_ROUTE_LICENCE_RETURN_GRACE=30s", "PAYGATE_ROUTE_IMMEDIATE_RETURN_GRACE=1s")
		}
		a.pay.SetWebhook("", "")
		a.startAll()
		const citizens = 30
		for n := range citizens {
			a.paysAndLeaves(n)
		}
		for kills := 0; len(a.book.All()) < citizens && kills < 4**killTimes; kills++ {
			select {
			case <-a.moments:
			case <-time.After(500 * time.Millisecond):
			}
			a.pause(time.Duration(random.IntN(1500)) * time.Microsecond)
			for _, g := range a.some(random) {
				g.kill()
				g.start()
			}
			a.awaitServing()
			a.pause(time.Duration(random.IntN(300)) * time.Millisecond)
		}
		require.Eventually(t, func() bool {
			open := len(a.inState(journey.StatePaying)) + len(a.inState(journey.StateConfirmed))
			return open == 0
		}, testserver.LongTimeout, 100*time.Millisecond, "early delivery leaves some behind\n%s", a.said())
		for _, g := range a.gateways {
			g.kill()
		}
		kind.ExpireClaims(t, a.store)
		a.startAll()
		a.bringToRest()
		t.Logf("%d journeys left to a person", a.settleByTheBook())
		a.bringToRest()
		a.checkBooks()
		for _, line := range a.book.All() {
			require.Contains(t, []string{"mopup", "staff"}, line.Via)
		}
	})
}

// paysAndLeaves is a citizen who pays, and closes the browser on Pay's last page.
func (a *arena) paysAndLeaves(n int) {
	a.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(a.t, err)
	v := &visitor{a: a, ctx: a.t.Context(), client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	target := []string{"/licences/apply", "/fines/pay"}[n%2]
	p, err := v.load(1, http.MethodPost, target,
		url.Values{"case": {"E-" + strconv.Itoa(n)}, "email": {"ann@example.org"}})
	require.NoError(a.t, err)
	require.True(a.t, v.atPay(p), p.Text)
	v.endsAtPay(p, "success")
}
