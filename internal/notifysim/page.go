package notifysim

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

//go:embed inbox.html
var inboxHTML string

var inboxTemplate = template.Must(template.New("inbox").Parse(inboxHTML))

// inbox shows the e-mails, as a page or, for programs, as JSON.
func (s *Simulator) inbox(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	emails := s.newestFirst()
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(emails)
		return
	}
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	var page bytes.Buffer
	err := inboxTemplate.Execute(&page, map[string]any{
		"Emails": emails, "Fault": fault, "Faults": Faults(), "Templates": Templates(), "Key": Key,
	})
	if err != nil {
		http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = page.WriteTo(w)
}
