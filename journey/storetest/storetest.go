// Package storetest is the one suite that every store of journeys passes. Tests alone import it.
//
// [Run] holds a store against the contract of [journey.Store]; [Reopen] holds it against a restart. What a store does with
// damaged records, full disks and lost secrets is its own matter, and tested there.
package storetest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/journey"
)

// T0 is when the suite's journeys begin.
var T0 = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// Example is a new journey of a usual route; n makes its id.
func Example(n int) journey.Journey {
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: fmt.Sprintf("LIC-%d", n),
		Description: "Fishing licence", Language: "cy", Metadata: map[string]string{"ledger": "4711"},
		ReturnURL: "https://example.org/_pay/return", Capture: journey.CaptureOnAccept, Release: journey.ReleaseConfirmed,
		Accept: journey.Statuses{{From: 200, To: 399}}, Repeat: journey.RepeatNever, OnRefused: journey.OnRefusedReturn,
		ResubmitFor: time.Hour, RetryFor: 2 * time.Hour, ClaimFor: 90 * time.Second, MopupMinAge: 3 * time.Hour,
		CaptureMargin: 24 * time.Hour, SecondLook: 24 * time.Hour, KeepReply: time.Hour, KeepJourney: 17520 * time.Hour,
	}
	at := T0.Add(time.Duration(n) * time.Second)
	return journey.Hold(journey.ID(fmt.Sprintf("01TEST%010d", n)), "key", terms, Request(n).Imprint(), at)
}

// Request is the held request that belongs to it.
func Request(n int) journey.HeldRequest {
	return journey.HeldRequest{
		Method: "POST", Path: "/licences/apply", Query: "a=1;b=2", Body: []byte{0, 255, byte(n), '\r', '\n'},
		Header: http.Header{"Content-Type": {"multipart/form-data; boundary=x"}, "Cookie": {"a=1; b=2"}},
		Host:   "example.org", ForwardedFor: "192.0.2.1", ForwardedHost: "example.org", ForwardedProto: "https", Prefill: journey.Prefill{Email: "ann@example.org"},
	}
}

// Run runs the suite. open makes a fresh, empty store, which the suite does not close.
func Run(t *testing.T, open func(t *testing.T) journey.Store) {
	t.Helper()
	run(t, open, map[string]func(*testing.T, journey.Store){
		"a journey comes back as it was":               comesBack,
		"whatever a journey holds comes back":          everythingComesBack,
		"requests and replies come back byte for byte": bytesComeBack,
		"a large request comes back byte for byte":     largeRequest,
		"an id is used once":                           usedOnce,
		"an id is given to one of many":                usedOnceAmongMany,
		"what is not there is not found":               notFound,
		"a context that has ended stops a call":        contextEnds,
	})
	run(t, open, map[string]func(*testing.T, journey.Store){
		"an update is atomic":                         updateIsAtomic,
		"an update answers with what is stored":       updateAnswers,
		"a failed change keeps nothing":               failedChangeKeepsNothing,
		"a failed change does not fail its neighbour": failedChangeFailsAlone,
		"a change that panics harms nothing":          panicHarmsNothing,
		"one of many claimants wins":                  oneClaimantWins,
		"the request goes when nobody is owed it":     requestIsErased,
		"a request can be replaced":                   requestIsReplaced,
		"a request that nobody is owed is not kept":   requestIsNotKept,
		"the reply stays as long as it is kept":       replyIsKept,
	})
	run(t, open, map[string]func(*testing.T, journey.Store){
		"every payment finds its journey":            paymentsFind,
		"a payment belongs to one journey":           paymentsAreNotShared,
		"due journeys come in the order of time":     dueInOrder,
		"the list of due journeys goes on anywhere":  dueGoesOn,
		"the list of due journeys follows every one": dueFollows,
		"lists are newest first and can be narrowed": lists,
		"lists can be paged":                         listsPage,
		"a list by state follows every update":       listFollowsState,
		"what is forgotten is gone":                  forgets,
	})
}

func run(t *testing.T, open func(t *testing.T) journey.Store, tests map[string]func(*testing.T, journey.Store)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// create puts the nth example into the store.
func create(t require.TestingT, s journey.Store, n int) journey.Journey {
	j := Example(n)
	require.NoError(t, s.Create(context.Background(), j, Request(n)))
	return j
}

// change updates a journey that must be there.
func change(t require.TestingT, s journey.Store, id journey.ID, do func(*journey.Change)) journey.Journey {
	after, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
		c := journey.Change{Journey: j}
		do(&c)
		return c, nil
	})
	require.NoError(t, err)
	return after
}

// to applies facts inside the store.
func to(t require.TestingT, s journey.Store, id journey.ID, facts ...journey.Fact) journey.Journey {
	var after journey.Journey
	for _, f := range facts {
		var err error
		after, err = s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
			j, err := j.Apply(f, journey.ByCitizen, T0.Add(time.Minute))
			return journey.Change{Journey: j}, err
		})
		require.NoError(t, err)
	}
	return after
}

func seen(j journey.Journey, payment, status string) journey.Seen {
	return journey.Seen{ID: payment, Reference: j.Terms.Reference, Amount: 2500, Status: status, CreatedAt: T0}
}

func toReleased(t require.TestingT, s journey.Store, j journey.Journey) journey.Journey {
	return to(t, s, j.ID,
		journey.PaymentCreated{Seen: seen(j, "pay-"+string(j.ID), journey.StatusCreated)},
		journey.PaymentSeen{Seen: seen(j, "pay-"+string(j.ID), journey.StatusSuccess)},
		journey.Claimed{Until: T0.Add(time.Hour)},
		journey.RequestDelivered{Number: 1, Verdict: journey.VerdictAccepted, Status: 303})
}

func get(t require.TestingT, s journey.Store, id journey.ID) journey.Journey {
	j, err := s.Get(context.Background(), id)
	require.NoError(t, err)
	return j
}

func setDue(t require.TestingT, s journey.Store, id journey.ID, at time.Time) {
	change(t, s, id, func(c *journey.Change) { c.Journey.DueAt = at })
}
