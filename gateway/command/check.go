package command

import (
	"context"
	"fmt"

	"paygate/gateway/config"
)

// check prints the settings. It connects to nothing.
func check(_ context.Context, e Env, args []string) error {
	if _, err := e.flags("check", "", args, 0, nil); err != nil {
		return err
	}
	settings, err := config.Load(e.Environ)
	if err != nil {
		return err
	}
	fmt.Fprint(e.Stdout, settings.Describe())
	return nil
}

func version(_ context.Context, e Env, args []string) error {
	if _, err := e.flags("version", "", args, 0, nil); err != nil {
		return err
	}
	fmt.Fprintln(e.Stdout, "paygate", e.Version)
	return nil
}
