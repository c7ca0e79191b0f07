package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"paygate/gateway/command/doctor"
	"paygate/gateway/config"
)

// runDoctor checks the settings, then what they describe.
func runDoctor(ctx context.Context, e Env, args []string) error {
	var pages []string
	_, err := e.flags("doctor", "[-page PATH …]", args, 0, func(set *flag.FlagSet) {
		set.Func("page", "the `path` of a page whose form leads to a pay route, if it is not the route's own path; "+
			"can be repeated", func(path string) error {
			if !strings.HasPrefix(path, "/") {
				return errors.New("must begin with /")
			}
			pages = append(pages, path)
			return nil
		})
	})
	if err != nil {
		return err
	}
	settings, err := config.Load(e.Environ)
	if err != nil {
		return err
	}
	fmt.Fprint(e.Stdout, settings.Describe(), "\n")
	healthy, err := doctor.Run(ctx, doctor.Options{Settings: settings, LookUp: e.lookUp, Pages: pages, Out: e.Stdout})
	if err == nil && !healthy {
		return errNeedsPerson
	}
	return err
}
