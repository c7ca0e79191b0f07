// Package form reads the body of a request once, a little at a time, and returns all that Paygate needs to know about
// it: its fields, whether every service reads the same fields, whether one of them has a card number, and digests to
// recognise the same form.
package form

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// The media types of forms, apart from those of JSON.
const (
	urlencoded    = "application/x-www-form-urlencoded"
	multipartForm = "multipart/form-data"
)

// Form is what a body contains.
type Form struct {
	// Fields are the fields of a urlencoded or multipart form, in their order, or the values of a JSON object. The
	// value of a nested JSON object has the name that a form would give it: {"a":{"b":"1"}} is a[b].
	Fields []Field
	// Loose are further fields that only some services read.
	Loose []Field
	// Ambiguity says why services may read the form in different ways; nil if they all read the same.
	Ambiguity error
	// Cards are the names of the fields that hold a payment card number. A name is empty if the field is not known.
	Cards []string
	// Same is the digest of the fields and files, whatever the boundary between them; Fingerprint leaves form tokens
	// out. Both are empty if the form is ambiguous.
	Same, Fingerprint string
}

// Read reads a body to its end. It returns only errors of reading; what is wrong with the form is in
// [Form.Ambiguity]. Memory is bounded, except that a whole string of JSON is in memory.
func Read(header http.Header, body io.Reader) (Form, error) {
	text := bufio.NewReaderSize(body, bufferBytes)
	c := newCollector()
	start, err := text.Peek(sniffBytes)
	if len(start) == 0 && errors.Is(err, io.EOF) {
		return c.finish(), nil
	}
	kind, boundary, fault := plainType(header)
	c.doubt(fault)
	switch {
	case kind == urlencoded:
		err = readPairs(text, c)
	case kind == multipartForm && boundary != "":
		err = readParts(text, boundary, c)
	case isJSON(kind):
		err = readJSON(text, c)
	default:
		c.doubt(errNoForm)
		err = readUnknown(text, start, c)
	}
	return c.finish(), err
}

// Query returns the fields of a raw query.
func Query(raw string) []Field {
	c := newCollector()
	_ = readPairs(strings.NewReader(raw), c) // memory does not fail
	return c.form.Fields
}

// IsJSON reports whether a content type is JSON.
func IsJSON(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return isJSON(kind)
}

func isJSON(kind string) bool { return kind == "application/json" || strings.HasSuffix(kind, "+json") }

const (
	bufferBytes = 32 << 10
	sniffBytes  = 512 // as many as http.DetectContentType looks at
)

// eachChunk passes a text to take, a chunk at a time.
func eachChunk(text io.Reader, take func([]byte)) error {
	buffer := make([]byte, bufferBytes)
	for {
		n, err := text.Read(buffer)
		take(buffer[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
