package pay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"paygate/journey"
)

// Error is a call that failed. It never contains the key, the address or anything from a body.
type Error struct {
	Call   string // create, get, capture, cancel, refund, search or events
	Status int    // HTTP, 0 if there was no answer
	Code   string // Pay's, such as P0102; often empty
	Field  string // the field that Pay complains about, if it says so

	kind   error // what it means to a journey; nil: the outcome is unknown
	reason string
}

func (e *Error) Error() string {
	words := []string{"GOV.UK Pay", e.Call + ":"}
	if e.Status != 0 {
		words = append(words, fmt.Sprintf("status %d", e.Status))
	}
	if e.Code != "" {
		words = append(words, e.Code)
	}
	if e.Field != "" {
		words = append(words, "about "+e.Field)
	}
	if e.reason != "" {
		words = append(words, e.reason)
	}
	return strings.Join(words, " ")
}

// Unwrap returns what the error means to a journey: one of the journey package's errors, or nil if the outcome is
// unknown.
func (e *Error) Unwrap() error { return e.kind }

func code(err error) string {
	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.Code
	}
	return ""
}

func nonsense(call, reason string) error { return &Error{Call: call, reason: reason} }

// unreachable describes a broken call without its address, which may contain a reference.
func unreachable(call string, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	var timeout net.Error
	reason := "the connection failed"
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		reason = "no answer in time"
	case errors.Is(err, context.Canceled):
		reason = "given up"
	}
	return &Error{Call: call, reason: reason}
}

var (
	codePattern  = regexp.MustCompile(`^P[0-9]{4}$`)
	fieldPattern = regexp.MustCompile(`^[a-z0-9_.]{1,60}$`)
)

// refusal reads an error of Pay. It leaves out the description, which is for developers and may quote what the citizen
// typed. A 401 or 503 has no code and no JSON (FACTS 1.2).
func refusal(call string, status int, body []byte) error {
	code, field := codeAndField(body)
	return &Error{Call: call, Status: status, Code: code, Field: field, kind: meaning(call, status, code)}
}

// codeAndField reads an error's code and field, as far as they look like Pay's.
func codeAndField(body []byte) (code, field string) {
	var answer struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	}
	_ = json.Unmarshal(body, &answer)
	return codePattern.FindString(answer.Code), fieldPattern.FindString(answer.Field)
}

// meaning returns what a status means to a journey, nil if the call may have succeeded (FACTS 2.2, 3.6, 6).
func meaning(call string, status int, code string) error {
	kind := refusalOf(call, status, code)
	if status == http.StatusRequestTimeout || status == http.StatusPreconditionFailed { // of a refund: its guard
		return errors.Join(kind, journey.ErrNotNow)
	}
	return kind
}

func refusalOf(call string, status int, code string) error {
	switch {
	case status == 429:
		return journey.ErrPayBusy
	case status == 401, status == 403, code == "P0199": // Pay sends P0199 with 500
		return journey.ErrPayAccount
	case code == "P0999":
		return journey.ErrPayMaintenance
	case status == 404 && call != "create" && call != "search":
		return journey.ErrPaymentNotFound
	case call == "capture" && status == 409,
		call == "cancel" && (status == 400 || status == 409),
		call == "refund" && (status == 412 || code == "P0603"):
		return journey.ErrNotAllowed
	case status >= 400 && status <= 499:
		return journey.ErrPayRefused
	default:
		return nil
	}
}
