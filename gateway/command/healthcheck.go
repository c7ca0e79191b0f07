package command

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, client.StaffURL.JoinPath("readyz").String(), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return errors.New("the staff listener does not answer; is the gateway running?")
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(text)))
	}
	fmt.Fprintln(e.Stdout, "ready")
	return nil
}
