package gateway

import (
	"crypto/subtle"
	"net/http"
)

// The doctor asks for our status through the public address, and is told how its request arrived. Others are not told: the host
// may be the name of a machine inside.
const (
	// DoctorHeader carries the doctor's token.
	DoctorHeader = "Paygate-Doctor"
	// ArrivedHeader says the scheme and the host by which the request arrived.
	ArrivedHeader = "Paygate-Arrived"
)

func (g *Gateway) tellArrival(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get(DoctorHeader)
	if g.DoctorToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(g.DoctorToken)) != 1 {
		return
	}
	client := g.clientOf(r)
	if hostPattern.MatchString(client.host) {
		w.Header().Set(ArrivedHeader, client.proto+"://"+client.host)
	}
}
