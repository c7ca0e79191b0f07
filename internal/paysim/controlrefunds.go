package paysim

import "net/http"

func (s *Simulator) controlRefundOutcome(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		Outcome string `json:"outcome"`
	}](w, r)
	if ok {
		s.showPayments(w, s.SetRefundOutcome(r.PathValue("id"), asked.Outcome))
	}
}

func (s *Simulator) controlRefund(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		Amount int64 `json:"amount"`
	}](w, r)
	if !ok {
		return
	}
	_, err := s.Refund(r.PathValue("id"), asked.Amount)
	s.showPayments(w, err)
}

func (s *Simulator) controlCorrectRefund(w http.ResponseWriter, r *http.Request) {
	asked, ok := read[struct {
		Status string `json:"status"`
	}](w, r)
	if ok {
		s.showPayments(w, s.CorrectRefund(r.PathValue("id"), r.PathValue("refund"), asked.Status))
	}
}
