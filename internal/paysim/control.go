package paysim

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// controlRoutes serves the methods over HTTP, under /control. It refuses pages of other sites, because the browser
// of a developer who runs a simulator can reach it.
func (s *Simulator) controlRoutes() {
	control := http.NewServeMux()
	control.HandleFunc("GET /control/payments", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Payments()) })
	control.HandleFunc("GET /control/requests", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Requests()) })
	control.HandleFunc("GET /control/webhooks", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Webhooks()) })
	control.HandleFunc("GET /control/clock", func(w http.ResponseWriter, _ *http.Request) {
		show(w, map[string]any{"now": s.Now()})
	})
	control.HandleFunc("POST /control/clock", s.controlClock)
	control.HandleFunc("POST /control/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		show(w, "reset")
	})
	control.HandleFunc("POST /control/faults", s.controlFaults)
	control.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		show(w, "cleared")
	})
	control.HandleFunc("POST /control/payments/{id}/pay", s.controlPay)
	control.HandleFunc("POST /control/payments/{id}/correct", s.controlCorrect)
	control.HandleFunc("POST /control/payments/{id}/refund-outcome", s.controlRefundOutcome)
	control.HandleFunc("POST /control/payments/{id}/refunds", s.controlRefund)
	control.HandleFunc("POST /control/payments/{id}/refunds/{refund}/correct", s.controlCorrectRefund)
	control.HandleFunc("GET /control/settings", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Settings()) })
	control.HandleFunc("POST /control/settings", s.controlSettings)
	control.HandleFunc("POST /control/webhooks", s.controlWebhooks)
	control.HandleFunc("POST /control/webhooks/resend", func(w http.ResponseWriter, r *http.Request) {
		s.ResendWebhooks(r.Context())
		show(w, s.Webhooks())
	})
	s.mux.Handle("/control/", sameSite(http.NewCrossOriginProtection().Handler(control)))
}

// sameSite refuses reads from other sites, which cross-origin protection allows.
func sameSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			http.Error(w, "requests from other sites are refused", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func show(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value)
}

// read reads a small JSON body, or answers 400. It refuses unknown fields, so that a misspelt one is noticed.
func read[T any](w http.ResponseWriter, r *http.Request) (value T, ok bool) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		http.Error(w, "the body must be JSON with known fields: "+err.Error(), http.StatusBadRequest)
		return value, false
	}
	return value, true
}

// controlSettings takes texts, numbers and booleans, and lists of texts.
func (s *Simulator) controlSettings(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[map[string]json.RawMessage](w, r)
	if !ok {
		return
	}
	settings := map[string]string{}
	for name, value := range asked {
		settings[name] = settingText(value)
	}
	if err := s.Set(settings); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	show(w, s.Settings())
}

func settingText(raw json.RawMessage) string {
	var text string
	var list []string
	switch {
	case json.Unmarshal(raw, &text) == nil:
		return text
	case json.Unmarshal(raw, &list) == nil:
		return strings.Join(list, ",")
	default:
		return string(raw)
	}
}

func (s *Simulator) controlClock(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		Advance string `json:"advance"`
	}](w, r)
	if !ok {
		return
	}
	d, err := time.ParseDuration(asked.Advance)
	if err != nil || d < 0 {
		http.Error(w, `"advance" must be a duration such as "90m"`, http.StatusBadRequest)
		return
	}
	s.Advance(d)
	show(w, map[string]any{"now": s.Now()})
}

func (s *Simulator) controlFaults(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		Fault
		Delay string `json:"delay"`
	}](w, r)
	if !ok {
		return
	}
	delay, err := time.ParseDuration(asked.Delay)
	if asked.Delay != "" && err != nil {
		http.Error(w, `"delay" must be a duration such as "5s"`, http.StatusBadRequest)
		return
	}
	asked.Fault.Delay = delay
	if err := s.orderFault(asked.Fault); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	show(w, asked)
}

func (s *Simulator) controlPay(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		Outcome string `json:"outcome"`
		Card    string `json:"card"` // instead of an outcome
	}](w, r)
	if !ok {
		return
	}
	pay, how := s.Pay, asked.Outcome
	if asked.Card != "" {
		pay, how = s.PayWithCard, asked.Card
	}
	s.showPayments(w, pay(r.PathValue("id"), how))
}

// showPayments answers a change of a payment.
func (s *Simulator) showPayments(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	show(w, s.Payments())
}

func (s *Simulator) controlCorrect(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		Status string `json:"status"`
		Code   string `json:"code"`
	}](w, r)
	if !ok {
		return
	}
	s.showPayments(w, s.Correct(r.PathValue("id"), asked.Status, asked.Code))
}

func (s *Simulator) controlWebhooks(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		URL     string `json:"url"`
		Secret  string `json:"secret"`
		Account string `json:"account"`
	}](w, r)
	if !ok {
		return
	}
	if err := s.SetAccountWebhook(asked.Account, asked.URL, asked.Secret); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	show(w, "set")
}
