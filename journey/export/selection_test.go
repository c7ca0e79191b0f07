package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
	"paygate/journey/export"
)

// these is a store of some journeys. It records the last filter.
type these struct {
	journeys []journey.Journey
	filter   journey.Filter
}

func (s *these) List(_ context.Context, f journey.Filter) ([]journey.Journey, error) {
	s.filter = f
	if f.After != "" {
		return nil, nil
	}
	return s.journeys, nil
}

type writer func(
	context.Context, io.Writer, export.Lister, export.Selection, export.Layout,
) (export.Totals, error)

// file returns the rows of a file by the names of the columns.
func file(
	t *testing.T, write writer, s export.Selection, l export.Layout, journeys ...journey.Journey,
) ([]map[string]string, export.Totals) {
	t.Helper()
	var out bytes.Buffer
	totals, err := write(t.Context(), &out, &these{journeys: journeys}, s, l)
	require.NoError(t, err)
	lines, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	rows := []map[string]string{}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	require.Equal(t, len(rows), totals.Rows)
	return rows, totals
}

func day(text string) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return at
}

// range of days in winter, when the United Kingdom has UTC.
func days(by export.By, from, until string) export.Selection {
	return export.Selection{By: by, From: day(from), Until: day(until)}
}

// twice was paid twice: the second payment came too late and went back. Some of the first was refunded, in two parts,
// of which one failed.
func twice() journey.Journey {
	refund := func(id string, pence int64, status, at, settled string) journey.Refund {
		return journey.Refund{
			ID: id, Amount: pence, Status: status, CreatedAt: day(at).Add(23 * time.Hour), SettledDate: settled,
		}
	}
	bobs := refund("ref2", 500, "success", "2026-12-05", "2026-12-09")
	bobs.By = "staff:bob"
	return journey.Journey{
		ID: "J2", State: journey.StateReleased, StartedAt: day("2026-11-30").Add(23 * time.Hour),
		PaidAt: day("2026-12-01"), PaidWith: "pay1",
		Terms: journey.Terms{Route: "licence", Account: "parking", Amount: 2500, Reference: "LIC-2"},
		Payments: []journey.Payment{
			{
				ID: "pay1", Status: "success", Total: 2600, Refunded: 500, CapturedDate: "2026-12-01",
				SettledDate: "2026-12-04", Provider: "stripe", ProviderID: "pi_1", Refunds: []journey.Refund{
					refund("ref1", 500, "error", "2026-12-04", ""), bobs,
				},
			},
			{
				ID: "pay2", Status: "success", Total: 2500, Refunded: 2500, CapturedDate: "2026-12-02",
				SettledDate: "2026-12-05",
				Refunds:     []journey.Refund{refund("ref3", 2500, "submitted", "2026-12-02", "")},
			},
		},
	}
}

func TestSumsOfEachDayAreThoseOfItsPayments(t *testing.T) {
	t.Parallel()
	type sums struct{ taken, refunded int64 }
	for by, wanted := range map[export.By]map[string]sums{
		export.ByStarted:  {"2026-11-30": {5100, 3000}},
		export.ByPaid:     {"2026-12-01": {5100, 3000}},
		export.ByCaptured: {"2026-12-01": {2600, 500}, "2026-12-02": {2500, 2500}},
		export.BySettled:  {"2026-12-04": {2600, 500}, "2026-12-05": {2500, 2500}},
		export.ByRefunded: {"2026-12-02": {2500, 2500}, "2026-12-04": {2600, 0}, "2026-12-05": {2600, 500}},
	} {
		for at := day("2026-11-28"); at.Before(day("2026-12-12")); at = at.AddDate(0, 0, 1) {
			date := at.Format(time.DateOnly)
			s := days(by, date, at.AddDate(0, 0, 1).Format(time.DateOnly))
			rows, totals := file(t, export.CSV, s, export.Layout{}, twice())
			want, listed := wanted[date]
			require.Equal(t, listed, len(rows) == 1, "%s %s", by, date)
			require.Equal(t, want, sums{totals.TakenPence, totals.RefundedPence}, "%s %s", by, date)
		}
	}
}

