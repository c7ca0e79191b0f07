package app

import (
	"context"
	"fmt"

	"paygate/gateway/alerts"
	"paygate/gateway/metrics"
	"paygate/journey"
)

// applied counts what happens to journeys, and tells staff of messages that were given up.
func (a *App) applied(counted *metrics.Metrics) func(journey.Applied) {
	return func(happened journey.Applied) {
		counted.Applied(happened)
		a.breaker.Observe(happened)
		if _, isGivenUp := happened.Fact.(journey.MessageGivenUp); isGivenUp {
			a.alerts.Note(alerts.MessageGivenUp, happened.After.Terms.Route)
		}
	}
}

// messengers send messages by their recipient.
type messengers map[journey.Recipient]journey.Messenger

func (ms messengers) Send(ctx context.Context, j journey.Journey, m journey.Message) error {
	if messenger, ok := ms[m.To]; ok {
		return messenger.Send(ctx, j, m)
	}
	return fmt.Errorf("the settings have no way to reach the %s", m.To)
}
