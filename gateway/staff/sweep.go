package staff

import (
	"fmt"
	"net/http"

	"paygate/gateway/signin"
)

// mopup sweeps now.
func (s entrance) mopup(w http.ResponseWriter, r *http.Request, m member) {
	counts, err := s.Sweep(r.Context())
	s.Log.InfoContext(r.Context(), "staff order", "order", "mopup", "by", m.By(), "done", err == nil)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case wantsHTML(r):
		s.gate.KeepNotice(w, r, m, sweepNotice(counts))
		http.Redirect(w, r, "/", http.StatusSeeOther)
	default:
		answerJSON(w, http.StatusOK, "application/json", counts)
	}
}

func sweepNotice(counts map[string]int) signin.Notice {
	text := fmt.Sprintf("The mop-up visited %d journeys.", counts["visited"])
	if n := counts["failed"]; n > 0 {
		text += fmt.Sprintf(" Of these, %d failed and will be visited again.", n)
	}
	return signin.Notice{About: "/", Done: counts["failed"] == 0, Text: text}
}
