package paysim

import (
	"crypto/rand"
	"net/http"
)

// browserCookie identifies a browser that has opened a payment.
const browserCookie = "simulator-browser"

func (s *Simulator) cardRoutes() {
	for pattern, answer := range map[string]func(*http.Request) page{
		"GET /secure/{token}": func(r *http.Request) page {
			return s.open(r,
				r.PathValue("token"))
		},
		"POST /secure":                            s.openSent,
		"POST /secure/{$}":                        s.openSent,
		"GET /card_details/{id}":                  s.ofPayment(s.cardPage),
		"POST /card_details/{id}":                 s.ofPayment(s.cardSent),
		"GET /card_details/{id}/3ds_required":     s.ofPayment(s.challengePage),
		"GET /card_details/{id}/3ds_required_out": s.ofPayment(s.bankPage),
		"POST /card_details/{id}/3ds_handler":     s.ofPayment(s.bankAnswered),
		"GET /card_details/{id}/confirm":          s.ofPayment(s.confirmPage),
		"POST /card_details/{id}/confirm":         s.ofPayment(s.confirmed),
		"POST /card_details/{id}/cancel":          s.ofPayment(s.cancelled),
		"GET /return/{id}":                        s.backToService,
		"GET /{$}":                                s.frontPage,
		"GET /card_details/{id}/{rest...}":        func(*http.Request) page { return sessionPage() },
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.servePage(w, r, answer) })
	}
	s.mux.HandleFunc("GET /assets/{name}", serveAsset)
}

// servePage holds no lock while it reads the form and writes the page: browsers may be slow.
func (s *Simulator) servePage(w http.ResponseWriter, r *http.Request, answer func(*http.Request) page) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	s.answerPage(r, answer).write(w, r)
}

func (s *Simulator) answerPage(r *http.Request, answer func(*http.Request) page) page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return answer(r)
}

// open handles a visit to a next_url. The first visit uses it up. After that it works only in browsers that have opened
// the payment; in any other browser the citizen is stranded (FACTS 4.1).
func (s *Simulator) open(r *http.Request, name string) page {
	t, browser := s.tokens[name], browserOf(r)
	if t == nil || t.used && !t.payment.browsers[browser] {
		return sessionPage()
	}
	if t.used {
		return s.progressPage(t.payment)
	}
	var cookie *http.Cookie
	if browser == "" {
		browser = rand.Text()
		cookie = &http.Cookie{
			Name: browserCookie, Value: browser, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		}
	}
	t.used, t.payment.browsers[browser] = true, true
	return page{status: http.StatusSeeOther, to: pathOf(t.payment), cookie: cookie}
}

// openSent handles next_url_post.
func (s *Simulator) openSent(r *http.Request) page { return s.open(r, r.PostForm.Get("chargeTokenId")) }

// progressPage asks whether to go on with a payment or to cancel it. If the payment has ended, it shows the last page.
func (s *Simulator) progressPage(p *payment) page {
	if kind, title := endPage(p); kind != "" {
		return s.pageOf(p, kind, title)
	}
	drawn := s.pageOf(p, "progress", "progress")
	drawn.view.Next = pathOf(p)
	return drawn
}

// pathOf returns the path of the page for the payment's state.
func pathOf(p *payment) string {
	switch {
	case p.status == "submitted":
		return "/card_details/" + p.id + "/confirm"
	case p.challenge != nil:
		return "/card_details/" + p.id + "/3ds_required"
	default:
		return "/card_details/" + p.id
	}
}

func toPage(p *payment) page { return page{status: http.StatusSeeOther, to: pathOf(p)} }

func browserOf(r *http.Request) string {
	c, err := r.Cookie(browserCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// ofPayment wraps a page of a payment that this browser has opened. If the payment has ended, it shows the last page.
func (s *Simulator) ofPayment(answer func(*http.Request, *payment) page) func(*http.Request) page {
	return func(r *http.Request) page {
		p := s.payments[r.PathValue("id")]
		if p == nil || !p.browsers[browserOf(r)] {
			return sessionPage()
		}
		if kind, title := endPage(p); kind != "" {
			return s.pageOf(p, kind, title)
		}
		return answer(r, p)
	}
}

// endPage returns the page of a payment that has ended for the citizen.
func endPage(p *payment) (kind, title string) {
	switch {
	case p.code == "P0010":
		return "end", "declined"
	case p.code == "P0020":
		return "end", "expired"
	case p.code == "P0030", p.code == "P0040":
		return "end", "cancelled"
	case p.status == "error":
		return "end", "problem"
	case p.status == "success", p.status == "capturable":
		return "done", "done"
	default:
		return "", ""
	}
}

func (s *Simulator) cardPage(r *http.Request, p *payment) page {
	if pathOf(p) != r.URL.Path {
		return toPage(p)
	}
	s.begin(p)
	return s.formPage(p, prefilledForm(p.request), nil)
}

func (s *Simulator) formPage(p *payment, form cardForm, wrong []formError) page {
	drawn := s.pageOf(p, "card", "card")
	drawn.view.form, drawn.view.wrong, drawn.view.asks = form, wrong, s.options.collects()
	return drawn
}

// cardSent authorises a payment, once only, unless the bank must be asked first.
func (s *Simulator) cardSent(r *http.Request, p *payment) page {
	if pathOf(p) != r.URL.Path {
		return toPage(p)
	}
	form, asks := readForm(r.PostForm), s.options.collects()
	if wrong := form.check(asks, s.now()); len(wrong) > 0 {
		return s.formPage(p, form, wrong)
	}
	with, _ := cardOf(form.number())
	if details := form.card(with, asks, p.request); s.challenges(with, details.name) {
		s.askBank(p, with, details)
	} else {
		s.authorise(p, with, details)
	}
	return toPage(p)
}

func (s *Simulator) confirmPage(_ *http.Request, p *payment) page {
	if p.status != "submitted" {
		return toPage(p)
	}
	p.touched = s.now()
	drawn := s.pageOf(p, "confirm", "confirm")
	drawn.view.Rows = rowsOf(p.card, p.request.Language)
	return drawn
}

func (s *Simulator) confirmed(_ *http.Request, p *payment) page {
	if p.status != "submitted" {
		return toPage(p)
	}
	s.confirm(p)
	return page{status: http.StatusFound, to: "/return/" + p.id}
}

func (s *Simulator) cancelled(_ *http.Request, p *payment) page {
	s.to(p, "failed", "P0030")
	return toPage(p)
}

// backToService cancels an open payment, and is then a plain redirect that does not say how it ended (FACTS 4.3).
func (s *Simulator) backToService(r *http.Request) page {
	p := s.payments[r.PathValue("id")]
	if p == nil || !p.browsers[browserOf(r)] {
		return sessionPage()
	}
	if kind, _ := endPage(p); kind == "" {
		s.to(p, "failed", "P0030")
	}
	return page{status: http.StatusFound, to: p.request.ReturnURL}
}
