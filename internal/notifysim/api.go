package notifysim

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"paygate/gateway/notify"
)

// The errors of GOV.UK Notify, by class.
const (
	badRequest = "BadRequestError"
	validation = "ValidationError"
	auth       = "AuthError"
)

// reply is the answer to a call.
type reply struct {
	status int
	body   any
}

func refused(status int, class, message string) reply {
	return reply{status, map[string]any{
		"status_code": status, "errors": []map[string]string{{"error": class, "message": message}},
	}}
}

// answers makes a handler of a call, which needs a valid token.
func (s *Simulator) answers(call func(*http.Request) reply) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, faulty := s.trouble(r)
		if !faulty {
			answer = s.authorised(r, call)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.status)
		_ = json.NewEncoder(w).Encode(answer.body)
	})
}

func (s *Simulator) authorised(r *http.Request, call func(*http.Request) reply) reply {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return refused(http.StatusUnauthorized, auth, "Unauthorized: authentication token must be provided")
	}
	const leeway = 30 * time.Second
	issued, valid := verify(token)
	switch {
	case !valid:
		return refused(http.StatusForbidden, auth, "Invalid token: API key not found")
	case s.options.Now().Sub(issued).Abs() > leeway:
		return refused(http.StatusForbidden, auth, "Error: Your system clock must be accurate to within 30 seconds")
	}
	return call(r)
}

// verify reports whether a token was made with [Key], and when.
func verify(token string) (issued time.Time, valid bool) {
	service, secret := Key[len(Key)-73:len(Key)-37], Key[len(Key)-36:]
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return time.Time{}, false
	}
	text, err := signed.Verify([]byte(secret))
	var claims struct {
		Issuer   string `json:"iss"`
		IssuedAt int64  `json:"iat"`
	}
	valid = err == nil && json.Unmarshal(text, &claims) == nil && claims.Issuer == service
	return time.Unix(claims.IssuedAt, 0), valid
}

// send takes an e-mail.
func (s *Simulator) send(r *http.Request) reply {
	var asked notify.Email
	if json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&asked) != nil {
		return refused(http.StatusBadRequest, badRequest, "Invalid JSON supplied in POST data")
	}
	template, found := s.template(asked.Template)
	switch missing := template.missing(asked.Fields); {
	case notify.Address(asked.Address) == "":
		return refused(http.StatusBadRequest, validation, "email_address Not a valid email address")
	case !found:
		return refused(http.StatusBadRequest, badRequest, "Template not found")
	case missing != "":
		return refused(http.StatusBadRequest, badRequest, "Missing personalisation: "+missing)
	}
	e := s.take(asked, template)
	return reply{http.StatusCreated, map[string]any{
		"id": e.ID, "reference": e.Reference, "content": map[string]string{"subject": e.Subject, "body": e.Body},
		"template": map[string]any{"id": e.Template, "version": 1},
	}}
}

// list returns the e-mails, newest first, or those with a reference.
func (s *Simulator) list(r *http.Request) reply {
	found := []Email{}
	for _, e := range s.newestFirst() {
		if wanted := r.FormValue("reference"); wanted == "" || wanted == e.Reference {
			found = append(found, e)
		}
	}
	return reply{http.StatusOK, map[string]any{"notifications": found, "links": map[string]string{}}}
}

// show returns a template.
func (s *Simulator) show(r *http.Request) reply {
	t, found := s.template(notify.Template(r.PathValue("id")))
	if !found {
		return refused(http.StatusNotFound, "NoResultFound", "No result found")
	}
	return reply{http.StatusOK, map[string]any{
		"id": t.ID, "name": t.Setting, "type": "email", "version": 1, "subject": t.Subject, "body": t.Body,
	}}
}
