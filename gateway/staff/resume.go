package staff

import (
	"net/http"
	"slices"
	"strings"
)

// resumeAddress shows a form that was sent after the session had ended.
const resumeAddress = "/resume"

// resumeView is the data of that page.
type resumeView struct {
	Action string
	Cancel string // where it was
	Fields []fieldView
}

// fieldView is a field of the form. One without a label is not shown.
type fieldView struct{ Name, Label, Value string }

func (f fieldView) isTyped() bool { return f.Label != "" && f.Value != "" }

// fieldLabels name what people type, and not what they choose: where they choose something, they check it again.
var fieldLabels = map[string]string{
	"amount": "Amount in pounds", "reason": "Reason", "find": "What you searched for", "q": "What you searched for",
	"until": "Until", "message": "Message for citizens", "message_cy": "Message for citizens, in Welsh",
}

func (s entrance) resume(w http.ResponseWriter, r *http.Request, m member) {
	draft, kept := s.gate.Draft(r, m)
	if !kept {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	v := resumeView{Action: draft.Action, Cancel: "/"}
	if parts := strings.Split(draft.Action, "/"); len(parts) > 3 {
		v.Cancel = strings.Join(parts[:3], "/")
	}
	delete(draft.Fields, "confirmed") // what can be changed here is checked again
	for name, values := range draft.Fields {
		for _, value := range values {
			v.Fields = append(v.Fields, fieldView{name, fieldLabels[name], value})
		}
	}
	if !slices.ContainsFunc(v.Fields, fieldView.isTyped) { // nothing is lost: they decide by the page itself
		http.Redirect(w, r, v.Cancel, http.StatusSeeOther)
		return
	}
	slices.SortStableFunc(v.Fields, func(a, b fieldView) int { return strings.Compare(a.Name, b.Name) })
	s.render(w, http.StatusOK, "resume", "You signed in again", m, v)
}
