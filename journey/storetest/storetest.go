// Package storetest is the one suite that every store of journeys passes. Only tests import it.
//
// [Run] tests the contract of [journey.Store], and what else processes need from a store: that its content survives a
// restart, that it notices damage and changes of secrets, and that it remembers marks and values. Full disks, lost
// servers and foreign files are tested beside each store.
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

// T0 is the time at which the suite's journeys begin.
var T0 = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// FarAway is a time after everything is due.
var FarAway = T0.Add(100_000 * time.Hour)

// Example returns a new journey of a usual route, whose id is made from n.
func Example(n int) journey.Journey {
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: fmt.Sprintf("LIC-%d", n),
		Description: "Fishing licence", Language: "cy", Metadata: map[string]string{"ledger": "4711"},
		ReturnURL: "https://example.org/_pay/return", Capture: journey.CaptureOnAccept,
		Release: journey.ReleaseConfirmed,
		Accept:  journey.Statuses{{From: 200, To: 399}}, Repeat: journey.RepeatNever,
		OnRefused:   journey.OnRefusedReturn,
		ResubmitFor: time.Hour, RetryFor: 2 * time.Hour, ClaimFor: 90 * time.Second, MopupMinAge: 3 * time.Hour,
		CaptureMargin: 24 * time.Hour, SecondLook: 24 * time.Hour, KeepReply: time.Hour, KeepJourney: 17520 * time.Hour,
	}
	at := T0.Add(time.Duration(n) * time.Second)
	return journey.Hold(journey.ID(fmt.Sprintf("01TEST%010d", n)), "key", terms, Request(n).Fingerprint(), at)
}

// Request returns the held request of the nth example.
func Request(n int) journey.HeldRequest {
	return journey.HeldRequest{
		Method: "POST", Path: "/licences/apply", Query: "a=1;b=2", Body: []byte{0, 255, byte(n), '\r', '\n'},
		Header: http.Header{"Content-Type": {"multipart/form-data; boundary=x"}, "Cookie": {"a=1; b=2"}},
		Host:   "example.org", ForwardedFor: "192.0.2.1", ForwardedHost: "example.org", ForwardedProto: "https",
		Prefill: journey.Prefill{Email: "ann@example.org"},
	}
}

