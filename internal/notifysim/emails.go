package notifysim

import (
	"crypto/rand"
	"fmt"
	"slices"

	"paygate/gateway/notify"
)

// template returns a template, unless a fault refuses it.
func (s *Simulator) template(id notify.Template) (Template, bool) {
	s.mu.Lock()
	refuses := s.refuses
	s.mu.Unlock()
	all := Templates()
	i := slices.IndexFunc(all, func(t Template) bool { return t.ID == id })
	if i < 0 || id == refuses {
		return Template{}, false
	}
	return all[i], true
}

// take delivers an e-mail to the inbox.
func (s *Simulator) take(asked notify.Email, t Template) Email {
	e := Email{
		ID: newID(), Reference: asked.Reference, To: asked.Address, Template: t.ID, Status: "delivered",
		Subject: fill(t.Subject, asked.Fields), Body: fill(t.Body, asked.Fields), At: s.options.Now().UTC(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emails = append(s.emails, e)
	return e
}

func (s *Simulator) newestFirst() []Email {
	emails := s.Emails()
	slices.Reverse(emails)
	return emails
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
