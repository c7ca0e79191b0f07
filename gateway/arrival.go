package gateway

import (
	"crypto/subtle"
	"net/http"
)

// When the doctor asks for the status page through the public address, Paygate says how the request arrived. It says
// so to no other client, because the host may be the name of an internal machine.
const (
	// DoctorHeader carries the doctor's token.
	DoctorHeader = "Paygate-Doctor"
	// ArrivedHeader carries the scheme and the host with which the request arrived.
	ArrivedHeader = "Paygate-Arrived"
)

func (h *statusPage) tellArrival(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get(DoctorHeader)
	if h.doctorToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(h.doctorToken)) != 1 {
		return
	}
	client := h.clients.Of(r)
	if hostPattern.MatchString(client.Host) {
		w.Header().Set(ArrivedHeader, client.Proto+"://"+client.Host)
	}
}
