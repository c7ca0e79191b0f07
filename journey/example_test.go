package journey_test

import (
	"cmp"
	"fmt"
	"time"

	"paygate/journey"
)

// One journey from the held request to rest: the money is reserved at GOV.UK Pay, the service accepts the request, and
// only then is the money taken.
func ExampleJourney_Apply() {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	terms := journey.Terms{
		Route: "licence", Kind: journey.KindSubmission, Amount: 2500, Reference: "LIC-7F3K",
		Capture: journey.CaptureOnAccept, KeepJourney: 2 * 365 * 24 * time.Hour, SecondLook: 24 * time.Hour,
	}
	created := journey.PaymentSnapshot{ID: "pay1", Reference: "LIC-7F3K", Amount: 2500, Status: journey.StatusCreated}
	reserved := created
	reserved.Status = journey.StatusCapturable

	j := journey.Hold("01KAWA0000000000", journey.NewKey(), terms, journey.Fingerprint{}, at)
	for _, fact := range []journey.Fact{
		journey.PaymentCreated{Snapshot: created},                             // the citizen is sent to Pay
		journey.PaymentSeen{Snapshot: reserved},                               // and has paid
		journey.Claimed{Until: at.Add(time.Hour)},                             // the intent to deliver is stored
		journey.RequestDelivered{Number: 1, Verdict: journey.VerdictAccepted}, // the service says yes
		journey.Captured{}, // the money is taken
	} {
		at = at.Add(time.Minute)
		next, err := j.Apply(fact, journey.ByCitizen, at)
		if err != nil {
			fmt.Println(err)
			return
		}
		owed := cmp.Or(string(next.Owed(at)), "nothing")
		fmt.Printf("%s: %s → %s, owed now: %s\n", fact.Name(), j.State, next.State, owed)
		j = next
	}
	// Output:
	// payment_created: held → paying, owed now: ask
	// payment_seen: paying → confirmed, owed now: deliver
	// claimed: confirmed → releasing, owed now: nothing
	// delivered: releasing → accepted, owed now: capture
	// captured: accepted → released, owed now: nothing
}
