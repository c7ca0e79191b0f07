package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/export"
)

var t0 = time.Date(2026, 11, 22, 10, 41, 7, 900, time.UTC)

// generated is a store whose journeys are generated when they are read.
type generated struct {
	count int
	fails int // the page that cannot be read; 0: none
	pages int
	like  func(int) journey.Journey
}

func (m *generated) List(_ context.Context, f journey.Filter) ([]journey.Journey, error) {
	if m.pages++; m.pages == m.fails {
		return nil, errors.New("the disk is gone")
	}
	first := 0
	if f.After != "" {
		_, _ = fmt.Sscanf(string(f.After), "%d", &first)
		first++
	}
	var page []journey.Journey
	for n := first; n < m.count && len(page) < f.Limit; n++ {
		j := m.like(n)
		j.ID = journey.ID(fmt.Sprintf("%016d", n))
		page = append(page, j)
	}
	return page, nil
}

func paid(int) journey.Journey {
	fee, net := int64(30), int64(-5)
	return journey.Journey{
		State: journey.StateReleased, StartedAt: t0, ReleasedAt: t0, DueAt: t0, PaidWith: "pay2",
		PaidAt: t0.Add(time.Minute),
		Claim:  journey.Claim{Number: 3},
		Terms: journey.Terms{
			Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-1", Account: "parking",
			Description: `Rod "licence", adult`,
			Metadata:    map[string]string{"b": "2", "a": "1"},
		},
		Payments: []journey.Payment{
			{ID: "pay1", Status: "failed", Code: "P0010"},
			{
				ID: "pay2", Status: "success", Total: 2600, Refunded: 100, Fee: &fee, Net: &net,
				CapturedDate: "2026-11-22", SettledDate: "2026-11-24", Provider: "stripe", ProviderID: "pi_1",
			},
		},
		History: []journey.Event{{At: t0, Fact: "held", To: journey.StateHeld, By: journey.ByCitizen}},
	}
}

func TestRowHasEveryColumn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	totals, err := export.CSV(t.Context(), &out, &generated{count: 1, like: paid}, export.Selection{}, export.Layout{})
	require.NoError(t, err)
	require.Equal(t, export.Totals{Rows: 1, AmountPence: 2500, TakenPence: 2600, RefundedPence: 100}, totals)
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	require.Equal(t, map[string]string{
		"id": "0000000000000000", "route": "licence", "kind": "submission", "state": "released", "reference": "LIC-1",
		"amount_pence": "2500", "total_pence": "2600", "description": `Rod "licence", adult`, "payment_id": "pay2",
		"payment_status": "success", "payment_code": "", "started_at": "2026-11-22T10:41:07Z",
		"due_at": "2026-11-22T10:41:07Z", "released_at": "2026-11-22T10:41:07Z",
		"note": "", "attempts": "3", "refunded_pence": "100", "metadata": `{"a":"1","b":"2"}`,
		"fee_pence": "30", "net_pence": "-5", "captured_at": "2026-11-22", "settled_at": "2026-11-24",
		"account": "parking", "payment_provider": "stripe", "provider_id": "pi_1", "paid_at": "2026-11-22T10:42:07Z",
		"reserved_pence": "0", "taken_pence": "2600", "returned_pence": "100",
		"reserved_until": "", "decide_by": "", "metadata_a": "1", "metadata_b": "2",
	}, got)

	var words map[string]any
	text, err := json.Marshal(export.Of(paid(0)))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &words))
	columns := export.Layout{}.Header()
	for _, name := range columns {
		require.Contains(t, words, name, "the JSON has the same words")
	}
	require.Len(t, words, len(columns))
}

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|calc", "%0A=1", "＝1"} {
		like := func(int) journey.Journey {
			j := paid(0)
			j.Terms.Reference, j.Terms.Description, j.Note, j.Payments[1].Code = evil, evil, evil, evil
			return j
		}
		var out bytes.Buffer
		_, err := export.CSV(t.Context(), &out, &generated{count: 1, like: like}, export.Selection{}, export.Layout{})
		require.NoError(t, err)
		rows, err := csv.NewReader(&out).ReadAll()
		require.NoError(t, err)
		for i, name := range []string{"reference", "description", "note", "payment_code"} {
			column := map[string]int{"reference": 4, "description": 7, "note": 14, "payment_code": 10}[name]
			require.Equal(t, "'", rows[1][column][:1], "%d %s %q", i, name, evil)
		}
		require.Equal(t, "-5", rows[1][19], "a negative number stays a number")
	}
}

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	t.Parallel()
	const many = 100_000
	store := &generated{count: many, like: func(int) journey.Journey { return journey.Journey{StartedAt: t0} }}
	discard := &heap{}
	totals, err := export.CSV(t.Context(), discard, store, export.Selection{}, export.Layout{})
	require.NoError(t, err)
	require.Equal(t, many, totals.Rows)
	require.Less(t, discard.max, uint64(64<<20), "in use at the most")
}

// heap discards what is written and records the highest memory in use.
type heap struct {
	writes int
	max    uint64
}

func (h *heap) Write(p []byte) (int, error) {
	if h.writes++; h.writes%5000 == 0 {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		h.max = max(h.max, now.HeapInuse)
	}
	return len(p), nil
}

func TestUnfinishedFileIsAnError(t *testing.T) {
	t.Parallel()
	failing := &generated{count: 2000, like: paid, fails: 3}
	_, err := export.CSV(t.Context(), io.Discard, failing, export.Selection{}, export.Layout{})
	require.ErrorContains(t, err, "the disk is gone")
}

func TestWholeHasPaymentsAndHistory(t *testing.T) {
	t.Parallel()
	w := export.WholeOf(paid(0))
	require.Len(t, w.Payments, 2)
	require.Nil(t, w.Payments[0].TotalPence, "unknown, which is not nothing")
	require.NotNil(t, w.Payments[0].Refunds)
	require.EqualValues(t, 100, w.Payments[1].Refunds[0].AmountPence)
	require.Equal(t, export.Event{
		At: t0.Truncate(time.Second), Times: 1, Fact: "held", To: journey.StateHeld, By: "citizen",
	}, w.History[0])
}
