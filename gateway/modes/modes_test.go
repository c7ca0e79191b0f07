package modes_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/modes"
	"paygate/journey"
)

// values is a store of named values that can fail.
type values struct {
	text  []byte
	err   error
	reads int
}

func (v *values) Value(ctx context.Context, _ string) ([]byte, error) {
	v.reads++
	if v.err == nil && v.text == nil {
		return nil, cmp.Or(ctx.Err(), journey.ErrNotFound)
	}
	return v.text, cmp.Or(ctx.Err(), v.err)
}

func (v *values) UpdateValue(
	_ context.Context, _ string, change func([]byte) ([]byte, error),
) (text []byte, err error) {
	if v.err != nil {
		return nil, v.err
	}
	if text, err = change(v.text); err == nil {
		v.text = text
	}
	return text, err
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// replicas returns two replicas with a store, and their clock.
func replicas(setting modes.Mode) (a, b *modes.Modes, v *values, c *clock) {
	v, c = &values{}, &clock{time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	start := func() *modes.Modes {
		return modes.New(modes.Options{
			Settings: []modes.Setting{{Route: "licence", Mode: setting}}, Values: v, Now: c.now,
			Log: slog.New(slog.DiscardHandler),
		})
	}
	return start(), start(), v, c
}

func modeOf(t *testing.T, m *modes.Modes) modes.Mode {
	t.Helper()
	return m.Current(t.Context()).Of("licence").Now
}

func TestAChangeHoldsAtOnceHereAndASecondLaterElsewhere(t *testing.T) {
	t.Parallel()
	a, b, _, c := replicas(modes.On)
	require.Equal(t, modes.On, modeOf(t, b))
	state, err := a.Change(t.Context(), "licence", modes.Change{Mode: modes.Closed, Reason: "fraud", By: "ann"}, nil)
	require.NoError(t, err)
	require.Equal(t, modes.Closed, state.Now)
	require.Equal(t, "fraud", state.Change.Reason)
	require.Equal(t, modes.Closed, modeOf(t, a))
	c.pass(time.Second)
	require.Equal(t, modes.Closed, modeOf(t, b))
	_, err = a.Change(t.Context(), "licence", modes.Change{Mode: modes.On, Reason: "over", By: "ann"}, nil)
	require.NoError(t, err)
	c.pass(time.Second)
	require.False(t, b.Current(t.Context()).Of("licence").IsChanged())
}

func TestTheStoreIsReadOnceASecond(t *testing.T) {
	t.Parallel()
	a, _, v, c := replicas(modes.On)
	first := a.Current(t.Context())
	for range 100 {
		require.Same(t, first, a.Current(t.Context()))
	}
	require.Equal(t, 1, v.reads)
	v.err = errors.New("away")
	c.pass(time.Second)
	for range 100 {
		a.Current(t.Context())
	}
	require.Equal(t, 2, v.reads, "a store that fails is left alone for a second")
}

func TestNothingPassesUnpaidWhenTheStoreIsAway(t *testing.T) {
	t.Parallel()
	for _, setting := range []modes.Mode{modes.On, modes.Free, modes.Shadow} {
		a, b, v, c := replicas(setting)
		require.Equal(t, setting, modeOf(t, a))
		v.err = errors.New("away")
		require.Equal(t, modes.Unknown, modeOf(t, b), "b has never read the store")
		require.Error(t, b.Current(t.Context()).Err)
		c.pass(1900 * time.Millisecond)
		require.NotEqual(t, modes.Unknown, modeOf(t, a))
		c.pass(100 * time.Millisecond)
		require.Equal(t, modes.Unknown, modeOf(t, a))
		v.err = nil
		c.pass(time.Second)
		require.NotEqual(t, modes.Unknown, modeOf(t, b))
	}
}

func TestUnpaidModesEndByThemselves(t *testing.T) {
	t.Parallel()
	for _, mode := range []modes.Mode{modes.Free, modes.Shadow} {
		a, _, _, c := replicas(modes.On)
		_, err := a.Change(t.Context(), "licence", modes.Change{Mode: mode, Until: c.at.Add(500 * time.Millisecond)},
			nil)
		require.NoError(t, err)
		require.Equal(t, mode, modeOf(t, a))
		c.pass(500 * time.Millisecond)
		require.Equal(t, modes.On, modeOf(t, a))
	}
}

func TestAChangeThatCannotBeTrustedLetsNothingPass(t *testing.T) {
	t.Parallel()
	for text, mode := range map[string]modes.Mode{
		`{"licence":{"mode":"free","replaces":"on","until":"2026-11-22T11:00:00Z"}}`:  modes.Free,
		`{"licence":{"mode":"free","replaces":"on"}}`:                                 modes.On,
		`{"licence":{"mode":"free","replaces":"on","until":"2026-11-22T09:00:00Z"}}`:  modes.On,
		`{"licence":{"mode":"free","replaces":"on","until":"2027-11-22T09:00:00Z"}}`:  modes.On,
		`{"licence":{"mode":"free","until":"2026-11-22T11:00:00Z"}}`:                  modes.On,
		`{"licence":{"mode":"FREE","replaces":"on","until":"2026-11-22T11:00:00Z"}}`:  modes.Unknown,
		`{"licence":{"mode":"frozen","replaces":"on"}}`:                               modes.Unknown,
		`{"licence":{"mode":"free","replaces":"closed","until":"2026-11-22T11:00Z"}}`: modes.Unknown,
		`{"Licence":{"mode":"free","replaces":"on","until":"2026-11-22T11:00:00Z"}}`:  modes.On,
		`[{"mode":"free"}]`: modes.Unknown,
		`{`:                 modes.Unknown,
		`null`:              modes.On,
	} {
		a, _, v, _ := replicas(modes.On)
		v.text = []byte(text)
		require.Equal(t, mode, modeOf(t, a), text)
	}
}

func TestAChangeHoldsOnlyForTheSettingThatItReplaced(t *testing.T) {
	t.Parallel()
	a, _, v, c := replicas(modes.On)
	_, err := a.Change(t.Context(), "licence", modes.Change{Mode: modes.Free, Until: c.at.Add(time.Hour)}, nil)
	require.NoError(t, err)
	b, _, other, _ := replicas(modes.Closed)
	other.text = v.text
	require.Equal(t, modes.Closed, modeOf(t, b))
}

func TestWrongChangesChangeNothing(t *testing.T) {
	t.Parallel()
	a, _, v, c := replicas(modes.On)
	soon := c.at.Add(time.Hour)
	for text, change := range map[string]modes.Change{
		"must be on, closed, free or shadow": {Mode: "unknown", Until: soon},
		"need until":                         {Mode: modes.Free},
		"at most 7 days":                     {Mode: modes.Shadow, Until: c.at.Add(7*24*time.Hour + 1)},
		"in the future":                      {Mode: modes.Free, Until: c.at},
		"only while the route is closed":     {Mode: modes.Free, Until: soon, Message: "x"},
		"in English too":                     {Mode: modes.Closed, MessageCY: "x"},
		"500 characters":                     {Mode: modes.Closed, Message: strings.Repeat("é", 501)},
		"one line":                           {Mode: modes.Closed, Message: "a\nb"},
		"would change nothing":               {Mode: modes.On, Until: soon},
	} {
		_, err := a.Change(t.Context(), "licence", change, nil)
		require.ErrorContains(t, err, text)
		require.ErrorAs(t, err, new(modes.WrongError))
	}
	_, err := a.Change(t.Context(), "other", modes.Change{Mode: modes.Closed}, nil)
	require.ErrorIs(t, err, modes.ErrNoRoute)
	require.Nil(t, v.text)
}

func TestAReadThatItsRequestGaveUpIsNotAFailure(t *testing.T) {
	t.Parallel()
	a, _, _, _ := replicas(modes.On)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, a.Current(ctx).Err)
}

// slowValues is a store in which a change takes until it is let through.
type slowValues struct {
	*values
	began, resume chan struct{}
}

func (v slowValues) UpdateValue(
	ctx context.Context, name string, change func([]byte) ([]byte, error),
) ([]byte, error) {
	close(v.began)
	<-v.resume
	return v.values.UpdateValue(ctx, name, change)
}

func TestNoRequestWaitsForAChange(t *testing.T) {
	t.Parallel()
	slow := slowValues{&values{}, make(chan struct{}), make(chan struct{})}
	m := modes.New(modes.Options{
		Settings: []modes.Setting{{Route: "licence", Mode: modes.On}}, Values: slow, Now: time.Now,
		Log: slog.New(slog.DiscardHandler),
	})
	done := make(chan error)
	go func() {
		_, err := m.Change(t.Context(), "licence", modes.Change{Mode: modes.Closed}, nil)
		done <- err
	}()
	<-slow.began
	require.Equal(t, modes.On, modeOf(t, m))
	close(slow.resume)
	require.NoError(t, <-done)
	require.Equal(t, modes.Closed, modeOf(t, m))
}

// Each of two people at two replicas has seen the route as it was before.
func TestOfTwoChangesAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	a, b, _, _ := replicas(modes.On)
	isAsSeen := func(s modes.State) bool { return !s.IsChanged() }
	_, err := a.Change(t.Context(), "licence", modes.Change{Mode: modes.Closed, Reason: "storm"}, isAsSeen)
	require.NoError(t, err)
	_, err = b.Change(t.Context(), "licence", modes.Change{Mode: modes.Closed, Reason: "fraud"}, isAsSeen)
	require.ErrorIs(t, err, modes.ErrMeanwhile)
	require.Equal(t, "storm", a.Current(t.Context()).Of("licence").Change.Reason)
}
