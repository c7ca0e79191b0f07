package notify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
)

// Error is a call that failed. It has GOV.UK Notify's class of error and not its text, which can contain the address.
type Error struct {
	Status int    // HTTP, 0 if there was no answer
	Class  string // such as BadRequestError; empty if Notify itself did not answer

	reason string
}

func (e *Error) Error() string {
	switch {
	case e.Class != "":
		return fmt.Sprintf("GOV.UK Notify: status %d, %s", e.Status, e.Class)
	case e.reason == "":
		return fmt.Sprintf("GOV.UK Notify: status %d", e.Status)
	}
	return "GOV.UK Notify: " + e.reason
}

// Permanent reports whether Notify refused the e-mail, or our key. A status without one of Notify's classes is from
// something on the way, such as a firewall, and says nothing.
func (e *Error) Permanent() bool {
	return e.Class != "" && (e.Status == http.StatusBadRequest || e.Status == http.StatusForbidden)
}

var classPattern = regexp.MustCompile(`^[A-Za-z]{1,40}$`)

// refusal reads an error of Notify.
func refusal(status int, body []byte) error {
	var answer struct {
		Errors []struct {
			Class string `json:"error"`
		} `json:"errors"`
	}
	refused := &Error{Status: status}
	if json.Unmarshal(body, &answer) == nil && len(answer.Errors) > 0 {
		refused.Class = classPattern.FindString(answer.Errors[0].Class)
	}
	return refused
}
