package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/notify"
	"paygate/internal/notifysim"
	"paygate/journey"
)

// marks remembers marks in memory, as stores do.
type marks struct {
	now  func() time.Time
	mu   sync.Mutex
	ends map[string]time.Time
	err  error
}

func (m *marks) FirstSight(_ context.Context, mark string, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil || m.ends[mark].After(m.now()) {
		return false, m.err
	}
	m.ends[mark] = until
	return true, nil
}

// post is a set of e-mails that go to a simulated Notify.
type post struct {
	notify.Emails
	sim   *notifysim.Simulator
	marks *marks
	now   time.Time
}

func newPost(t *testing.T) *post {
	sim, client := newSim(t)
	p := &post{sim: sim, now: time.Now()}
	clock := func() time.Time { return p.now }
	p.marks = &marks{now: clock, ends: map[string]time.Time{}}
	all := notifysim.Templates()
	p.Emails = notify.Emails{EmailOptions: notify.EmailOptions{
		Client: client, Marks: p.marks, MarkKey: []byte("key"), Now: clock,
		Templates: map[string]notify.Bilingual[notify.Template]{
			journey.WhatDelivered: {English: all[0].ID, Welsh: all[1].ID},
			journey.WhatReturned:  {English: all[2].ID},
		},
		Service:      notify.Bilingual[string]{English: "Fishing licences", Welsh: "Trwyddedau pysgota"},
		Contact:      notify.Bilingual[string]{English: "Telephone 0300"},
		Descriptions: map[string]notify.Bilingual[string]{"licence": {English: "Licence", Welsh: "Trwydded"}},
	}}
	return p
}

func journeyOf(id journey.ID, address, language string) journey.Journey {
	return journey.Journey{ID: id, Email: address, Terms: journey.Terms{
		Route: "licence", Language: language, Reference: "ABC-123", Description: "Typed by a citizen",
	}}
}

func delivered(id journey.ID) journey.Message {
	return journey.Message{
		ID: string(id) + "-email-delivered", To: journey.ToCitizen, What: journey.WhatDelivered, Amount: 118000,
	}
}

func TestEmailSaysWhatHappenedInTheCitizensLanguage(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	require.NoError(t, p.Send(t.Context(), journeyOf("J1", "ann@example.org", "en"), delivered("J1")))
	require.NoError(t, p.Send(t.Context(), journeyOf("J2", "bob@example.org", "cy"), delivered("J2")))
	returned := journey.Message{ID: "J3-email-returned", What: journey.WhatReturned, Amount: 50}
	require.NoError(t, p.Send(t.Context(), journeyOf("J3", "cat@example.org", "cy"), returned))
	emails := p.sim.Emails()
	require.Len(t, emails, 3)
	require.Equal(t, "We have received your payment and your form: Fishing licences", emails[0].Subject)
	require.Contains(t, emails[0].Body, "You have paid £1,180.00 for: Licence\n")
	require.Contains(t, emails[0].Body, "Your reference: ABC-123\n")
	require.Contains(t, emails[0].Body, "Telephone 0300")
	require.Equal(t, "J1-email-delivered", emails[0].Reference)
	require.Equal(t, "Rydym wedi derbyn eich taliad a’ch ffurflen: Trwyddedau pysgota", emails[1].Subject)
	require.Contains(t, emails[1].Body, "Rydych wedi talu £1,180.00 am: Trwydded\n")
	require.Contains(t, emails[2].Body, "so £0.50 goes back to", "the English template, if there is no Welsh one")
	for _, e := range emails {
		require.NotContains(t, e.Body, "citizen")
	}
}

func TestAReferenceThatCouldBeAMessageIsLeftOut(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for i, reference := range []string{
		"", "win a prize", "http://x.example", "a.b", "Zoë", strings.Repeat("1", 41), "A\nB", "A\n",
	} {
		id := journey.ID(fmt.Sprint("J", i))
		j := journeyOf(id, fmt.Sprintf("ann%d@example.org", i), "en")
		j.Terms.Reference = reference
		require.NoError(t, p.Send(t.Context(), j, delivered(id)), reference)
		require.Contains(t, p.sim.Emails()[i].Body, "Your reference: \n", reference)
	}
}

