package journey

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// typed returns a journey in a state, with texts of its citizen everywhere.
func typed(t *testing.T, state State) Journey {
	t.Helper()
	j := examples(t)[state]
	j.Terms.Reference, j.Terms.Metadata = "LIC-ZEBEDEE-1", map[string]string{"surname": "Zebedee", "channel": "web"}
	j.Terms.Own.Metadata = []string{"channel"}
	j.Fingerprint.Findable = []FormValue{{"name", "Zoë Zebedee"}, {"car", "ZZ12 ZED"}}
	j.Fingerprint.Path, j.Terms.Description, j.Terms.Quoted = "/zebedee/pay", "Fine of Z. Zebedee", true
	j.Fingerprint.Query, j.Fingerprint.FormDigest = "name=zebedee", "zebedee-digest"
	j.Email, j.Note = "zoe@zebedee.example", "ZEBEDEE rang"
	j.ReplyUntil = t0.Add(time.Hour)
	j.History = append(j.History, Event{Fact: "refund_asked", Detail: "500 pence: Ms Zebedee’s car (ZZ12) is sold"})
	return j
}

func TestErasingLeavesNothingOfTheCitizen(t *testing.T) {
	t.Parallel()
	for _, state := range []State{StateReleased, StateReversed, StateAbandoned} {
		before := typed(t, state)
		before.Outbox = []Message{{ID: "m", To: ToCitizen, What: WhatRefunded}}
		j := happens(t, before, ByStaff("ann"), time.Hour, PersonErased{"Zebedee asked"})
		text, err := json.Marshal(j)
		require.NoError(t, err)
		for _, word := range []string{"zebedee", "zoë", "zoe@", "zz12"} {
			require.NotContains(t, strings.ToLower(string(text)), word, state)
		}
		require.Equal(t, string(j.ID), j.Terms.Reference)
		require.Equal(t, map[string]string{"channel": "web"}, j.Terms.Metadata)
		require.Empty(t, j.Outbox)
		require.False(t, j.KeepsReply())
		last := j.History[len(j.History)-1]
		require.Equal(t, "person_erased", last.Fact)
		require.Equal(t, "… asked", last.Detail)
		require.Equal(t, "500 pence: Ms …’s car (…) is sold", j.History[len(j.History)-2].Detail)
		require.Equal(t, before.Payments, j.Payments)
		require.Equal(t, state, j.State)
		require.Contains(t, before.History[len(before.History)-1].Detail, "Zebedee", "the old value is not changed")
	}
}

func TestAReferenceThatIsOursStays(t *testing.T) {
	t.Parallel()
	j := typed(t, StateReleased)
	j.Terms.Own.Reference = true
	require.Equal(t, "LIC-ZEBEDEE-1",
		happens(t, j, ByStaff("ann"), time.Hour, PersonErased{"asked"}).Terms.Reference)
}

func TestPayIsStillBelievedAfterErasing(t *testing.T) {
	t.Parallel()
	j := happens(t, examples(t)[StateReleased], ByStaff("ann"), time.Hour, PersonErased{"asked"})
	require.NotEqual(t, snapshot("").Reference, j.Terms.Reference)
	refunded := snapshot(StatusSuccess)
	refunded.RefundSubmitted, refunded.RefundAvailable = 500, 2000
	j = happens(t, j, ByMopup, 25*time.Hour, PaymentSeen{refunded})
	require.Equal(t, StateReleased, j.State)
	p, _ := j.Payment()
	require.EqualValues(t, 500, p.Refunded)
	other := refunded
	other.Amount++
	require.Equal(t, OutcomeMismatch, j.Terms.Outcome(other))
}

func TestWhatIsNeededIsNotErased(t *testing.T) {
	t.Parallel()
	pass := typed(t, StateReleased)
	pass.Terms.Kind, pass.ReleasedAt = KindPass, t0
	refunding := typed(t, StateReleased)
	refunding.RefundAskedAt = t0
	trusted := typed(t, StateReleased) // given, and not paid for as far as is known
	trusted.Trusted = true
	late := typed(t, StateReversed) // money has arrived that has to go back
	late.Payments = append(late.Payments, Payment{ID: "late", Status: StatusSuccess, Money: 2500})
	for _, j := range []Journey{
		pass, refunding, trusted, late, typed(t, StatePaying), typed(t, StateConfirmed), typed(t, StateRefused),
		typed(t, StateStuck),
	} {
		after, err := j.Apply(PersonErased{"asked"}, ByStaff("ann"), t0.Add(time.Minute))
		require.ErrorAs(t, err, new(*TransitionError), j.State)
		require.Equal(t, j, after)
	}
}

func TestWordsOfTheCitizenAreErasedHoweverStaffWriteThem(t *testing.T) {
	t.Parallel()
	typed := func(values ...string) Journey {
		j := Journey{}
		for _, v := range values {
			j.Fingerprint.Findable = append(j.Fingerprint.Findable, FormValue{"field", v})
		}
		j.Terms.Own.Reference = true
		return j
	}
	for _, c := range []struct{ typed, note, left string }{
		{"AB12 CDE", "his car AB12CDE is sold", "his car … is sold"},
		{"AB12CDE", "his car ab12 cde, sold", "his car …, sold"},
		{"AB12 CDE", "AB12-CDE", "…"},
		{"Siân O’Brien", "Sian OBrien rang", "… rang"},
		{"Sian", "SIA\u0302N rang", "… rang"},
		{"Ŵyn Tŷ-Gwyn", "wyn of Ty Gwyn", "… of …"},
		{"Jo Ng", "Jo Ng and Jo", "… and Jo"},
		{"Ann", "Annie planned", "Annie planned"},
	} {
		j := typed(c.typed)
		require.Equal(t, c.left, j.words().cut(c.note), c.typed)
	}
}

func TestTheSettingsDescriptionStays(t *testing.T) {
	t.Parallel()
	j := typed(t, StateReleased)
	j.Terms.Description, j.Terms.Quoted = "Fishing licence", false
	require.Equal(t, "Fishing licence",
		happens(t, j, ByStaff("ann"), time.Hour, PersonErased{"asked"}).Terms.Description)
}
