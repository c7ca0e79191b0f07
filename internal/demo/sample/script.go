package sample

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// applyByScript is the form for programs: JSON in, 201 with JSON out. It needs no session and no token.
func (s *Service) applyByScript(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		answer(w, http.StatusUnsupportedMediaType, map[string]string{"error": "send application/json"})
		return
	}
	var asked struct{ Name, Email, Licence string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "this is not JSON of the right shape"})
		return
	}
	if fault := wrongWith(asked.Name, asked.Licence); fault != "" {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"error": fault})
		return
	}
	stored := s.store(r, application{Name: asked.Name, Email: asked.Email, Licence: asked.Licence})
	w.Header().Set("Location", "/licences/confirmation/"+stored.Number)
	answer(w, http.StatusCreated, map[string]string{"number": stored.Number, "licence": stored.Licence})
}

// wrongWith says what is wrong with a program's application; it is empty if nothing is. The licence is optional.
func wrongWith(name, licence string) string {
	if strings.TrimSpace(name) == "" {
		return "name is missing"
	}
	if _, ok := findLicence(licence); !ok && licence != "" {
		return "there is no such licence"
	}
	return ""
}

func answer(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content)
}
