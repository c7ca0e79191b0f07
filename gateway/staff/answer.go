package staff

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"paygate/gateway/modes"
	"paygate/gateway/signin"
	"paygate/journey"
)

// wantsHTML reports whether a browser asks, and not a program.
func wantsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

func answerJSON(w http.ResponseWriter, status int, contentType string, value any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
}

// problemDetails is RFC 9457.
type problemDetails struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (s *server) problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	if !wantsHTML(r) {
		answerJSON(w, status, "application/problem+json", problemDetails{http.StatusText(status), status, detail})
		return
	}
	m, _ := r.Context().Value(memberKey{}).(member)
	s.render(w, status, "problem", problemTitle(status), m, detail)
}

func problemTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return "Not found"
	case http.StatusConflict:
		return "This cannot be done now"
	case http.StatusUnprocessableEntity:
		return "Something is missing or wrong"
	case http.StatusBadGateway:
		return "GOV.UK Pay did not do it"
	case http.StatusForbidden, http.StatusUnauthorized:
		return "Not allowed"
	case http.StatusTooManyRequests:
		return "Wait a minute"
	default:
		return "There is a problem"
	}
}

// foreseen returns the answer to an error that an order may end with: the status, and why in the words of staff.
func foreseen(err error) (status int, detail string, ok bool) {
	var misplaced *journey.TransitionError
	var atPay *journey.AtPayError
	switch {
	case err == nil:
		return http.StatusOK, "", false
	case errors.Is(err, journey.ErrNotFound):
		return http.StatusNotFound, "There is no such journey.", true
	case errors.As(err, &misplaced):
		return http.StatusConflict, "This cannot be done: the journey is now “" + stateWord(misplaced.State) + "” (" +
			string(misplaced.State) + "), or GOV.UK Pay has not confirmed the payment.", true
	case errors.Is(err, journey.ErrRefunding), errors.Is(err, journey.ErrNotAllowed),
		errors.Is(err, journey.ErrMeanwhile),
		errors.Is(err, journey.ErrNoApproval), errors.Is(err, journey.ErrOtherApproval),
		errors.Is(err, journey.ErrSamePerson), errors.Is(err, journey.ErrApproval),
		errors.Is(err, journey.ErrErased), errors.Is(err, journey.ErrRefundedSince):
		return http.StatusConflict, sentence(err.Error()), true
	case errors.Is(err, journey.ErrSecondPerson):
		return http.StatusAccepted, sentence(err.Error()), true
	case errors.Is(err, journey.ErrRefundAmount):
		return http.StatusUnprocessableEntity, sentence(err.Error()), true
	case errors.As(err, &atPay):
		return http.StatusBadGateway, sentence(err.Error()), true
	default:
		return http.StatusServiceUnavailable, "", false
	}
}

func isUnforeseen(err error) bool {
	_, _, ok := foreseen(err)
	return err != nil && !ok
}

// fail answers with an error in the words of staff.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, detail, ok := foreseen(err)
	switch {
	case ok:
		s.problem(w, r, status, detail)
	case errors.Is(err, journey.ErrDamaged):
		s.problem(w, r, http.StatusInternalServerError, "The stored journey is damaged, and has been set aside.")
	default:
		s.Log.ErrorContext(r.Context(), "staff request failed", "path", r.URL.Path, "error", err)
		s.problem(w, r, status, "The store cannot be used at the moment. "+
			"As far as is known, nothing has changed. Look again before you repeat this.")
	}
}

// sentence makes a sentence of an error's text.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// frame is the data of every page around its own part.
type frame struct {
	Title, Service, Style string
	Test                  bool
	Member                string
	Sections              []section
	Unpaid                []modes.State // live routes whose requests pass without payment
	MayRefund, MayAdmin   bool          // the member has the role
	View                  any
}

// render writes a page. The templates are embedded, and a test renders each.
func (s *server) render(w http.ResponseWriter, status int, name, title string, m member, view any) {
	var out bytes.Buffer
	f := frame{
		Title: title, Service: s.ServiceName, Style: styleAddress, Test: s.TestMode, Member: m.Name, View: view,
		MayRefund: m.Role >= signin.Refund, MayAdmin: m.Role >= signin.Admin,
	}
	if m.Role > signin.NoRole {
		f.Unpaid = s.unpaidRoutes(context.Background())
		f.Sections = sectionsAt(sectionOf(name, view), m)
	}
	if err := s.template(name).Execute(&out, f); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// template returns a page in its frame, with UK times.
func (s *server) template(name string) *template.Template {
	page := template.Must(templates[name].Clone())
	return page.Funcs(template.FuncMap{"time": s.calendar.clock, "day": s.calendar.day}).Lookup("frame")
}
