package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

func TestProbeSendsNothingWithoutStaging(t *testing.T) {
	t.Parallel()
	s := testserver.NewProbedService(t, testserver.Exactly)
	status, said, complained := testserver.RunCommand(t, s.Environ(), "probe")
	require.Equal(t, 2, status)
	require.Empty(t, said)
	require.Contains(t, complained, "RUN THE PAY CODE")
	require.Contains(t, complained, "if this is staging, add -staging")
	live := s.Environ("PAYGATE_PUBLIC_URL=https://apply.example.org",
		"PAYGATE_PAY_MODE=live", "PAYGATE_PAY_API_KEY=api_live_secretkeysecretkey")
	status, _, complained = testserver.RunCommand(t, live, "probe", "-staging")
	require.Equal(t, 2, status)
	require.Contains(t, complained, "add -live")
	status, _, complained = testserver.RunCommand(t, s.Environ(), "probe", "-staging", "-route", "fine")
	require.Equal(t, 2, status)
	require.Contains(t, complained, `no route "fine"`)
	require.Zero(t, s.All.Load())
	status, _, _ = testserver.RunCommand(t, live, "probe", "-staging", "-live")
	require.Zero(t, status)
}