func TestRowIsAboutThePaymentOfItsRange(t *testing.T) {
	t.Parallel()
	rows, _ := file(t, export.CSV, days(export.ByCaptured, "2026-12-02", "2026-12-03"), export.Layout{}, twice())
	require.Equal(t, "pay2", rows[0]["payment_id"])
	require.Equal(t, "2026-12-02", rows[0]["captured_at"])
	require.Equal(t, "2500", rows[0]["taken_pence"])
	rows, _ = file(t, export.CSV, days(export.ByCaptured, "2026-12-01", "2026-12-03"), export.Layout{}, twice())
	require.Len(t, rows, 1, "one row for each journey")
	require.Equal(t, "pay1", rows[0]["payment_id"], "the one that counts")
	require.Equal(t, "5100", rows[0]["taken_pence"])
	require.Equal(t, "3000", rows[0]["refunded_pence"])
	require.Equal(t, "500", rows[0]["returned_pence"], "the other refund is on its way")
}

// A day that Pay says without a time belongs to that day of the United Kingdom, in summer too.
func TestDayWithoutATimeIsOneOfTheUnitedKingdom(t *testing.T) {
	t.Parallel()
	j := twice()
	j.Payments = j.Payments[:1]
	j.Payments[0].CapturedDate = "2026-07-10"
	midnight := time.Date(2026, 7, 9, 23, 0, 0, 0, time.UTC)
	for offset, wanted := range map[int]int{-1: 0, 0: 1, 1: 0} {
		from := midnight.AddDate(0, 0, offset)
		rows, _ := file(t, export.CSV,
			export.Selection{By: export.ByCaptured, From: from, Until: from.AddDate(0, 0, 1)}, export.Layout{}, j)
		require.Len(t, rows, wanted, "%d days", offset)
	}
}

func TestWhatIsNotKnownIsInNoRange(t *testing.T) {
	t.Parallel()
	unpaid := journey.Journey{
		StartedAt: t0, Payments: []journey.Payment{{ID: "pay1", Status: "failed", CapturedDate: "soon"}},
	}
	for _, by := range []export.By{export.ByPaid, export.ByCaptured, export.BySettled, export.ByRefunded} {
		rows, _ := file(t, export.CSV, export.Selection{By: by}, export.Layout{}, unpaid)
		require.Empty(t, rows, by)
	}
	rows, _ := file(t, export.RefundsCSV, export.Selection{By: export.ByRefunded}, export.Layout{}, unpaid)
	require.Empty(t, rows)
}

// A capture that fails later turns success into error: the money was not taken.
func TestUncollectedMoneyIsNotTaken(t *testing.T) {
	t.Parallel()
	j := twice()
	j.Payments = j.Payments[:1]
	j.Payments[0].Status, j.CollectionFailed = "error", true
	rows, totals := file(t, export.CSV, export.Selection{By: export.ByStarted}, export.Layout{}, j)
	require.Equal(t, "0", rows[0]["taken_pence"])
	require.Zero(t, totals.TakenPence)
	rows, _ = file(t, export.CSV, export.Selection{By: export.ByCaptured}, export.Layout{}, j)
	require.Empty(t, rows)
}

func TestReservedMoneyIsNotTaken(t *testing.T) {
	t.Parallel()
	j := twice()
	j.Payments = []journey.Payment{{ID: "pay1", Status: "capturable", Total: 2600, Money: 2600}}
	rows, totals := file(t, export.CSV, export.Selection{By: export.ByPaid}, export.Layout{}, j)
	require.Equal(t, "2600", rows[0]["reserved_pence"])
	require.Equal(t, "0", rows[0]["taken_pence"])
	require.Zero(t, totals.TakenPence)
}

