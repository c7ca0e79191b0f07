package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"paygate/gateway/config"
	"paygate/journey/boltstore"
	"paygate/journey/seal"
)

// check prints the settings, and looks at the files that they name. It connects to nothing.
func check(ctx context.Context, e Env, args []string) error {
	store := false
	_, err := e.flags("check", "[-store]", args, 0, func(set *flag.FlagSet) {
		set.BoolVar(&store, "store", false,
			"read the whole bbolt file, while no Paygate uses it, and report damage")
	})
	if err != nil {
		return err
	}
	settings, err := config.Load(e.Environ)
	if err != nil {
		return err
	}
	if store {
		return checkFile(ctx, e, settings)
	}
	fmt.Fprint(e.Stdout, settings.Describe())
	return openable(settings)
}

// openable returns why a start with the settings would fail at a file or a listener, without disturbing a process that
// uses them.
func openable(s config.Settings) error {
	_, rootsErr := config.ReadUpstreamRoots(s.UpstreamCAFile)
	_, keysErr := config.ReadSigningKeys(s.SigningKeys)
	_, collectorErr := s.Tracing.ReadRoots()
	return errors.Join(rootsErr, keysErr, collectorErr,
		naming("PAYGATE_LISTEN", canListen(s.Listen)),
		naming("PAYGATE_STAFF_LISTEN", canListen(s.StaffListen)),
		canEncrypt("PAYGATE_TLS", s.TLSCertFile, s.TLSKeyFile),
		canEncrypt("PAYGATE_STAFF_TLS", s.StaffTLSCertFile, s.StaffTLSKeyFile),
		inspect(s.Store))
}

// naming names the setting that an error is about.
func naming(setting string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", setting, err)
}

func canEncrypt(setting, certFile, keyFile string) error {
	if certFile == "" {
		return nil
	}
	_, err := loadCertificate(setting, certFile, keyFile, nil)
	return err
}

func inspect(s config.Store) error {
	if s.Kind != config.Bbolt {
		return nil
	}
	_, err := boltstore.Inspect(s.Path)
	return err
}

// checkFile reads the store from end to end.
func checkFile(ctx context.Context, e Env, s config.Settings) error {
	if s.Store.Kind != config.Bbolt {
		fmt.Fprintln(e.Stderr, "paygate check: -store is for bbolt files; PostgreSQL has pg_amcheck")
		return errUsage
	}
	sealer, err := seal.New(s.Secrets)
	if err != nil {
		return err
	}
	report, err := boltstore.Check(ctx, s.Store.Path, sealer)
	if err != nil {
		return err
	}
	printReport(e.Stdout, report)
	if report.Total > 0 {
		return errors.New("the store " + s.Store.Path + " is damaged. Restore a backup")
	}
	return nil
}

func printReport(out io.Writer, r boltstore.Report) {
	fmt.Fprintf(out, "%d journeys (%d of them open), %d held requests, %d replies\n",
		r.Journeys, r.Open, r.Requests, r.Replies)
	if r.Unlisted > 0 {
		fmt.Fprintf(out, "%d journeys at rest are sealed under a secret that PAYGATE_SECRETS does not list\n",
			r.Unlisted)
	}
	for _, id := range r.SetAside {
		fmt.Fprintf(out, "%s is damaged, and was set aside earlier\n", id)
	}
	for _, fault := range r.Faults {
		fmt.Fprintln(out, fault)
	}
	if more := r.Total - len(r.Faults); more > 0 {
		fmt.Fprintf(out, "and %d more\n", more)
	}
	if r.Total == 0 {
		fmt.Fprintln(out, "The store is fine.")
	}
}
