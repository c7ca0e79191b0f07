package command

import (
	"context"
	"fmt"

	"paygate/gateway/config"
)

// check connects to nothing.
func check(_ context.Context, w Env, args []string) error {
	if _, err := w.flags("check", "", args, 0, nil); err != nil {
		return err
	}
	settings, err := config.Load(w.Environ)
	if err != nil {
		return err
	}
	fmt.Fprint(w.Stdout, settings.Describe())
	return nil
}

func version(_ context.Context, w Env, args []string) error {
	if _, err := w.flags("version", "", args, 0, nil); err != nil {
		return err
	}
	fmt.Fprintln(w.Stdout, "paygate", w.Version)
	return nil
}
