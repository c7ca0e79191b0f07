package notify

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"paygate/journey"
)

const (
	// perDay is how many e-mails an address gets in 24 hours, from all journeys.
	perDay = 3
	// rememberFor is longer than an e-mail is tried by itself.
	rememberFor = 7 * 24 * time.Hour
)

// Marks remembers what has been done.
type Marks interface {
	// FirstSight reports whether a mark is new, and remembers it until the given time. If that is now, it only asks.
	FirstSight(ctx context.Context, mark string, until time.Time) (bool, error)
}

// Bilingual is a text, or the id of a template, in English and in Welsh. An empty Welsh one means the English one.
type Bilingual[T ~string] struct{ English, Welsh T }

func (b Bilingual[T]) in(language string) T {
	if language == "cy" {
		return cmp.Or(b.Welsh, b.English)
	}
	return b.English
}

// EmailOptions configure Emails.
type EmailOptions struct {
	Client       *Client
	Marks        Marks
	MarkKey      []byte                         // makes marks of addresses that reveal none
	Templates    map[string]Bilingual[Template] // by what an e-mail tells
	Service      Bilingual[string]
	Contact      Bilingual[string]
	Descriptions map[string]Bilingual[string] // by route, from the settings
	Now          func() time.Time
}

// Emails tells citizens by e-mail what happened to their money and their request. It is safe for concurrent use.
type Emails struct{ EmailOptions }

var _ journey.Messenger = Emails{}

// Send sends a message to the citizen of a journey. Before it repeats one, it asks GOV.UK Notify whether it has it.
func (e Emails) Send(ctx context.Context, j journey.Journey, m journey.Message) error {
	asked := e.email(j, m)
	switch {
	case asked.Template == "":
		return fmt.Errorf("there is no template for it: %w", journey.ErrMessageRefused)
	case asked.Address == "":
		return fmt.Errorf("there is no address: %w", journey.ErrMessageRefused)
	}
	if err := e.reserve(ctx, asked); err != nil {
		return err
	}
	if m.Attempted() {
		if taken, err := e.Client.Took(ctx, asked.Reference); err != nil || taken {
			return meaning(err)
		}
	}
	return meaning(e.Client.Send(ctx, asked))
}

// meaning marks an error that repeating does not help.
func meaning(err error) error {
	if failed, is := errors.AsType[*Error](err); is && failed.Permanent() {
		return fmt.Errorf("%w: %w", journey.ErrMessageRefused, err)
	}
	return err
}

// reserve counts an e-mail for its address, once whatever the number of attempts.
func (e Emails) reserve(ctx context.Context, asked Email) error {
	mark, now := "e-mail "+asked.Reference, e.Now()
	isNew, err := e.Marks.FirstSight(ctx, mark, now) // a mark that ends now only asks
	if err != nil || !isNew {
		return err
	}
	for n := range perDay {
		isFree, err := e.Marks.FirstSight(ctx, fmt.Sprint(e.markOf(asked.Address), " ", n), now.Add(24*time.Hour))
		if err == nil && isFree {
			_, err = e.Marks.FirstSight(ctx, mark, now.Add(rememberFor))
		}
		if err != nil || isFree {
			return err
		}
	}
	return fmt.Errorf("the address has had %d e-mails in 24 hours: %w", perDay, journey.ErrMessageRefused)
}

// markOf returns a mark for an address that reveals nothing about it.
func (e Emails) markOf(address string) string {
	hash := hmac.New(sha256.New, e.MarkKey)
	hash.Write([]byte(strings.ToLower(address)))
	return "e-mails to " + hex.EncodeToString(hash.Sum(nil))
}

// referencePattern matches references that cannot contain what a citizen typed for the e-mail to say.
var referencePattern = regexp.MustCompile(`^[A-Za-z0-9/-]{1,40}$`)

// email writes the fields of an e-mail. They contain nothing that the citizen has typed, because anyone can type
// another person's address. Notify needs all fields of a template, so those without a value are empty.
func (e Emails) email(j journey.Journey, m journey.Message) Email {
	language := j.Terms.Language
	return Email{
		Template: e.Templates[m.What].in(language), Address: j.Email, Reference: referenceOf(j, m),
		Fields: map[string]string{
			"reference":   referencePattern.FindString(j.Terms.Reference),
			"amount":      journey.Pounds(m.Amount),
			"service":     e.Service.in(language),
			"description": e.Descriptions[j.Terms.Route].in(language),
			"contact":     e.Contact.in(language),
		},
	}
}

// referenceOf returns what Notify knows the e-mail by.
func referenceOf(j journey.Journey, m journey.Message) string {
	return string(j.ID) + "-" + strings.TrimPrefix(m.ID, string(j.ID)+"-")
}
