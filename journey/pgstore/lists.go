package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
	"paygate/journey/find"
)

// A list is read in the order of one index, between two ids, so that its cost follows what it shows. The conditions
// leave the planner no other index, because its statistics may be old.

// between are the ids of a list: from is included, to is not.
type between struct{ from, to journey.ID }

// afterAll sorts after every id.
const afterAll = "~"

// slack is how much an id may differ from the order in which journeys began, in nanoseconds.
const slack = int64(60 * 60 * 1e9)

const firstSince = `SELECT id FROM paygate_journeys WHERE started_at >= $1 ORDER BY started_at LIMIT 1`

// idsOf returns the ids between which a filter can find journeys.
func idsOf(ctx context.Context, q querier, f journey.Filter) (ids between, err error) {
	ids.to = afterAll
	if f.After != "" {
		ids.to = f.After
	}
	if !f.Since.IsZero() {
		if ids.from, err = firstFrom(ctx, q, max(0, nanoseconds(f.Since)-slack)); err != nil {
			return ids, err
		}
	}
	if until := nanoseconds(f.Until); !f.Until.IsZero() && until < until+slack {
		end, err := firstFrom(ctx, q, until+slack)
		ids.to = min(ids.to, end)
		return ids, err
	}
	return ids, nil
}

// firstFrom returns the id of the first journey that began at a time or later.
func firstFrom(ctx context.Context, q querier, at int64) (journey.ID, error) {
	found, err := all(ctx, q, pgx.RowTo[journey.ID], firstSince, at)
	if len(found) == 0 {
		return afterAll, err
	}
	return found[0], err
}

// keyOf returns the first column of the index that lists what a filter finds, and its value: "" for the order of ids.
func keyOf(f journey.Filter) (column, value string) {
	switch {
	case f.State != "" && f.Route != "":
		return "(route || '/' || state)", f.Route + "/" + string(f.State)
	case f.Route != "":
		return "route", f.Route
	case f.State != "":
		return "state", string(f.State)
	default:
		return "", ""
	}
}

// listed returns the query of a list.
func listed(f journey.Filter, ids between, keys []string) *query {
	q := narrowed(f, keys)
	column, value := keyOf(f)
	if column == "" {
		q.and("id >= $%d AND id < $%d", ids.from, ids.to)
		q.order = "id DESC"
		return q
	}
	q.and("("+column+", id) >= ($%d, $%d) AND ("+column+", id) < ($%d, $%d)", value, ids.from, value, ids.to)
	q.order = column + " DESC, id DESC"
	return q
}

// narrowed returns a query with the conditions that need no index.
func narrowed(f journey.Filter, keys []string) *query {
	q := &query{where: []string{"NOT damaged"}, order: "id DESC"}
	q.and("key_id = ANY($%d)", keys)
	if !f.Since.IsZero() {
		q.and("started_at + 0 >= $%d", nanoseconds(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("started_at + 0 < $%d", nanoseconds(f.Until))
	}
	return q
}

// looksUp reports whether a filter names something that few journeys have.
func looksUp(f journey.Filter) bool {
	return f.Find != "" || f.Approval || f.Uncollected || f.Payment != "" || f.Reference != ""
}

// maxCandidates is how many journeys are looked up at a time.
const maxCandidates = 2000

const (
	byPayment = `SELECT journey_id FROM paygate_payments WHERE id = $1 AND journey_id >= $2 AND journey_id < $3`

	byReference = `SELECT id FROM paygate_journeys WHERE reference = ANY($1) AND id >= $2 AND id < $3
		ORDER BY id DESC LIMIT %d`

	// byTerms reads the newest journeys of each digest in the order of the index.
	byTerms = `SELECT id FROM (
			SELECT t.journey_id AS id FROM unnest($1::bytea[]) AS wanted (digest) CROSS JOIN LATERAL (
				SELECT journey_id FROM paygate_terms
				WHERE (digest, journey_id) >= (wanted.digest, $2) AND (digest, journey_id) < (wanted.digest, $3)
				ORDER BY digest DESC, journey_id DESC LIMIT %[1]d) t
			UNION SELECT journey_id FROM paygate_payments WHERE id = $4
			UNION SELECT $5::text) found
		WHERE id >= $2 AND id < $3 ORDER BY id DESC LIMIT %[1]d`
)

// candidates lists the newest journeys that a filter may find by what it names: at most maxCandidates.
func (s *Store) candidates(
	ctx context.Context, conn querier, f journey.Filter, ids between,
) (found []journey.ID, err error) {
	scan := pgx.RowTo[journey.ID]
	switch {
	case f.Find != "", f.Reference == "" && f.Payment == "":
		fields, err := all(ctx, conn, pgx.RowTo[string], `SELECT name FROM paygate_term_fields ORDER BY name`)
		if err != nil {
			return nil, err
		}
		wanted := find.Of(f)
		return all(ctx, conn, scan, fmt.Sprintf(byTerms, maxCandidates), s.index.Digests(wanted, fields), ids.from,
			ids.to, wanted.PaymentID(), wanted.JourneyID())
	case f.Payment != "":
		return all(ctx, conn, scan, byPayment, f.Payment, ids.from, ids.to)
	default:
		return all(ctx, conn, scan, fmt.Sprintf(byReference, maxCandidates), s.digests(f.Reference), ids.from, ids.to)
	}
}

// lookedUp returns the query of the rows of some journeys.
func lookedUp(f journey.Filter, ids []journey.ID, keys []string) *query {
	q := narrowed(f, keys)
	q.and("id = ANY($%d)", ids)
	if f.State != "" {
		q.and("state = $%d", f.State)
	}
	if f.Route != "" {
		q.and("route = $%d", f.Route)
	}
	return q
}
