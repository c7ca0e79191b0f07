package journey

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// oneJourney is a store with one journey.
type oneJourney struct {
	Store
	j Journey
}

func (s *oneJourney) Get(context.Context, ID) (Journey, error) { return s.j, nil }

func (s *oneJourney) Update(_ context.Context, _ ID, change func(Journey) (Change, error)) (Journey, error) {
	c, err := change(s.j)
	if err == nil {
		s.j = c.Journey
	}
	return c.Journey, err
}

// post records what was sent, and what the journey had stored by then.
type post struct {
	sent []string
	err  error
	then func(Journey, Message)
	// waits, if set, is called before the recipient does not answer.
	waits func()
}

func (p *post) Send(ctx context.Context, j Journey, m Message) error {
	p.sent = append(p.sent, m.ID)
	if p.waits != nil {
		p.waits()
		<-ctx.Done()
		return ctx.Err()
	}
	if p.then != nil {
		p.then(j, m)
	}
	return p.err
}

// teller is a runner whose journey has two messages to the service and one to the citizen.
type teller struct {
	*Runner
	store *oneJourney
	post  *post
	now   time.Time
}

func newTeller(t *testing.T) *teller {
	j := must(t, given(t), refunds(
		Refund{ID: "re1", Amount: 500, Status: RefundSuccess}, Refund{ID: "re2", Amount: 700, Status: RefundSuccess}))
	x := &teller{store: &oneJourney{j: j}, post: &post{}, now: t0.Add(time.Hour)}
	x.Runner = &Runner{
		Store: x.store, Messenger: x.post, Now: func() time.Time { return x.now }, Log: slog.New(slog.DiscardHandler),
	}
	return x
}

func TestMessagesAreToldInOrder(t *testing.T) {
	t.Parallel()
	x := newTeller(t)
	x.post.then = func(j Journey, m Message) {
		stored, _ := x.store.j.Message(m.ID)
		require.False(t, stored.TakenUntil.IsZero(), "the intent is stored first")
		other := &teller{Runner: x.Runner, store: x.store}
		sent := len(x.post.sent)
		require.NoError(t, other.Tell(t.Context(), "01TEST", ToService, ByMopup))
		require.Len(t, x.post.sent, sent, "another replica leaves it alone")
	}
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	require.Equal(t, []string{"re1", "re2"}, x.post.sent)
	require.Len(t, x.store.j.Outbox, 1, "the e-mail waits")
	require.Contains(t, x.store.j.History[len(x.store.j.History)-1].Detail, "the service: refunded, £7.00")
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	require.Len(t, x.post.sent, 2)
}

func TestAFailedMessageHoldsUpTheNextAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	x := newTeller(t)
	x.post.err = errors.New("the service answered 503")
	require.ErrorIs(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate), x.post.err)
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate), "it waits")
	require.Equal(t, []string{"re1"}, x.post.sent)
	require.Error(t, x.Tell(t.Context(), "01TEST", ToService, ByMopup), "a person does not wait")
	require.Error(t, x.Tell(t.Context(), "01TEST", ToCitizen, ByPaygate))
	require.Equal(t, []string{"re1", "re1", "email-refunded-re1"}, x.post.sent)

	x.post.err = nil
	x.now = x.now.Add(maxMessageBackOff)
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	require.Equal(t, []string{"re1", "re2"}, x.post.sent[3:])
}

func TestACrashDuringAnAttemptDelaysTheMessage(t *testing.T) {
	t.Parallel()
	x := newTeller(t)
	x.store.j = must(t, x.store.j, MessageTaken{"re1", x.now.Add(time.Minute)})
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByMopup))
	require.Empty(t, x.post.sent)
	x.now = x.now.Add(time.Minute)
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	require.Equal(t, []string{"re1", "re2"}, x.post.sent)
}

func TestAnAttemptEndsWithItsCallerAndIsRepeated(t *testing.T) {
	t.Parallel()
	x := newTeller(t)
	ctx, cancel := context.WithCancel(t.Context())
	x.post.waits = cancel
	require.ErrorIs(t, x.Tell(ctx, "01TEST", ToService, ByPaygate), context.Canceled)
	m, _ := x.store.j.Message("re1")
	require.Zero(t, m.TakenUntil)
	x.post.waits, x.now = nil, x.now.Add(time.Minute)
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	require.Equal(t, []string{"re1", "re1", "re2"}, x.post.sent)
}

func TestAClockThatWasAheadDelaysNoMessage(t *testing.T) {
	t.Parallel()
	x := newTeller(t)
	right := x.now
	x.now = right.Add(365 * 24 * time.Hour)
	x.post.err = errors.New("the service answered 503")
	require.Error(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	x.now = right
	require.Error(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	m, _ := x.store.j.Message("re1")
	require.Equal(t, right, m.FailedAt)
}

func TestAMessageIsGivenUpAfterThreeDays(t *testing.T) {
	t.Parallel()
	x := newTeller(t)
	x.now = x.now.Add(30 * 24 * time.Hour) // Paygate was down: it has not tried yet
	x.post.err = errors.New("the service answered 404")
	for began := x.now; x.now.Before(began.Add(giveUpAfter)); x.now = x.now.Add(maxMessageBackOff) {
		require.Error(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
		require.Empty(t, x.store.j.MessagesGivenUp())
	}
	require.Error(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	require.Len(t, x.store.j.MessagesGivenUp(), 1)
	require.Contains(t, x.store.j.Note, "refunded, £5.00: the service answered 404")

	x.post.sent = nil
	require.Error(t, x.Tell(t.Context(), "01TEST", ToService, ByPaygate))
	require.Equal(t, []string{"re2"}, x.post.sent, "the next is told")
	x.post.err, x.post.sent = nil, nil
	require.NoError(t, x.Tell(t.Context(), "01TEST", ToService, ByStaff("ann")))
	require.Equal(t, []string{"re1", "re2"}, x.post.sent, "a person tries again")
	require.Empty(t, x.store.j.Note)
}

func TestAMessageThatIsRefusedForGoodIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	x := newTeller(t)
	x.post.err = ErrMessageRefused
	require.ErrorIs(t, x.Tell(t.Context(), "01TEST", ToCitizen, ByPaygate), ErrMessageRefused)
	require.Len(t, x.store.j.MessagesGivenUp(), 1)
}
