package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"paygate/journey"
)

// table holds the requests, or the replies, of journeys.
type table string

var tables = map[journey.Part]table{
	journey.PartRequest: "paygate_requests",
	journey.PartReply:   "paygate_replies",
}

func (t table) get() string  { return `SELECT sealed FROM ` + string(t) + ` WHERE journey_id = $1` }
func (t table) drop() string { return `DELETE FROM ` + string(t) + ` WHERE journey_id = $1` }

func (t table) put() string {
	return `INSERT INTO ` + string(t) + ` (journey_id, sealed) VALUES ($1, $2)
		ON CONFLICT (journey_id) DO UPDATE SET sealed = excluded.sealed`
}

// storeContent replaces or erases a request or a reply. One that stays is sealed again if an older secret sealed its
// journey: the row names one secret for everything that belongs to the journey.
func (s *Store) storeContent(
	ctx context.Context, tx pgx.Tx, batch *pgx.Batch, keyID string, id journey.ID, m journey.ContentChange,
) error {
	t := tables[m.Part]
	switch {
	case !m.Keep:
		batch.Queue(t.drop(), id)
	case m.New != nil:
		sealed, err := s.codec.SealContent(m.Part, id, m.New)
		if err != nil {
			return err
		}
		batch.Queue(t.put(), id, sealed)
	case keyID != s.codec.Newest():
		sealed, err := one(ctx, tx, pgx.RowTo[[]byte], t.get(), id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		batch.Queue(t.put(), id, s.codec.Renew(m.Part, id, sealed))
		return err
	}
	return nil
}

// Request reads the held request.
func (s *Store) Request(ctx context.Context, id journey.ID) (journey.HeldRequest, error) {
	sealed, err := s.readContent(ctx, journey.PartRequest, id)
	if err != nil {
		return journey.HeldRequest{}, err
	}
	return s.codec.OpenRequest(id, sealed)
}

// Reply reads the stored reply.
func (s *Store) Reply(ctx context.Context, id journey.ID) (journey.Reply, error) {
	sealed, err := s.readContent(ctx, journey.PartReply, id)
	if err != nil {
		return journey.Reply{}, err
	}
	return s.codec.OpenReply(id, sealed)
}

func (s *Store) readContent(ctx context.Context, part journey.Part, id journey.ID) ([]byte, error) {
	sealed, err := readOne(ctx, s, pgx.RowTo[[]byte], tables[part].get(), id)
	if errors.Is(err, journey.ErrNotFound) {
		return nil, journey.ErrErased
	}
	return sealed, err
}
