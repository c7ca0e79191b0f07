package staff

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// fault is something wrong with a field of a form or an order.
type fault struct{ Field, Says string }

// saysOf returns what is wrong with a field, or nothing.
func saysOf(faults []fault, field string) string {
	for _, f := range faults {
		if f.Field == field {
			return f.Says
		}
	}
	return ""
}

// led returns the faults with the id of the element to which the error summary leads, instead of the field.
func led(faults []fault, idOf func(field string) string) (problems []fault) {
	for _, f := range faults {
		problems = append(problems, fault{idOf(f.Field), f.Says})
	}
	return problems
}

// inputView is an input of a form.
type inputView struct{ ID, Name, Type, Label, Hint, Value, Wrong string }

// titleOf returns the title of a page with a form.
func titleOf(title string, faults []fault) string {
	if len(faults) > 0 {
		return "Error: " + title
	}
	return title
}

// readOrder reads what a person orders, from JSON or a form. An empty body is an order without any value. If the body
// cannot be read, wrong says why; fields names what the JSON has.
func readOrder[T any](
	r *http.Request, fields string, ofForm func(url.Values) (T, string),
) (order T, wrong string) {
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind {
	case "application/json":
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&order); err != nil && !errors.Is(err, io.EOF) {
			return order, "The body is not the expected JSON: " + fields + "."
		}
		return order, ""
	case "", "application/x-www-form-urlencoded", "multipart/form-data":
		_ = r.PostFormValue("") // reads the form; one that cannot be read has no values
		return ofForm(r.PostForm)
	default:
		return order, "The body must be JSON or a form."
	}
}
