package command

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/app"
)

func TestHelpListsEveryCommand(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}, {"-help"}} {
		status, stdout, stderr := runCommand(t, nil, args...)
		require.Zero(t, status)
		require.Empty(t, stderr)
		for _, c := range commands() {
			require.Contains(t, stdout, "\n  "+c.name+" ")
			require.Contains(t, stdout, c.summary)
		}
	}
}

func TestEveryCommandExplainsItsFlags(t *testing.T) {
	t.Parallel()
	for _, c := range commands() {
		status, stdout, stderr := runCommand(t, nil, c.name, "-h")
		require.Zero(t, status, c.name)
		require.Empty(t, stdout, c.name)
		require.Contains(t, stderr, "Usage: paygate "+c.name, c.name)
		status, _, stderr = runCommand(t, nil, c.name, "-nosuchflag")
		require.Equal(t, 2, status, c.name)
		require.Contains(t, stderr, "-nosuchflag", c.name)
	}
}

func TestUnknownCommandIsWrongUse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nonsense", "", "Serve"} {
		status, stdout, stderr := runCommand(t, nil, name)
		require.Equal(t, 2, status)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "there is no command ")
		require.Contains(t, stderr, "Usage: paygate COMMAND")
	}
}

func TestInvalidSettingsEndWith2(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"serve"}, {"check"}, {"doctor"}, {"probe", "-staging"}, {"move"}} {
		status, stdout, stderr := runCommand(t, []string{"PAYGATE_PAY_API_KEY=topsecret"}, args...)
		require.Equal(t, 2, status, args)
		require.Empty(t, stdout, args)
		require.Contains(t, stderr, "the settings cannot be used", args)
		require.Contains(t, stderr, "PAYGATE_SECRETS: is required", args)
		require.NotContains(t, stderr, "topsecret", args)
	}
}

func TestFailedStartEndsWith1(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, nil)
	environ := usualSettings(s.URL)
	var stderr bytes.Buffer
	e := Env{Environ: environ, Stderr: &stderr}
	e.Assemble = func(context.Context, config.Settings, *slog.Logger) (*app.App, error) {
		return nil, errors.New("the store is locked")
	}
	require.Equal(t, 1, Run(t.Context(), e, []string{"serve"}))
	require.Regexp(t, `(?m)^{"time":"[^"]+","level":"ERROR","msg":"Paygate ends","error":"the store is locked"}$`,
		stderr.String())
}

// usualSettings are enough for every command.
func usualSettings(upstream string) []string {
	return []string{
		"PAYGATE_UPSTREAM=" + upstream, "PAYGATE_PUBLIC_URL=http://apply.example", "PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
		"PAYGATE_SECRETS=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"PAYGATE_SERVICE_NAME=Licences", "PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0",
		"PAYGATE_ROUTES=licence", "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Licence", "PAYGATE_ROUTE_LICENCE_ACCEPT=303",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
	}
}
