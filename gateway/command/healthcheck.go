package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"paygate/gateway/config"
)

// healthcheck asks the staff listener of the gateway on this machine whether it is ready.
func healthcheck(ctx context.Context, e Env, args []string) error {
	if _, err := e.flags("healthcheck", "", args, 0, nil); err != nil {
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
	status, text, err := get(ctx, asking, client.StaffURL.JoinPath("readyz").String(), 5*time.Second)
	if err != nil {
		return errors.New("the staff listener does not answer; is the gateway running?")
	}
	if status != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(text)))
	}
	fmt.Fprintln(e.Stdout, "ready")
	return nil
}
