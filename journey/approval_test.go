package journey

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpellingsOfOnePersonAreNotTwo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Ann", "ann@example.gov.uk", "ann+1@example.gov.uk", `CORP\ann`, "accounts.google.com:ann@example.gov.uk",
	} {
		require.True(t, samePerson(ByStaff("ann"), ByStaff(name)), name)
	}
	require.False(t, samePerson(ByStaff("ann"), ByStaff("bob@example.gov.uk")))
}
