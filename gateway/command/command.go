// Package command contains the commands that a person types, one file for each. Their exit status is 0 if they succeed,
// 1 if they fail, 2 for wrong use or settings, and 3 if something needs a person.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"paygate/gateway/config"
	"paygate/internal/app"
	"paygate/internal/demo"
)

// Env is what a command may use of its environment.
type Env struct {
	Environ []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Version string

	// Assemble builds Paygate from its settings; nil: app.Assemble with the store's clock.
	Assemble func(context.Context, config.Settings, *slog.Logger) (*app.App, error)
	// Past are the citizens of the demo before it was opened; nil: those of a fortnight.
	Past []demo.Citizen
	// LookUp resolves host names; nil: as the system does.
	LookUp config.LookUp
}

func (e Env) lookUp(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if e.LookUp != nil {
		return e.LookUp(ctx, network, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, network, host)
}

func (e Env) assemble(ctx context.Context, s config.Settings, log *slog.Logger) (*app.App, error) {
	if e.Assemble != nil {
		return e.Assemble(ctx, s, log)
	}
	return app.Assemble(ctx, s, log, nil)
}

// The command has already said what these errors mean.
var (
	errUsage       = errors.New("wrong use")
	errNeedsPerson = errors.New("something needs a person")
)

// wrongUse prints how a command was used wrongly.
func (e Env) wrongUse(name, format string, values ...any) error {
	fmt.Fprintf(e.Stderr, "paygate %s: %s\n", name, fmt.Sprintf(format, values...))
	return errUsage
}

type command struct {
	name    string
	summary string
	run     func(context.Context, Env, []string) error
}

// commands returns the commands in the order of the help.
func commands() []command {
	return []command{
		{"serve", "runs the gateway and its staff listener (the default)", serve},
		{"demo", "runs a sample service, a simulated GOV.UK Pay and the gateway; needs no settings", runDemo},
		{"simulator", "runs a simulated GOV.UK Pay, for your own tests", simulate},
		{"sample", "runs the demo's sample service, to try a deployment with", sampleService},
		{"check", "checks the settings and prints a summary; with -store, reads the whole bbolt file", check},
		{"doctor", "checks the settings, the service and its forms, and the connection to GOV.UK Pay", runDoctor},
		{"probe", "staging only: asks the service directly which spellings reach the pay code", runProbe},
		{"keys", "prints new secrets as settings", keys},
		{"mopup", "sweeps once, through the running gateway (bbolt) or by itself (PostgreSQL)", mopup},
		{"journeys", "lists journeys", journeys},
		{"show", "prints one journey with its whole history", show},
		{"check-now", "asks GOV.UK Pay about a journey, and does what is owed", checkNow},
		{"release", "sends a paid request to the service now, or once more", release},
		{"refund", "gives money back", refund},
		{"return", "gives back the money of something that was not given", giveBack},
		{"settle", "ends a stuck journey as a person decided", settle},
		{"approve", "agrees to what waits for a second person, and does it", approve},
		{"reject", "ends what waits for a second person, or withdraws it", reject},
		{"route", "shows what the pay routes do; closes or opens one, or lets its requests pass unpaid", route},
		{"person", "lists what is held about one person, or erases what came from them", person},
		{"reconcile", "compares the payments at GOV.UK Pay with the journeys in the store", reconcileNow},
		{"export", "writes the finance file (CSV)", exportCSV},
		{"backup", "copies the store of the running gateway into a file", backup},
		{"move", "copies everything from one store into another, while neither is in use", moveStore},
		{"salvage", "copies what can be read of a damaged bbolt file", salvage},
		{"verify", "checks the signature of a captured request", verify},
		{"healthcheck", "asks the running gateway whether it lives, or is ready; for containers", healthcheck},
		{"version", "prints the version, and the revision it was built from", version},
	}
}

// Run runs one command and returns the exit status.
func Run(ctx context.Context, e Env, args []string) int {
	name, rest := "serve", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, rest = args[0], args[1:]
	}
	if name == "help" || len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
		usage(e.Stdout)
		return 0
	}
	for _, c := range commands() {
		if c.name == name {
			return e.status(c.run(ctx, e, rest))
		}
	}
	fmt.Fprintf(e.Stderr, "paygate: there is no command %q\n\n", name)
	usage(e.Stderr)
	return 2
}

// loggedError is an error that the log has already.
type loggedError struct{ error }

func (l loggedError) Unwrap() error { return l.error }

func (e Env) status(err error) int {
	var faults config.Faults
	var request wrongRequest
	if errors.As(err, new(loggedError)) {
		e.Stderr = io.Discard
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, errNeedsPerson):
		return 3
	case errors.As(err, &request):
		fmt.Fprintf(e.Stderr, "paygate: %v\n", err)
		return 2
	case errors.As(err, &faults):
		fmt.Fprintf(e.Stderr, "paygate: the settings cannot be used:\n%v\n", faults)
		return 2
	default:
		fmt.Fprintf(e.Stderr, "paygate: %v\n", err)
		return 1
	}
}

func usage(out io.Writer) {
	fmt.Fprint(out, "paygate adds GOV.UK Pay to a web service whose code stays as it is.\n\n"+
		"Usage: paygate COMMAND [-h]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprint(out, "\nSettings are environment variables; config.example.env lists them.\n")
}

// flags reads a command's flags, and returns the arguments that follow them.
func (e Env) flags(name, arguments string, args []string, maxArgs int, define func(*flag.FlagSet)) ([]string, error) {
	set := flag.NewFlagSet("paygate "+name, flag.ContinueOnError)
	set.SetOutput(e.Stderr)
	set.Usage = func() {
		fmt.Fprintf(set.Output(), "Usage: paygate %s %s\n", name, arguments)
		set.PrintDefaults()
	}
	if define != nil {
		define(set)
	}
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, errUsage
	}
	if set.NArg() > maxArgs {
		return nil, e.wrongUse(name, "too many arguments")
	}
	return set.Args(), nil
}

// flagsAnywhere is [Env.flags] for flags that may also be between the arguments or after them.
func (e Env) flagsAnywhere(
	name, arguments string, args []string, maxArgs int, define func(*flag.FlagSet),
) (named []string, err error) {
	for {
		rest, err := e.flags(name, arguments, args, len(args), define)
		switch {
		case err != nil || len(rest) == 0:
			return named, err
		case len(named) == maxArgs:
			return nil, e.wrongUse(name, "too many arguments")
		}
		named, args = append(named, rest[0]), rest[1:]
	}
}

// logger returns a logger as the settings describe it.
func (e Env) logger(s config.Settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(e.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(e.Stderr, options))
}
