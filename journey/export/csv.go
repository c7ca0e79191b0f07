package export

import (
	"context"
	"encoding/csv"
	"io"
	"maps"
	"slices"

	"paygate/journey"
)

// Totals let a reader check a file.
type Totals struct {
	Rows          int
	AmountPence   int64 // of all rows: prices, paid or not; of refunds, also those that failed
	TakenPence    int64 // on payments that succeeded, before refunds
	RefundedPence int64 // without the refunds that failed
}

// CSV writes the names of the columns and a row for each journey of the selection, newest first (RFC 4180). It adds
// columns for metadata that the layout does not name. Journeys that are added or changed meanwhile do not move other
// rows. It reads the journeys twice, and the use of memory does not grow with the rows. After an error the file is
// incomplete.
func CSV(ctx context.Context, out io.Writer, journeys Lister, s Selection, l Layout) (totals Totals, err error) {
	l, err = l.withMetadata(ctx, journeys, s, func(j journey.Journey) bool {
		_, ok := s.part(j)
		return ok
	})
	if err != nil {
		return totals, err
	}
	err = s.write(ctx, out, journeys, l.Header(), func(j journey.Journey) [][]string {
		part, ok := s.part(j)
		if !ok {
			return nil
		}
		record := Of(part)
		totals.Rows++
		totals.AmountPence += record.AmountPence
		totals.TakenPence += record.TakenPence
		totals.RefundedPence += record.RefundedPence
		return [][]string{l.Row(record)}
	})
	return totals, err
}

// RefundsCSV writes a row for each refund of the selection, which goes by when the refund was made (ByRefunded) or
// paid out (BySettled). The rows are in the order of their journeys. Otherwise it does as CSV does.
func RefundsCSV(
	ctx context.Context, out io.Writer, journeys Lister, s Selection, l Layout,
) (totals Totals, err error) {
	l, err = l.withMetadata(ctx, journeys, s, func(j journey.Journey) bool { return len(s.refundsOf(j)) > 0 })
	if err != nil {
		return totals, err
	}
	err = s.write(ctx, out, journeys, columns(l.refundCells(refund{})), func(j journey.Journey) (rows [][]string) {
		for _, r := range s.refundsOf(j) {
			totals.Rows++
			totals.AmountPence += r.Amount
			totals.RefundedPence += r.Given()
			rows = append(rows, texts(l.refundCells(r)))
		}
		return rows
	})
	return totals, err
}

// write writes a header, and the rows of each journey that may be in the selection.
func (s Selection) write(
	ctx context.Context, out io.Writer, journeys Lister, header []string, rowsOf func(journey.Journey) [][]string,
) error {
	w := csv.NewWriter(out)
	if err := w.Write(header); err != nil {
		return err
	}
	err := s.each(ctx, journeys, func(j journey.Journey) error {
		for _, row := range rowsOf(j) {
			if err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
	})
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	return err
}

// withMetadata returns the layout with the metadata of the journeys that are in the selection, sorted by name.
func (l Layout) withMetadata(
	ctx context.Context, journeys Lister, s Selection, has func(journey.Journey) bool,
) (Layout, error) {
	names := map[string]bool{}
	for _, name := range l.Metadata {
		names[name] = true
	}
	err := s.each(ctx, journeys, func(j journey.Journey) error {
		if has(j) {
			for name := range j.Terms.Metadata {
				names[name] = true
			}
		}
		return nil
	})
	l.Metadata = slices.Sorted(maps.Keys(names))
	return l, err
}
