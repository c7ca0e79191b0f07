package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paygate/journey"
)

// shelf is a table of what belongs to journeys, named by the label under which it is sealed.
type shelf string

const (
	requests shelf = "request"
	replies  shelf = "reply"
)

func (sh shelf) table() string {
	if sh == requests {
		return "paygate_requests"
	}
	return "paygate_replies"
}

func (sh shelf) get() string  { return `SELECT sealed FROM ` + sh.table() + ` WHERE journey_id = $1` }
func (sh shelf) drop() string { return `DELETE FROM ` + sh.table() + ` WHERE journey_id = $1` }

func (sh shelf) put() string {
	return `INSERT INTO ` + sh.table() + ` (journey_id, sealed) VALUES ($1, $2) ON CONFLICT (journey_id) DO UPDATE SET sealed = excluded.sealed`
}

// seal seals a request or a reply.
func (s *Store) seal(sh shelf, id journey.ID, kept interface{ Encode() ([][]byte, error) }) ([]byte, error) {
	parts, err := kept.Encode()
	if err != nil {
		return nil, fmt.Errorf("keeping the %s of %s: %w", sh, id, err)
	}
	return s.sealer.Seal(string(sh), string(id), parts...), nil
}

// keepRequest replaces the held request, erases it when nobody is owed it, and else leaves it there.
func (s *Store) keepRequest(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, keyID string, c journey.Change) error {
	switch id := c.Journey.ID; {
	case !c.Journey.KeepsRequest():
		batch.Queue(requests.drop(), id)
		return nil
	case c.Request == nil:
		return s.renew(ctx, tx, batch, requests, keyID, id)
	default:
		sealed, err := s.seal(requests, id, *c.Request)
		batch.Queue(requests.put(), id, sealed)
		return err
	}
}

// keepReply does the same for the reply.
func (s *Store) keepReply(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, keyID string, c journey.Change) error {
	switch id := c.Journey.ID; {
	case !c.Journey.KeepsReply():
		batch.Queue(replies.drop(), id)
		return nil
	case c.Reply == nil:
		return s.renew(ctx, tx, batch, replies, keyID, id)
	default:
		sealed, err := s.seal(replies, id, *c.Reply)
		batch.Queue(replies.put(), id, sealed)
		return err
	}
}

// renew seals what is left there anew where an older secret sealed its journey, which knows one secret for all that
// belongs to it.
func (s *Store) renew(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, sh shelf, keyID string, id journey.ID) error {
	if keyID == s.sealer.Newest() {
		return nil
	}
	sealed, err := one(ctx, tx, pgx.RowTo[[]byte], sh.get(), id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if plain, err := s.sealer.Open(string(sh), string(id), sealed); err == nil { // else it is damaged: whoever reads it is told so
		batch.Queue(sh.put(), id, s.sealer.Seal(string(sh), string(id), plain))
	}
	return nil
}

// Request reads the held request.
func (s *Store) Request(ctx context.Context, id journey.ID) (journey.HeldRequest, error) {
	plain, err := s.readKept(ctx, requests, id)
	if err != nil {
		return journey.HeldRequest{}, err
	}
	request, err := journey.DecodeHeldRequest(plain)
	if err != nil {
		return journey.HeldRequest{}, doesNotOpen(string(requests), id, err)
	}
	return request, nil
}

// Reply reads the kept reply.
func (s *Store) Reply(ctx context.Context, id journey.ID) (journey.Reply, error) {
	plain, err := s.readKept(ctx, replies, id)
	if err != nil {
		return journey.Reply{}, err
	}
	reply, err := journey.DecodeReply(plain)
	if err != nil {
		return journey.Reply{}, doesNotOpen(string(replies), id, err)
	}
	return reply, nil
}

func (s *Store) readKept(ctx context.Context, sh shelf, id journey.ID) ([]byte, error) {
	if !storable(id) {
		return nil, orEnded(ctx, journey.ErrErased)
	}
	var sealed []byte
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) (err error) {
		sealed, err = one(ctx, conn, pgx.RowTo[[]byte], sh.get(), id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, journey.ErrErased
	}
	if err != nil {
		return nil, err
	}
	plain, err := s.sealer.OpenInPlace(string(sh), string(id), sealed)
	if err != nil {
		return nil, doesNotOpen(string(sh), id, err)
	}
	return plain, nil
}
