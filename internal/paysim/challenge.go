package paysim

import "net/http"

// challenges reports whether the bank asks the citizen to prove who they are.
func (s *Simulator) challenges(with testCard, name string) bool {
	return with.status == "submitted" &&
		(s.options.ThreeDSecure || with.Number == cardWith3DS || name == nameWith3DS)
}

// askBank stores the card until its bank has answered. Seen from outside, the payment stays started (FACTS 3.2).
func (s *Simulator) askBank(p *payment, with testCard, c *card) {
	s.enter(p, with, c)
	p.challenge, p.secured = &with, true
}

// challengePage shows the bank's page in a frame.
func (s *Simulator) challengePage(_ *http.Request, p *payment) page {
	if p.challenge == nil {
		return toPage(p)
	}
	p.touched = s.now()
	return s.pageOf(p, "challenge", "challenge")
}

// bankPage is the page of a bank, where the citizen proves who they are, or fails to.
func (s *Simulator) bankPage(_ *http.Request, p *payment) page {
	if p.challenge == nil {
		return toPage(p)
	}
	return s.pageOf(p, "bank", "bank")
}

// bankAnswered authorises the payment, or declines it if the citizen failed.
func (s *Simulator) bankAnswered(r *http.Request, p *payment) page {
	switch {
	case p.challenge == nil:
	case r.PostForm.Get("result") == "failed":
		s.to(p, "failed", "P0010")
	default:
		s.to(p, p.challenge.status, p.challenge.code)
	}
	return toPage(p)
}
