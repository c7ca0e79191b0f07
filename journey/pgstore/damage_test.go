package pgstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/storetest"
)

// alter changes a row of a journey.
func alter(t testing.TB, url string, id journey.ID, set string) {
	t.Helper()
	raw(t, url, `UPDATE paygate_journeys SET `+set+` WHERE id = $1`, id)
}

// flipped is an SQL expression: the sealed column with one bit of byte %d changed.
const flipped = `set_byte(sealed, %[1]d %% length(sealed), get_byte(sealed, %[1]d %% length(sealed)) # 1)`

// The columns that are searched are not sealed: each is compared with the sealed journey.
func TestAlteredColumnsAreDamage(t *testing.T) {
	t.Parallel()
	url := filled(t)
	sets := []string{
		`state = 'confirmed'`, `state = 'no such state'`, `open = false`, `route = 'cheaper'`, `reference = '\x00'`,
		`reference = ''`, `started_at = started_at + 1`, `due_at = due_at + 1`, `due_at = NULL`,
		`key_id = 'another'`, `key_id = ''`,
		`sealed = ''`, `sealed = substr(sealed, 1, 60)`, `sealed = sealed || '\x00'`,
		"sealed = " + fmt.Sprintf(flipped, 0), "sealed = " + fmt.Sprintf(flipped, 3),
		`sealed = (SELECT sealed FROM paygate_journeys WHERE id = '` + string(storetest.Example(19).ID) + `')`,
	}
	for n, set := range sets {
		alter(t, url, storetest.Example(n).ID, set)
	}
	s := open(t, url, options(t, 1)) // altered columns do not stop a start
	for n, set := range sets {
		_, err := s.Get(t.Context(), storetest.Example(n).ID)
		require.ErrorIs(t, err, journey.ErrDamaged, set)
	}
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Len(t, damaged, len(sets))
	all, err := s.List(t.Context(), journey.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 20-len(sets))
	counts, err := s.CountOpen(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[journey.State]int{journey.StateHeld: 20 - len(sets)}, counts)
}

func TestSwappedRowsAreDamage(t *testing.T) {
	t.Parallel()
	url := filled(t)
	first, second := storetest.Example(1).ID, storetest.Example(2).ID
	for _, table := range []string{"journeys SET id", "requests SET journey_id"} {
		for _, child := range []string{"requests", "terms"} {
			raw(t, url, `ALTER TABLE paygate_`+child+` DROP CONSTRAINT IF EXISTS paygate_`+child+`_journey_id_fkey`)
		}
		for _, move := range [][2]journey.ID{{first, "between"}, {second, first}, {"between", second}} {
			_, column, _ := strings.Cut(table, " SET ")
			raw(t, url, `UPDATE paygate_`+table+` = $2 WHERE `+column+` = $1`, move[0], move[1])
		}
	}
	s := open(t, url, options(t, 1))
	for _, id := range []journey.ID{first, second} {
		_, err := s.Request(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrDamaged)
		_, err = s.Get(t.Context(), id)
		require.ErrorIs(t, err, journey.ErrDamaged)
	}
}

func TestRepairedJourneyComesBack(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(3).ID
	s := open(t, url, options(t, 1))
	alter(t, url, id, `route = 'cheaper'`)
	_, err := s.Get(t.Context(), id)
	require.ErrorIs(t, err, journey.ErrDamaged)
	alter(t, url, id, `route = 'licence'`)
	_, err = s.Get(t.Context(), id)
	require.ErrorIs(t, err, journey.ErrDamaged, "until the next start")
	s = open(t, url, options(t, 1))
	j, err := s.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, storetest.Example(3), j)
	damaged, err := s.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged)
}

// Secrets are changed replica by replica. A replica without the new secret must leave alone what is sealed under it: it
// is not damaged, and other replicas can read it.
func TestJourneyUnderANewerSecretIsLeftAlone(t *testing.T) {
	t.Parallel()
	url, id := filled(t), storetest.Example(3).ID
	old, renewed := open(t, url, options(t, 1)), open(t, url, options(t, 2, 1))
	touch(t, renewed, id, func(c *journey.Change) { c.Journey.Note = "renewed" })

	_, err := old.Get(t.Context(), id)
	require.ErrorIs(t, err, journey.ErrDamaged, "it must not be acted on")
	_, err = old.Update(t.Context(), id, func(journey.Journey) (journey.Change, error) {
		t.Error("acted on what it cannot read")
		return journey.Change{}, nil
	})
	require.ErrorIs(t, err, journey.ErrDamaged)
	require.Len(t, taken(t, old, 0), 19)
	all, err := old.List(t.Context(), journey.Filter{Limit: 20})
	require.NoError(t, err)
	require.Len(t, all, 19)

	require.Equal(t, []journey.ID{id}, taken(t, renewed, 0))
	j, err := renewed.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "renewed", j.Note)
	damaged, err := renewed.Damaged(t.Context())
	require.NoError(t, err)
	require.Empty(t, damaged)
}

// A replica that lists a secret must find, without a restart, what another begins to seal under it.
func TestSecretUsedLaterIsReadAtOnce(t *testing.T) {
	t.Parallel()
	url := filled(t)
	first := open(t, url, options(t, 1, 2))
	second := open(t, url, options(t, 2, 1))
	touch(t, second, storetest.Example(3).ID, func(*journey.Change) {})
	due, err := first.Due(t.Context(), storetest.FarAway, journey.Due{}, 100)
	require.NoError(t, err)
	require.Len(t, due, 20)
	all, err := first.List(t.Context(), journey.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 20)
}
