package sample

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// licence is a kind of licence, with its printed fee.
type licence struct{ ID, English, Welsh, Fee string }

func licences() []licence {
	return []licence{
		{"1-day", "1 day", "1 diwrnod", "£6.00"},
		{"8-day", "8 days", "8 diwrnod", "£13.50"},
		{"season", "Season", "Tymor", "£25.00"},
	}
}

// findLicence returns the kind of licence with this id.
func findLicence(id string) (found licence, ok bool) {
	for _, l := range licences() {
		if l.ID == id {
			return l, true
		}
	}
	return licence{}, false
}

// form is what the citizen typed, with its faults.
type form struct {
	Token, Name, Email, Born, Licence string
	Faults                            []fault
}

// fault says what is wrong with one field, in both languages.
type fault struct{ Field, English, Welsh string }

// Fault returns the fault of a field, or nil. The template shows nothing for nil.
func (f form) Fault(field string) *fault {
	for i := range f.Faults {
		if f.Faults[i].Field == field {
			return &f.Faults[i]
		}
	}
	return nil
}

func (s *Service) form(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, page{Name: "form", Form: form{Token: s.visitors.token(w, r), Licence: "1-day"}})
}

// apply handles the form in the usual way: check, store, redirect.
func (s *Service) apply(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(maxBody); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	if !s.visitors.accepts(r) {
		s.show(w, r, http.StatusForbidden, page{Name: "expired"})
		return
	}
	f := typed(r)
	if f.Faults = check(f, s.now()); len(f.Faults) > 0 {
		s.show(w, r, http.StatusUnprocessableEntity, page{Name: "form", Form: f})
		return
	}
	photo, err := uploaded(r, "photo")
	if err != nil {
		http.Error(w, "the file cannot be read", http.StatusBadRequest)
		return
	}
	if strings.EqualFold(f.Name, "Broken Line") { // so that a visitor can see a delivery without a known result
		panic(http.ErrAbortHandler)
	}
	stored := s.store(r, application{Name: f.Name, Email: f.Email, Born: f.Born, Licence: f.Licence, Photo: photo})
	setCookie(w, flash, "received")
	http.Redirect(w, r, "/licences/confirmation/"+stored.Number, http.StatusSeeOther)
}

func typed(r *http.Request) form {
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	return form{
		Token: r.PostFormValue("token"),
		Name:  field("name"), Email: field("email"), Born: field("born"), Licence: field("licence"),
	}
}

// check returns the faults of a form. It refuses a name of one word, so that a visitor can see a refusal after paying.
func check(f form, now time.Time) (faults []fault) {
	refuse := func(field, english, welsh string) { faults = append(faults, fault{field, english, welsh}) }
	if len(strings.Fields(f.Name)) < 2 {
		refuse("name", "Enter your first name and your last name", "Rhowch eich enw cyntaf a’ch enw olaf")
	}
	if !strings.Contains(f.Email, "@") {
		refuse("email", "Enter an email address", "Rhowch gyfeiriad e-bost")
	}
	if born, err := time.Parse("2/1/2006", f.Born); f.Born != "" && (err != nil || born.After(now)) {
		refuse("born", "Enter a date of birth such as 27/3/1968", "Rhowch ddyddiad geni fel 27/3/1968")
	}
	if _, ok := findLicence(f.Licence); !ok {
		refuse("licence", "Choose a licence", "Dewiswch drwydded")
	}
	return faults
}

// upload is what the service records about a file.
type upload struct {
	Name, SHA256 string
	Bytes        int
}

// uploaded reads the file in the form. Without a file it returns the zero upload.
func uploaded(r *http.Request, field string) (upload, error) {
	file, header, err := r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return upload{}, nil
	}
	if err != nil {
		return upload{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return upload{}, err
	}
	return upload{Name: header.Filename, SHA256: digest(content), Bytes: len(content)}, nil
}

func (s *Service) confirmation(w http.ResponseWriter, r *http.Request) {
	found, ok := s.applications.find(r.PathValue("number"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.show(w, r, http.StatusOK, page{Name: "confirmation", Application: found, Flash: takeFlash(w, r)})
}
