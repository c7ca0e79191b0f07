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

func TestAnOrderIsAskedByWhoHasTheNameOrTheID(t *testing.T) {
	t.Parallel()
	asked := Approval{By: ByStaff("ann"), Person: "issuer s1"}
	require.True(t, asked.AskedBy(Person{Name: "ann", ID: "issuer s2"}))
	require.True(t, asked.AskedBy(Person{Name: "bob", ID: "issuer s1"}))
	require.False(t, asked.AskedBy(Person{Name: "bob", ID: "issuer s2"}))
	byMail := Approval{By: ByStaff("zed"), Person: "issuer s1\nmail ann@example.gov.uk"}
	require.True(t, byMail.AskedBy(Person{Name: "ann", ID: "proxy ann@example.gov.uk\nmail ann@example.gov.uk"}))
	require.False(t, byMail.AskedBy(Person{Name: "bob", ID: ""}))
	stored := Approval{By: ByStaff("ann")} // without an ID, by an earlier build
	require.False(t, stored.AskedBy(Person{Name: "bob"}))
}
