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

// healthcheck asks the staff door of the gateway on this machine whether it is ready.
func healthcheck(ctx context.Context, w Env, args []string) error {
	if _, err := w.flags("healthcheck", "", args, 0, nil); err != nil {
		return err
	}
	client, err := config.LoadClient(w.Environ)
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
		return errors.New("the staff door does not answer; is the gateway running?")
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(text)))
	}
	fmt.Fprintln(w.Stdout, "ready")
	return nil
}