func TestMoneyThatCameTooLateIsPaid(t *testing.T) {
	t.Parallel()
	j := twice()
	j.PaidAt, j.State = time.Time{}, journey.StateReversed
	j.Payments[1].CreatedAt = t0
	j.Payments = j.Payments[1:]
	rows, totals := file(t, export.CSV, days(export.ByPaid, "2026-11-22", "2026-11-23"), export.Layout{}, j)
	require.Len(t, rows, 1)
	require.Equal(t, t0.Truncate(time.Second).Format(time.RFC3339), rows[0]["paid_at"])
	require.Equal(t, totals.TakenPence, totals.RefundedPence)
}

// A payment that was found in Pay's list half a year later was paid then, and not now.
func TestAdoptedPaymentWasPaidWhenItWasMade(t *testing.T) {
	t.Parallel()
	j := twice()
	j.Adopted, j.PaidAt = true, day("2026-12-01")
	j.Payments[0].CreatedAt = day("2026-06-01")
	rows, _ := file(t, export.CSV, days(export.ByPaid, "2026-06-01", "2026-06-02"), export.Layout{}, j)
	require.Len(t, rows, 1)
}

func TestRefundsHaveARowEach(t *testing.T) {
	t.Parallel()
	rows, totals := file(t, export.RefundsCSV, days(export.ByRefunded, "2026-12-04", "2026-12-06"), export.Layout{},
		twice())
	require.Len(t, rows, 2)
	require.EqualValues(t, 500, totals.RefundedPence, "without the one that failed")
	require.Equal(t, map[string]string{
		"refund_id": "ref2", "journey_id": "J2", "payment_id": "pay1", "account": "parking", "route": "licence",
		"reference": "LIC-2", "amount_pence": "500", "status": "success", "created_at": "2026-12-05T23:00:00Z",
		"settled_at": "2026-12-09", "by": "staff:bob", "payment_provider": "stripe", "provider_id": "pi_1",
		"metadata": "",
	}, rows[1])
	require.Equal(t, "error", rows[0]["status"])
	rows, _ = file(t, export.RefundsCSV, days(export.BySettled, "2026-12-09", "2026-12-10"), export.Layout{}, twice())
	require.Len(t, rows, 1)
	require.Equal(t, "ref2", rows[0]["refund_id"])
}

// Version 1 kept only the sum of the refunds.
func TestRefundsThatAreNotListedAreOneRow(t *testing.T) {
	t.Parallel()
	j := twice()
	j.Payments = j.Payments[:1]
	j.Payments[0].Refunds, j.Payments[0].Refunded = j.Payments[0].Refunds[1:], 800
	j.History = []journey.Event{{At: day("2026-12-07"), Fact: "refunded"}, {At: day("2026-12-08"), Fact: "captured"}}
	rows, totals := file(t, export.RefundsCSV, days(export.ByRefunded, "2026-12-01", "2026-12-31"), export.Layout{}, j)
	require.Len(t, rows, 2)
	require.EqualValues(t, 800, totals.RefundedPence)
	require.Equal(t, "300", rows[1]["amount_pence"])
	require.Equal(t, "2026-12-07T00:00:00Z", rows[1]["created_at"])
	require.Empty(t, rows[1]["refund_id"]+rows[1]["status"])
}

func TestAmountsInPounds(t *testing.T) {
	t.Parallel()
	net := int64(-5)
	j := twice()
	j.Payments[0].Net = &net
	pounds := export.Layout{Pounds: true}
	rows, _ := file(t, export.CSV, export.Selection{}, pounds, j)
	require.Equal(t, "51.00", rows[0]["taken_pounds"])
	require.Equal(t, "-0.05", rows[0]["net_pounds"])
	require.Empty(t, rows[0]["fee_pounds"])
	require.NotContains(t, rows[0], "taken_pence")
	rows, _ = file(t, export.RefundsCSV, export.Selection{By: export.ByRefunded}, pounds, j)
	require.Equal(t, "5.00", rows[0]["amount_pounds"])
}

