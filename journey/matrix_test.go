package journey

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var t0 = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// exampleTerms returns the terms of a usual submission route.
func exampleTerms() Terms {
	return Terms{
		Route: "licence", Kind: KindSubmission, Amount: 2500, Reference: "LIC-7F3K-22", Description: "Fishing licence",
		Language: "en", ReturnURL: "https://example.org/_pay/return",
		Capture: CaptureOnAccept, Release: ReleaseConfirmed, Accept: Statuses{{200, 399}},
		Repeat: RepeatNever, OnRefused: OnRefusedReturn,
		ResubmitFor: time.Hour, RetryFor: 2 * time.Hour, PassFor: time.Hour, ClaimFor: 90 * time.Second,
		MopupMinAge: 3 * time.Hour, CaptureMargin: 24 * time.Hour, SecondLook: 24 * time.Hour,
		KeepReply: time.Hour, KeepJourney: 17520 * time.Hour,
		ReturnGrace: 5 * time.Minute, UnseenFor: 24 * time.Hour,
	}
}

// termsOfVersion1 returns the terms of a journey that began under version 1.
func termsOfVersion1() Terms {
	terms := exampleTerms()
	terms.ReturnGrace, terms.UnseenFor = 0, 0
	return terms
}

// snapshot returns Pay's answer about the example's payment.
func snapshot(status string) PaymentSnapshot {
	s := PaymentSnapshot{ID: "pay1", Reference: "LIC-7F3K-22", Amount: 2500, Status: status, CreatedAt: t0}
	if status == StatusSuccess {
		s.RefundStatus, s.RefundAvailable = "available", 2500
	}
	return s
}

// must applies facts a minute after t0. The state must allow them.
func must(t *testing.T, j Journey, facts ...Fact) Journey {
	t.Helper()
	return happens(t, j, ByCitizen, time.Minute, facts...)
}

// examples returns one journey in each state, each reached in the usual way.
func examples(t *testing.T) map[State]Journey {
	held := Hold("01TEST", "key", exampleTerms(), Fingerprint{Path: "/licences/apply"}, t0)
	paying := must(t, held, PaymentCreated{snapshot(StatusCreated)})
	confirmed := must(t, paying, PaymentSeen{snapshot(StatusCapturable)})
	releasing := must(t, confirmed, Claimed{t0.Add(time.Hour)})
	accepted := must(t, releasing, RequestDelivered{Number: 1, Verdict: VerdictAccepted, Status: 303})
	refused := must(t, releasing, RequestDelivered{Number: 1, Verdict: VerdictRefused, Status: 422})
	return map[State]Journey{
		StateHeld: held, StatePaying: paying, StateConfirmed: confirmed, StateReleasing: releasing,
		StateUnpaid:   must(t, paying, PaymentSeen{snapshot(StatusFailed)}),
		StateAccepted: accepted,
		StateRefused:  refused,
		StateStuck:    must(t, releasing, RequestDelivered{Number: 1, Verdict: VerdictUnknown}),
		StateReleased: must(t, accepted, Captured{}),
		StateReversed: must(t, refused, ReturnDecided{}, PaymentSeen{snapshot(StatusCancelled)},
			MoneyReturned{PaymentID: "pay1"}),
		StateAbandoned: must(t, paying, PaymentSeen{snapshot(StatusFailed)}, RetryLapsed{}),
	}
}

type namedFact struct {
	name string
	fact Fact
	by   By
}

