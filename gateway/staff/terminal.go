package staff

import (
	"strings"

	"paygate/journey"
	"paygate/journey/export"
)

// The words of the staff pages, for the commands.

// StateWord returns the plain name of a state.
func StateWord(s journey.State) string { return stateWord(s) }

// StatusWord says what GOV.UK Pay says of a payment.
func StatusWord(status, code string) string { return statusWord(status, code) }

// EventWords says what happened in a line of a history, and who did it.
func EventWords(e export.Event) (said, who string) {
	return describe(journey.Event{Times: e.Times, Fact: e.Fact, Detail: e.Detail}),
		strings.TrimPrefix(describeCaller(e.By), "by ")
}
