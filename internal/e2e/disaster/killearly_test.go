package disaster

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/internal/testserver"
	"paygate/journey"
)

// fastSince names the environment variable that says since when the clock of the fast program runs.
const fastSince = "HASTE_SINCE"

// fastProgram is the real program on a clock on which a second is a minute, with early delivery all the time.
func fastProgram() {
	nanoseconds, _ := strconv.ParseInt(os.Getenv(fastSince), 10, 64)
	since := time.Unix(0, nanoseconds).UTC()
	clock := func() time.Time { return since.Add(60 * time.Since(since)) }
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	status := command.Run(ctx, command.Env{
		Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "development",
		Assemble: func(ctx context.Context, s config.Settings, log *slog.Logger) (*app.App, error) {
			assembled, err := app.Assemble(ctx, s, log, clock)
			if err == nil {
				assembled.Background = func(ctx context.Context) {
					for ctx.Err() == nil {
						_ = assembled.DeliverEarly(ctx)
						<-time.After(10 * time.Millisecond)
					}
				}
			}
			return assembled, err
		},
	}, os.Args[1:])
	stop()
	os.Exit(status)
}

// TestKillsDuringEarlyDelivery lets citizens pay and not return, and kills the program at events of Pay and the
// service. Nothing paid is lost, and nothing is delivered twice, although no sweep is due.
func TestKillsDuringEarlyDelivery(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		random := rand.New(rand.NewPCG(newSeed(t), 3))
		a := newKillTest(t, kind)
		binary, err := exec.LookPath("fast")
		require.NoError(t, err)
		for _, g := range a.replicas {
			g.binary = binary
			g.environ = append(g.environ, fastSince+"="+strconv.FormatInt(time.Now().UnixNano(), 10),
				"PAYGATE_MOPUP_MIN_AGE=3h", "PAYGATE_UPSTREAM_TIMEOUT=5m", "PAYGATE_PAY_TIMEOUT=2s",
				"PAYGATE_ROUTE_LICENCE_RETURN_GRACE=30s", "PAYGATE_ROUTE_IMMEDIATE_RETURN_GRACE=1s")
		}
		a.pay.SetWebhook("", "")
		a.startAll()
		const citizens = 30
		for n := range citizens {
			a.payAndLeave(n)
		}
		for n := 0; len(a.ledger.All()) < citizens && n < 4**kills; n++ {
			select {
			case <-a.events:
			case <-time.After(500 * time.Millisecond):
			}
			a.pause(time.Duration(random.IntN(1500)) * time.Microsecond)
			for _, g := range a.anyReplicas(random) {
				g.kill()
				g.start()
			}
			a.waitUntilServing()
			a.pause(time.Duration(random.IntN(300)) * time.Millisecond)
		}
		require.Eventually(t, func() bool {
			open := len(a.inState(journey.StatePaying)) + len(a.inState(journey.StateConfirmed))
			return open == 0
		}, testserver.LongTimeout, 100*time.Millisecond, "early delivery leaves some journeys open\n%s", a.logged())
		for _, g := range a.replicas {
			g.kill()
		}
		kind.ExpireClaims(t, a.store)
		a.startAll()
		a.waitForRest()
		t.Logf("%d journeys settled by staff", a.settleStuck())
		a.waitForRest()
		a.checkBooks()
		for _, line := range a.ledger.All() {
			require.Contains(t, []string{"mopup", "staff"}, line.Via)
		}
	})
}

// payAndLeave is a citizen who closes the browser on the last page of Pay.
func (a *killTest) payAndLeave(n int) {
	a.t.Helper()
	v := &visitor{a: a, ctx: a.t.Context(), client: testserver.NewBrowser(a.t)}
	target := []string{"/licences/apply", "/fines/pay"}[n%2]
	p, err := v.load(1, http.MethodPost, target,
		url.Values{"case": {"E-" + strconv.Itoa(n)}, "email": {"ann@example.org"}})
	require.NoError(a.t, err)
	require.True(a.t, v.atPay(p), p.Text)
	v.endPayment(p, "success")
}
