package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"time"

	"paygate/gateway/config"
)

// healthcheck asks the staff listener of the gateway on this machine whether the gateway lives, or whether its pay
// routes work.
func healthcheck(ctx context.Context, e Env, args []string) error {
	address := "livez"
	_, err := e.flags("healthcheck", "[-ready]", args, 0, func(set *flag.FlagSet) {
		set.BoolFunc("ready", "ask whether pay routes work, and not only whether the gateway lives",
			func(string) error { address = "readyz"; return nil })
	})
	if err != nil {
		return err
	}
	client, err := config.LoadClient(e.Environ)
	if err != nil {
		return err
	}
	asking, err := staffClient(client)
	if err != nil {
		return err
	}
	status, answer, err := get(ctx, asking, client.StaffURL.JoinPath(address).String(), 5*time.Second)
	if err != nil {
		return errors.New("the staff listener does not answer; is the gateway running?")
	}
	text := strings.TrimSpace(string(answer))
	if status != http.StatusOK {
		return fmt.Errorf("not ready: %s", text)
	}
	fmt.Fprintln(e.Stdout, text)
	return nil
}