func TestFeesOfAllPaymentsAreAddedUp(t *testing.T) {
	t.Parallel()
	amounts := func(fee, net int64) (*int64, *int64) { return &fee, &net }
	j := twice()
	j.Payments = append(j.Payments, journey.Payment{ID: "pay0", Status: "failed"})
	j.Payments[0].Fee, j.Payments[0].Net = amounts(20, 2580)
	j.Payments[2].Fee, j.Payments[2].Net = amounts(5, -5)
	rows, _ := file(t, export.CSV, export.Selection{}, export.Layout{}, j)
	require.Equal(t, "25", rows[0]["fee_pence"])
	require.Equal(t, "2575", rows[0]["net_pence"])
	rows, _ = file(t, export.CSV, days(export.BySettled, "2026-12-04", "2026-12-05"), export.Layout{}, j)
	require.Equal(t, "2580", rows[0]["net_pence"])
}

func TestMetadataHaveColumns(t *testing.T) {
	t.Parallel()
	with := func(metadata map[string]string) journey.Journey {
		j := twice()
		j.Terms.Metadata = metadata
		return j
	}
	layout := export.Layout{Metadata: []string{"office", "ledger"}}
	for _, write := range []writer{export.CSV, export.RefundsCSV} {
		rows, _ := file(t, write, export.Selection{By: export.ByRefunded}, layout,
			with(map[string]string{"office": "=1+1", "before, 2025": "x"}), with(nil))
		require.Equal(t, "'=1+1", rows[0]["metadata_office"])
		require.Equal(t, "x", rows[0]["metadata_before, 2025"], "no longer in the settings")
		last := rows[len(rows)-1]
		require.Contains(t, last, "metadata_ledger", "in the settings, and in no journey")
		require.Empty(t, last["metadata_office"])
	}
	var out bytes.Buffer
	store := &these{journeys: []journey.Journey{with(map[string]string{"a": "1", "z": "2"})}}
	_, err := export.CSV(t.Context(), &out, store, export.Selection{}, layout)
	require.NoError(t, err)
	require.Contains(t, out.String(), ",metadata_a,metadata_ledger,metadata_office,metadata_z\n", "sorted")
}

func TestEachFileReadsOnlyJourneysThatItMayHave(t *testing.T) {
	t.Parallel()
	from, until := day("2026-12-01"), day("2027-01-01")
	early := from.AddDate(0, 0, -92)
	for by, wanted := range map[export.By][2]time.Time{
		export.ByStarted: {from, until}, export.ByPaid: {early}, export.ByCaptured: {early},
		export.BySettled: {}, export.ByRefunded: {},
	} {
		store := &these{}
		_, err := export.CSV(t.Context(), io.Discard, store,
			export.Selection{By: by, From: from, Until: until}, export.Layout{})
		require.NoError(t, err)
		require.Equal(t, wanted, [2]time.Time{store.filter.Since, store.filter.Until}, by)
	}
}

// The refund was accepted, and then Pay could not be read.
func TestRefundThatPaysFiguresDoNotHaveYetCounts(t *testing.T) {
	t.Parallel()
	j := twice()
	j.Payments[1].Refunded = 0
	rows, totals := file(t, export.CSV, days(export.ByStarted, "2026-11-30", "2026-12-01"), export.Layout{}, j)
	require.Equal(t, "3000", rows[0]["refunded_pence"])
	require.Equal(t, "500", rows[0]["returned_pence"], "the other refund is on its way")
	all := export.Selection{By: export.ByRefunded}
	_, refunds := file(t, export.RefundsCSV, all, export.Layout{}, j)
	require.Equal(t, totals.RefundedPence, refunds.RefundedPence)
}
