package command

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/internal/demo"
)

// runDemo runs a sample service, a simulated Pay and Paygate between them.
func runDemo(ctx context.Context, e Env, args []string) error {
	d := demo.Demo{Port: 8000}
	empty := false
	_, err := e.flags("demo", "[-port N] [-store FILE] [-empty]", args, 0, func(set *flag.FlagSet) {
		set.IntVar(&d.Port, "port", d.Port,
			"the gateway's port; the staff listener, Pay and the service have the three after it")
		set.StringVar(&d.Store, "store", "",
			"a file to store journeys in; without it, they are lost when the demo ends")
		set.BoolVar(&empty, "empty", false, "begin without the journeys of the last fortnight")
	})
	if err != nil {
		return err
	}
	if d.Port < 1 || d.Port > 65532 {
		return e.wrongUse("demo", "-port must be from 1 to 65532")
	}
	if d.Store == "" {
		folder, err := os.MkdirTemp("", "paygate-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		d.Store = filepath.Join(folder, "demo.db")
	}
	if _, err := os.Stat(d.Store); !empty && errors.Is(err, fs.ErrNotExist) {
		d.Past = e.Past
		if d.Past == nil {
			d.Past = demo.Fortnight()
		}
	}
	return e.serveDemo(ctx, d)
}

func (e Env) serveDemo(ctx context.Context, d demo.Demo) error {
	settings, err := config.Load(d.Environ())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	around, err := d.Start(ctx)
	if err != nil {
		return err
	}
	guided := e
	catchUp := func() {}
	guided.Assemble = func(ctx context.Context, s config.Settings, log *slog.Logger) (*app.App, error) {
		a, err := app.Assemble(ctx, s, log, around.Now)
		if err == nil {
			catchUp = func() { doWhatIsDue(ctx, a, log) }
			a.Staff = d.WithGuide(a.Staff, around.Now, func(length time.Duration) { around.Skip(length, catchUp) })
		}
		return a, err
	}
	log := e.logger(settings)
	err = guided.serve(ctx, settings, log, func() {
		if err := d.PlayPast(around, catchUp); err != nil {
			log.WarnContext(ctx, "the demo begins without some of its journeys", "error", err)
		}
		d.Announce(e.Stdout)
	})
	stop()
	return errors.Join(err, around.Wait())
}

// doWhatIsDue does what is due after the demo's clock was moved.
func doWhatIsDue(ctx context.Context, a *app.App, log *slog.Logger) {
	err := a.DeliverEarly(ctx)
	_, sweepErr := a.Sweep(ctx)
	if err := errors.Join(err, sweepErr); err != nil {
		log.WarnContext(ctx, "not everything was done that is due", "error", err)
	}
}
