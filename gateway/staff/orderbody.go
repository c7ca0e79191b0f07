package staff

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

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