// allFacts returns every fact, in each of its meanings.
func allFacts() []namedFact {
	wrong := snapshot(StatusSuccess)
	wrong.Amount = 1
	second := snapshot(StatusCreated)
	second.ID = "pay2"
	deliver := func(v Verdict) Fact { return RequestDelivered{Number: 1, Verdict: v} }
	return []namedFact{
		{"payment_asked", PaymentAsked{}, ByCitizen},
		{"payment_created", PaymentCreated{second}, ByCitizen},
		{"payment_not_created", PaymentNotCreated{"Pay is down"}, ByCitizen},
		{"payment_never_made", PaymentNeverMade{}, ByMopup},
		{"citizen_returned", CitizenReturned{}, ByCitizen},
		{"nudged", Nudged{}, ByWebhook},
		{"payment_seen: started", PaymentSeen{snapshot(StatusStarted)}, ByCitizen},
		{"payment_seen: submitted", PaymentSeen{snapshot(StatusSubmitted)}, ByCitizen},
		{"payment_seen: capturable", PaymentSeen{snapshot(StatusCapturable)}, ByCitizen},
		{"payment_seen: success", PaymentSeen{snapshot(StatusSuccess)}, ByCitizen},
		{"payment_seen: failed", PaymentSeen{snapshot(StatusFailed)}, ByCitizen},
		{"payment_seen early: capturable", PaymentSeen{snapshot(StatusCapturable)}, ByEarly},
		{"payment_seen early: failed", PaymentSeen{snapshot(StatusFailed)}, ByEarly},
		{"payment_seen: another amount", PaymentSeen{wrong}, ByCitizen},
		{"claimed", Claimed{t0.Add(time.Hour)}, ByCitizen},
		{"claimed early", Claimed{t0.Add(time.Hour)}, ByEarly},
		{"claimed by staff", Claimed{t0.Add(time.Hour)}, ByStaff("ann")},
		{"delivered: accepted", deliver(VerdictAccepted), ByCitizen},
		{"delivered: refused", deliver(VerdictRefused), ByCitizen},
		{"delivered: not_sent", deliver(VerdictNotSent), ByCitizen},
		{"delivered: unknown", deliver(VerdictUnknown), ByCitizen},
		{"claim_lapsed", ClaimLapsed{1}, ByMopup},
		{"request_lost", RequestLost{}, ByMopup},
		{"captured", Captured{}, ByMopup},
		{"capture_lost", CaptureLost{"too late"}, ByMopup},
		{"resubmitted", Resubmitted{}, ByCitizen},
		{"return_decided", ReturnDecided{}, ByMopup},
		{"money_returned", MoneyReturned{PaymentID: "pay1"}, ByMopup},
		{"return_failed", ReturnFailed{"disputed"}, ByMopup},
		{"left_to_staff", LeftToStaff{}, ByMopup},
		{"retry_lapsed", RetryLapsed{}, ByMopup},
		{"early_begun", EarlyBegun{t0.Add(5 * time.Minute)}, ByEarly},
		{"tried: refund", Tried{EffectRefund, "pay1"}, ByMopup},
		{"try_failed: capture", TryFailed{EffectCapture, "Pay is down", false}, ByMopup},
		{"try_failed: refund", TryFailed{EffectRefund, "Pay is down", false}, ByMopup},
		{"overdue", Overdue{t0.Add(time.Minute)}, ByMopup},
		{"step_failed", StepFailed{"Pay is down"}, ByMopup},
		{"looked", Looked{}, ByMopup},
		{"outcome_seen", OutcomeSeen{}, ByCitizen},
		{"reply_shown", ReplyShown{}, ByCitizen},
		{"nothing_owed", NothingOwed{}, ByMopup},
		{"reply_erased", ReplyErased{}, ByMopup},
		{"settled as confirmed", Settled{StateConfirmed, "asked the service"}, ByStaff("ann")},
		{"settled as released", Settled{StateReleased, "asked the service"}, ByStaff("ann")},
		{"settled as reversed", Settled{StateReversed, "asked the service"}, ByStaff("ann")},
		{"release_ordered", ReleaseOrdered{"the citizen called"}, ByStaff("ann")},
		{"refund_asked", RefundAsked{500, "goodwill"}, ByStaff("ann")},
		{"approval_asked", ApprovalAsked{Order{OrderRefund, 500, "", "goodwill"}, ""}, ByStaff("ann")},
		{"approval_ended", ApprovalEnded{Reason: "no"}, ByStaff("ann")},
		{"refunded", Refunded{"pay1", 500}, ByStaff("ann")},
		{"refunds_seen", RefundsSeen{"pay1", []Refund{{ID: "ref1", Amount: 500, Status: RefundSuccess}}}, ByMopup},
		{"message_taken", MessageTaken{"re1", t0.Add(time.Hour)}, ByPaygate},
		{"message_sent", MessageSent{"re1"}, ByPaygate},
		{"message_failed", MessageFailed{ID: "re1", Detail: "the service answered 503"}, ByPaygate},
		{"message_given_up", MessageGivenUp{"re1", "the service answered 503"}, ByPaygate},
		{"email_erased", EmailErased{}, ByMopup},
		{"person_erased", PersonErased{"asked"}, ByStaff("ann")},
		{"refund_ended", RefundEnded{"disputed"}, ByStaff("ann")},
	}
}