func TestAnEmailIsNotSentTwice(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	j, m := journeyOf("J1", "ann@example.org", "en"), delivered("J1")
	p.sim.Break(notifysim.FaultLost, "")
	require.Error(t, p.Send(t.Context(), j, m))
	require.Len(t, p.sim.Emails(), 1, "Notify has it")
	p.sim.Break(notifysim.FaultDown, "")
	m.Failures = 1
	require.Error(t, p.Send(t.Context(), j, m), "it cannot be asked")
	p.sim.Break(notifysim.FaultNone, "")
	require.NoError(t, p.Send(t.Context(), j, m))
	require.Len(t, p.sim.Emails(), 1)
	m.Failures, m.TakenUntil = 0, p.now // an attempt that was cut off
	require.NoError(t, p.Send(t.Context(), j, m))
	require.Len(t, p.sim.Emails(), 1)
}

func TestAnEmailThatNotifyDoesNotHaveIsRepeated(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	j, m := journeyOf("J1", "ann@example.org", "en"), delivered("J1")
	for p.sim.Break(notifysim.FaultDown, ""); m.Failures < 5; m.Failures++ {
		err := p.Send(t.Context(), j, m)
		require.Error(t, err)
		require.NotErrorIs(t, err, journey.ErrMessageRefused)
	}
	p.sim.Break(notifysim.FaultNone, "")
	require.NoError(t, p.Send(t.Context(), j, m), "five attempts are one e-mail of the day")
	require.Len(t, p.sim.Emails(), 1)
}

func TestARefusalOfNotifyIsForGood(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	j, m := journeyOf("J1", "ann@example.org", "en"), delivered("J1")
	p.sim.Break(notifysim.FaultTemplate, notifysim.Templates()[0].ID)
	err := p.Send(t.Context(), j, m)
	require.ErrorIs(t, err, journey.ErrMessageRefused)
	require.Contains(t, err.Error(), "status 400, BadRequestError")
	require.NotContains(t, err.Error(), "ann@")
	p.sim.Break(notifysim.FaultKey, "")
	m.Failures = 1
	require.ErrorIs(t, p.Send(t.Context(), j, m), journey.ErrMessageRefused)
	j.Email = ""
	require.ErrorIs(t, p.Send(t.Context(), j, m), journey.ErrMessageRefused)
	m.What = journey.WhatCollectionFailed
	require.ErrorIs(t, p.Send(t.Context(), j, m), journey.ErrMessageRefused)
}

func TestAnAddressGetsThreeEmailsADay(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	address := map[journey.ID]string{"J3": "ANN@example.org"}
	send := func(id journey.ID, failures int) error {
		m := delivered(id)
		m.Failures = failures
		to := address[id]
		if to == "" {
			to = "ann@example.org"
		}
		return p.Send(t.Context(), journeyOf(id, to, "en"), m)
	}
	for _, id := range []journey.ID{"J1", "J2", "J3"} {
		require.NoError(t, send(id, 0))
	}
	require.ErrorIs(t, send("J4", 0), journey.ErrMessageRefused)
	require.ErrorIs(t, send("J4", 1), journey.ErrMessageRefused, "asking again does not help")
	require.NoError(t, send("J3", 1), "it has had this one")
	require.NoError(t, p.Send(t.Context(), journeyOf("J5", "bob@example.org", "en"), delivered("J5")))
	require.Len(t, p.sim.Emails(), 4)
	for mark := range p.marks.ends {
		require.NotContains(t, mark, "example.org")
	}
}

func TestAnEmailWaitsForTheStore(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.marks.err = errors.New("away")
	require.Error(t, p.Send(t.Context(), journeyOf("J1", "ann@example.org", "en"), delivered("J1")))
	require.Empty(t, p.sim.Emails())
}