// Run runs the suite. newPlace returns a new and empty place.
func Run(t *testing.T, newPlace func(t *testing.T) Place) {
	t.Helper()
	runs := func(tests map[string]func(*testing.T, Place)) {
		t.Helper()
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, newPlace(t))
			})
		}
	}
	runs(map[string]func(*testing.T, Place){
		"a journey comes back as it was":               one(comesBack),
		"every field of a journey comes back":          one(everythingComesBack),
		"requests and replies come back byte for byte": one(bytesComeBack),
		"a large request comes back byte for byte":     one(largeRequest),
		"an id is used once":                           one(usedOnce),
		"an id is given to one of many":                one(usedOnceAmongMany),
		"an unknown id is not found":                   one(notFound),
		"a context that has ended stops a call":        one(contextEnds),
		"what was written is there after a restart":    outlivesRestart,
	})
	runs(map[string]func(*testing.T, Place){
		"an update is atomic":                             one(updateIsAtomic),
		"an update answers with what is stored":           one(updateAnswers),
		"an update cannot turn one journey into another":  one(updateKeepsTheID),
		"an update is not done once its caller gives up":  one(givenUpIsNotDone),
		"a failed change stores nothing":                  one(failedChangeKeepsNothing),
		"a failed change does not fail its neighbour":     one(failedChangeFailsAlone),
		"a change that panics stores nothing":             one(panicHarmsNothing),
		"one of many claimants wins":                      one(oneClaimantWins),
		"the request is erased when it is not needed":     one(requestIsErased),
		"a request can be replaced":                       one(requestIsReplaced),
		"a request that is not needed is not stored":      one(requestIsNotKept),
		"the reply stays as long as the journey says":     one(replyIsKept),
		"a change cannot claim that a journey is damaged": one(changeCannotClaimDamage),
	})
	runs(map[string]func(*testing.T, Place){
		"every payment finds its journey":            one(paymentsFind),
		"a payment belongs to one journey":           one(paymentsAreNotShared),
		"a removed payment finds nothing":            one(paymentsGo),
		"due journeys come in the order of time":     one(dueInOrder),
		"a list of due journeys outlives its cursor": one(dueGoesOn),
		"a list of due journeys follows all changes": one(dueFollows),
		"lists are newest first and can be narrowed": one(lists),
		"lists can be paged":                         one(listsPage),
		"a list by state follows every update":       one(listFollowsState),
		"lists agree with their filters":             one(listsAgree),
		"what waits for a second person is listed":   one(approvalsAreListed),
		"tallies are the sums of the journeys":       talliesAreSums,
		"a forgotten journey is gone":                one(forgets),
		"what people say finds the journey":          one(findsWhatPeopleSay),
		"a search follows every change":              one(findFollowsChanges),
		"a search can be paged":                      one(findGoesOn),
		"a search works under every secret":          findsUnderEverySecret,
		"a search opens only what it finds":          findOpensFew,
	})
	runs(map[string]func(*testing.T, Place){
		"no byte can change unnoticed":                 everyByteCounts,
		"damage found by reading":                      setAside(byReading),
		"damage found by an update":                    setAside(byAnUpdate),
		"damage found by a list":                       setAside(byAList),
		"damage found by a list of its state":          setAside(byAListOfItsState),
		"damage is reported once and without content":  damageIsReportedOnce,
		"a journey moved to another id is damaged":     movedIsDamaged,
		"an altered payment entry finds no journey":    alteredPaymentEntry,
		"an altered value is not acted on":             alteredValue,
		"open journeys keep their secret in the list":  openJourneysKeepTheirSecret,
		"request and reply follow the newest secret":   followsNewestSecret,
		"a secret that is put back reads old journeys": droppedSecret,
		"values follow the newest secret":              valuesFollowNewestSecret,
		"a reference is found under every secret":      referenceUnderEverySecret,
		"a start opens no journey":                     startOpensNothing,
	})
	runs(map[string]func(*testing.T, Place){
		"the oldest due journey is the most overdue": oldestDue,
		"open journeys are counted by state":         countsByState,
		"a mark is seen for the first time once":     markIsSeenOnce,
		"marks do not pile up":                       marksDoNotPileUp,
		"a mark that ends now only asks":             markThatEndsNowOnlyAsks,
		"a value changes in one step":                valueChangesInOneStep,
		"what staff did is listed by time":           auditIsListed,
		"old entries of the audit go":                auditIsKeptForAWhile,
		"an entry that does not open keeps its time": auditOfADroppedSecret,
		"a closed store is not ready":                closedIsNotReady,
	})
}

// one runs a test on a place that is opened once.
func one(test func(*testing.T, journey.Store)) func(*testing.T, Place) {
	return func(t *testing.T, p Place) { test(t, opened(t, p, Under(1))) }
}

// create puts the nth example into the store.
func create(t require.TestingT, s journey.Store, n int) journey.Journey {
	j := Example(n)
	require.NoError(t, s.Create(context.Background(), j, Request(n)))
	return j
}

// change updates an existing journey.
func change(t require.TestingT, s journey.Store, id journey.ID, do func(*journey.Change)) journey.Journey {
	after, err := s.Update(context.Background(), id, func(j journey.Journey) (journey.Change, error) {
		c := journey.Change{Journey: j}
		do(&c)
		return c, nil
	})
	require.NoError(t, err)
	return after
}

// to applies facts to a stored journey.
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

func snapshot(j journey.Journey, payment, status string) journey.PaymentSnapshot {
	return journey.PaymentSnapshot{
		ID: payment, Reference: j.Terms.Reference, Amount: 2500, Status: status,
		CreatedAt: T0,
	}
}

func toReleased(t require.TestingT, s journey.Store, j journey.Journey) journey.Journey {
	return to(t, s, j.ID,
		journey.PaymentCreated{Snapshot: snapshot(j, "pay-"+string(j.ID), journey.StatusCreated)},
		journey.PaymentSeen{Snapshot: snapshot(j, "pay-"+string(j.ID), journey.StatusSuccess)},
		journey.Claimed{Until: T0.Add(time.Hour)},
		journey.RequestDelivered{Number: 1, Verdict: journey.VerdictAccepted, Status: 303})
}

func get(t require.TestingT, s journey.Store, id journey.ID) journey.Journey {
	j, err := s.Get(context.Background(), id)
	require.NoError(t, err)
	return j
}
