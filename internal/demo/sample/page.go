package sample

import (
	"embed"
	"html/template"
	"net/http"
)

//go:embed *.html style.css
var files embed.FS

var pages = map[string]*template.Template{
	"home":         parse("home.html"),
	"form":         parse("form.html"),
	"expired":      parse("expired.html"),
	"confirmation": parse("confirmation.html"),
	"received":     parse("received.html"),
	"told":         parse("told.html"),
}

func parse(name string) *template.Template {
	return template.Must(template.ParseFS(files, "layout.html", name))
}

// policy is the Content-Security-Policy of every page. Its form-action would stop a browser from following a redirect
// from the form to another origin.
const policy = "default-src 'self'; img-src 'self' data:; form-action 'self'"

// page holds what a template shows.
type page struct {
	Name        string // of the template
	Council     string
	Lang        string
	Path        string // of the page, for the link to the other language
	Form        form
	Application application
	Flash       string
	Received    []Received
	Told        []event
}

// Say returns a text in the page's language.
func (p page) Say(english, welsh string) string {
	if p.Lang == "cy" {
		return welsh
	}
	return english
}

// Licences lists the kinds of licence.
func (page) Licences() []licence { return licences() }

func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Lang = language(w, r)
	p.Path = r.URL.Path
	p.Council = p.Say("Rivermouth Council", "Cyngor Rivermouth")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", p.Lang)
	w.Header().Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	_ = pages[p.Name].Execute(w, p)
}

// language returns the language of the link, which a cookie remembers; else that of the form; else that of the cookie.
func language(w http.ResponseWriter, r *http.Request) string {
	if chosen := r.URL.Query().Get("lang"); spoken(chosen) {
		setCookie(w, "lang", chosen)
		return chosen
	}
	if sent := r.PostForm.Get("lang"); spoken(sent) {
		return sent
	}
	if cookie, err := r.Cookie("lang"); err == nil && spoken(cookie.Value) {
		return cookie.Value
	}
	return "en"
}

func spoken(language string) bool { return language == "en" || language == "cy" }

func style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "style.css")
}
