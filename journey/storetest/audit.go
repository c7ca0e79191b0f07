package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// auditEntry returns the entry of an hour after [T0].
func auditEntry(hour int) journey.AuditEntry {
	at := T0.Add(time.Duration(hour) * time.Hour)
	return journey.AuditEntry{
		ID: journey.NewID(at), At: at, By: "staff:ann", Role: "view", What: "journey", Journey: Example(1).ID,
		Search: []string{"find", "route"},
	}
}

func auditIsListed(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	var all []journey.AuditEntry
	for hour := range 5 {
		all = append(all, auditEntry(hour))
	}
	for _, at := range []int{3, 0, 4, 1, 2} {
		require.NoError(t, s.PutAudit(t.Context(), all[at], time.Time{}))
	}
	all[2].Result = "done"
	require.NoError(t, s.PutAudit(t.Context(), all[2], time.Time{}))
	found, err := s.Audits(t.Context(), "", 100)
	require.NoError(t, err)
	require.Equal(t, all, found)
	found, err = s.Audits(t.Context(), journey.IDsFrom(all[1].At), 2)
	require.NoError(t, err)
	require.Equal(t, all[1:3], found)
	found, err = s.Audits(t.Context(), found[1].ID, 100)
	require.NoError(t, err)
	require.Equal(t, all[3:], found)
}

func auditIsKeptForAWhile(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	for hour := range 12 {
		require.NoError(t, s.PutAudit(t.Context(), auditEntry(hour), time.Time{}))
	}
	last := auditEntry(20)
	for range 3 {
		require.NoError(t, s.PutAudit(t.Context(), last, T0.Add(11*time.Hour)))
	}
	found, err := s.Audits(t.Context(), "", 100)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, T0.Add(11*time.Hour), found[0].At)
}

func auditOfADroppedSecret(t *testing.T, p Place) {
	s := opened(t, p, Under(1))
	e := auditEntry(1)
	require.NoError(t, s.PutAudit(t.Context(), e, time.Time{}))
	require.NoError(t, s.Close())
	s = opened(t, p, Under(2))
	found, err := s.Audits(t.Context(), "", 100)
	require.NoError(t, err)
	require.Equal(t, []journey.AuditEntry{{ID: e.ID, At: e.At}}, found)
}
