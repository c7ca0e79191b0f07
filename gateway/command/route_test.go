package command

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRouteShowsAndChangesModes(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, r *http.Request) {
		licence := `{"route":"licence","setting":"on","mode":"closed","until":"2026-07-01T11:00:00Z",` +
			`"reason":"fraud","by":"ann"}`
		if r.Method == http.MethodGet {
			licence = `{"routes":[` + licence + `,{"route":"register","setting":"on","mode":"on"}]}`
		}
		_, _ = io.WriteString(w, licence)
	})
	status, stdout, _ := s.run(t, "route")
	require.Zero(t, status)
	require.Contains(t, stdout, "register")
	require.Contains(t, stdout, "1 Jul 2026 12:00 BST")
	_, stdout, _ = s.run(t, "route", "licence")
	require.NotContains(t, stdout, "register")
	require.Contains(t, stdout, "fraud")

	status, stdout, _ = s.run(t, "route", "licence", "closed", "-reason", "fraud", "-message", "Back soon",
		"-message-cy", "Nôl yn fuan", "-until", "2026-07-01")
	require.Zero(t, status)
	require.Contains(t, stdout, "closed")
	require.Equal(t,
		[]string{`POST /routes/licence {"message":"Back soon","message_cy":"Nôl yn fuan","mode":"closed",` +
			`"reason":"fraud","until":"2026-07-01"}`}, s.asked)

	status, stdout, _ = s.run(t, "route", "-until", "24h", "-reason", "x", "-format", "json", "licence", "free")
	require.Zero(t, status)
	require.Contains(t, stdout, `"mode": "closed"`)
	require.Contains(t, s.asked[0], time.Now().UTC().Add(24*time.Hour).Format(time.DateOnly))
}

func TestRouteUsedWronglyAsksNothing(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(http.ResponseWriter, *http.Request) {})
	for _, args := range [][]string{
		{"a", "on", "c"}, {"licence", "-reason", "x"}, {"-until", "1h"}, {"-format", "csv"}, {"-nosuch"},
	} {
		status, _, _ := s.run(t, append([]string{"route"}, args...)...)
		require.Equal(t, 2, status, args)
		require.Empty(t, s.asked)
	}
}
