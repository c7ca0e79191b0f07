package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// The formats of an alert.
const (
	Slack = "slack"
	Teams = "teams" // an Adaptive Card
)

// send posts the news. Its error does not contain the address, which is secret.
func (a *Alerts) send(ctx context.Context, due []news) error {
	text, err := json.Marshal(a.message(due))
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Webhook.String(), bytes.NewReader(text))
	if err != nil {
		return errors.New("the address of the webhook is wrong")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Paygate")
	answer, err := a.http.Do(request)
	if err != nil {
		return errors.New("the webhook did not answer")
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %d", answer.StatusCode)
	}
	a.Log.InfoContext(ctx, "staff were told what needs a person", "subjects", len(due))
	return nil
}

// message returns the news in the format of the webhook.
func (a *Alerts) message(due []news) any {
	lines := make([]line, len(due))
	for i, n := range due {
		lines[i] = a.lineOf(n)
	}
	if a.Format == Teams {
		return a.card(lines)
	}
	return map[string]string{"text": a.slackText(lines)}
}

func (a *Alerts) title() string { return a.Service + ": something needs a person" }

// slackText escapes the characters that Slack takes for markup.
func (a *Alerts) slackText(lines []line) string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var b strings.Builder
	fmt.Fprintf(&b, "*%s*", escape.Replace(a.title()))
	for _, l := range lines {
		fmt.Fprintf(&b, "\n• %s", escape.Replace(l.text))
		if l.link != "" {
			fmt.Fprintf(&b, " <%s|Show>", escape.Replace(l.link))
		}
	}
	return b.String()
}

// card returns an Adaptive Card in the envelope that webhooks of Microsoft Teams take.
func (a *Alerts) card(lines []line) any {
	type object = map[string]any
	body := []object{{"type": "TextBlock", "text": a.title(), "weight": "Bolder", "wrap": true}}
	for _, l := range lines {
		text := l.text
		if l.link != "" {
			text += fmt.Sprintf(" [Show](%s)", l.link)
		}
		body = append(body, object{"type": "TextBlock", "text": text, "wrap": true})
	}
	return object{"type": "message", "attachments": []object{{
		"contentType": "application/vnd.microsoft.card.adaptive",
		"content": object{
			"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
			"body": body,
		},
	}}}
}