// TestEveryStateMeetsEveryFact compares the whole matrix with the golden file and with docs/reference/states.md.
func TestEveryStateMeetsEveryFact(t *testing.T) {
	t.Parallel()
	journeys := examples(t)
	var table strings.Builder
	table.WriteString("| fact |")
	for _, s := range States() {
		fmt.Fprintf(&table, " %s |", s)
	}
	table.WriteString("\n|---|" + strings.Repeat("---|", len(States())) + "\n")
	for _, f := range allFacts() {
		fmt.Fprintf(&table, "| %s |", f.name)
		for _, s := range States() {
			require.Equal(t, s, journeys[s].State)
			fmt.Fprintf(&table, " %s |", cell(t, journeys[s], f))
		}
		table.WriteString("\n")
	}
	golden(t, filepath.Join("testdata", "matrix.golden"), table.String())
	page := statesPage(journeys, diagram(t, journeys), table.String())
	golden(t, filepath.Join("..", "docs", "reference", "states.md"), page)
}

// diagram draws the states and which of them follow each other by whatever fact.
func diagram(t *testing.T, journeys map[State]Journey) string {
	var lines strings.Builder
	lines.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> held\n")
	for _, from := range States() {
		follow := map[State]bool{}
		for _, f := range allFacts() {
			follow[State(cell(t, journeys[from], f))] = true
		}
		for _, to := range States() {
			if follow[to] {
				fmt.Fprintf(&lines, "    %s --> %s\n", from, to)
			}
		}
		if from.AtRest() {
			fmt.Fprintf(&lines, "    %s --> [*]\n", from)
		}
	}
	lines.WriteString("```\n")
	return lines.String()
}

// cell returns the new state, "·" if it stays the same, or nothing if the state does not allow the fact.
func cell(t *testing.T, j Journey, f namedFact) string {
	next, err := j.Apply(f.fact, f.by, t0.Add(2*time.Minute))
	if err != nil {
		require.Equal(t, j, next, "an impossible fact changes nothing")
		return ""
	}
	if next.State == j.State {
		return "·"
	}
	return string(next.State)
}

func statesPage(journeys map[State]Journey, diagram, table string) string {
	var page strings.Builder
	page.WriteString(`# States

A test writes this page from the code:
` + "`go test ./journey -run TestEveryStateMeetsEveryFact -update`" + `.

A journey follows one citizen from a held request to the service, or back to their money. One pure
function, ` + "`Journey.Apply`" + `, says what follows from a fact. Another, ` + "`Journey.Owed`" + `, says what must
be done next.

` + diagram + `
## What each state is owed

The examples are for a typical submission route: the money is reserved, and taken when the service
accepts.

| state | at rest | owed next | a sweep looks at it | early delivery looks at it | held request kept |
|---|---|---|---|---|---|
`)
	for _, s := range States() {
		j := journeys[s]
		step, from := j.next(t0.Add(time.Minute))
		due := j.Due(t0.Add(time.Minute)).Sub(t0)
		fmt.Fprintf(&page, "| %s | %s | %s, %s after its beginning | %s after its beginning | %s | %s |\n",
			s, yes(s.AtRest()), step, latest(from, j.Since).Sub(t0), due, earlyDelivery(j), yes(j.KeepsRequest()))
	}
	asking := HoldAsking("01TEST", "key", exampleTerms(), Fingerprint{}, t0)
	step, from := asking.next(t0)
	fmt.Fprintf(&page, `
When the citizen is asked whether to pay again, the held request has no payment yet. Unless they say
yes, its next step is %s, %s after its beginning, without a search at GOV.UK Pay.
`, step, from.Sub(t0))
	page.WriteString(`
## Every state and every fact

A word is the state that follows; · means that the state stays the same. If a cell is empty, the
state does not allow the fact: it is logged, and nothing is stored.

`)
	page.WriteString(table)
	return page.String()
}

func earlyDelivery(j Journey) string {
	if j.EarlyAt.IsZero() {
		return ""
	}
	return j.EarlyAt.Sub(t0).String() + " after its beginning"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	wanted, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update to write it")
	require.Equal(t, string(wanted), text, "if this is intended, run the test with -update")
}
