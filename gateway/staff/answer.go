package staff

import (
	"bytes"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"paygate/journey"
)

// readsHTML tells people with browsers from programs.
func readsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

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

func (d *door) problem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	if !readsHTML(r) {
		answerJSON(w, status, "application/problem+json", problemDetails{http.StatusText(status), status, detail})
		return
	}
	m, _ := d.who(r)
	d.render(w, status, "problem", problemTitle(status), m, detail)
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
	default:
		return "There is a problem"
	}
}

// fail says what an error means to staff.
func (d *door) fail(w http.ResponseWriter, r *http.Request, err error) {
	var misplaced *journey.TransitionError
	var atPay *journey.AtPayError
	switch {
	case errors.Is(err, journey.ErrNotFound):
		d.problem(w, r, http.StatusNotFound, "There is no such journey.")
	case errors.Is(err, journey.ErrDamaged):
		d.problem(w, r, http.StatusInternalServerError, "What is stored of this journey is damaged; it was set aside.")
	case errors.As(err, &misplaced):
		d.problem(w, r, http.StatusConflict, "A journey that is "+string(misplaced.State)+" does not allow this, or GOV.UK Pay has not confirmed its payment.")
	case errors.Is(err, journey.ErrRefunding), errors.Is(err, journey.ErrNotAllowed), errors.Is(err, journey.ErrErased), errors.Is(err, errRefundedMeanwhile):
		d.problem(w, r, http.StatusConflict, sentence(err.Error()))
	case errors.Is(err, journey.ErrRefundAmount):
		d.problem(w, r, http.StatusUnprocessableEntity, sentence(err.Error()))
	case errors.As(err, &atPay):
		d.problem(w, r, http.StatusBadGateway, sentence(err.Error()))
	default:
		d.Log.ErrorContext(r.Context(), "staff request failed", "path", r.URL.Path, "error", err)
		d.problem(w, r, http.StatusServiceUnavailable, "The store cannot be used just now. Nothing is known to have changed; look again before repeating it.")
	}
}

// sentence is an error's text as a person reads it.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// frame is what every page has around its own part.
type frame struct {
	Title, Service, Style string
	Test                  bool
	Member                string
	View                  any
}

// render writes a page. The templates are embedded, and a test renders each.
func (d *door) render(w http.ResponseWriter, status int, name, title string, m member, view any) {
	var out bytes.Buffer
	f := frame{Title: title, Service: d.ServiceName, Style: styleAddress, Test: d.TestMode, Member: m.Name, View: view}
	if err := d.template(name).Execute(&out, f); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// template is one page in its frame, with times as people in the United Kingdom read them.
func (d *door) template(name string) *template.Template {
	page := template.Must(templates[name].Clone())
	return page.Funcs(template.FuncMap{"time": d.clock, "day": d.day}).Lookup("frame")
}
