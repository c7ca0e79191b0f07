package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
)

// field is one named value of a form, in the order it was sent.
type field struct {
	name, value string
	file        bool // an uploaded file; its content is not looked at
}

// What of a form is looked at. A longer value is cut, and chooses no price; a form with more is as good as unreadable. The
// whole of it is never in memory a second time.
const (
	maxFieldBytes = 64 << 10
	maxFormBytes  = 1 << 20
	maxFields     = 10_000 // services take a tenth of that
)

var errTooManyFields = errors.New("the form has more fields than are looked at")

// fieldList collects fields up to the limits.
type fieldList struct {
	fields []field
	bytes  int
}

func (l *fieldList) add(f field) error {
	l.bytes += len(f.name) + len(f.value)
	if len(l.fields) == maxFields || l.bytes > maxFormBytes {
		return errTooManyFields
	}
	l.fields = append(l.fields, f)
	return nil
}

// formFields reads the fields of an urlencoded or multipart form, or the top-level strings of a JSON object. Any other
// content has none. An error means that the content is not what it says it is, or too much.
func formFields(contentType string, body []byte) ([]field, error) {
	kind, params, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == urlencoded:
		return urlencodedFields(body)
	case kind == multipartForm:
		return multipartFields(body, params["boundary"])
	case isJSON(kind):
		return jsonFields(body)
	default:
		return nil, nil
	}
}

// The media types of forms, beside those of JSON.
const (
	urlencoded    = "application/x-www-form-urlencoded"
	multipartForm = "multipart/form-data"
)

func isJSON(kind string) bool { return kind == "application/json" || strings.HasSuffix(kind, "+json") }

// isForm tells whether a content type is one that fields are read from.
func isForm(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == urlencoded || kind == multipartForm || isJSON(kind)
}

// urlencodedFields keeps the order of the pairs, and repeated names.
func urlencodedFields(text []byte) ([]field, error) {
	var list fieldList
	var fault error
	for pair := range bytes.SplitSeq(text, []byte("&")) {
		if len(pair) == 0 {
			continue
		}
		parsed, err := url.ParseQuery(string(cutPair(pair)))
		if err != nil {
			fault = errors.New("a pair of the form cannot be read")
			continue
		}
		for name, values := range parsed {
			if err := list.add(field{name: name, value: values[0]}); err != nil {
				return list.fields, err
			}
		}
	}
	return list.fields, fault
}

// cutPair cuts a long pair, but not in the middle of an escape.
func cutPair(pair []byte) []byte {
	if len(pair) <= maxFieldBytes {
		return pair
	}
	cut := pair[:maxFieldBytes]
	if escape := bytes.LastIndexByte(cut[maxFieldBytes-2:], '%'); escape >= 0 {
		cut = cut[:maxFieldBytes-2+escape]
	}
	return cut
}

func multipartFields(body []byte, boundary string) ([]field, error) {
	var list fieldList
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return list.fields, nil
		}
		if err != nil {
			return list.fields, errors.New("the multipart form cannot be read")
		}
		f := field{name: part.FormName(), file: part.FileName() != ""}
		if !f.file {
			value, err := io.ReadAll(io.LimitReader(part, maxFieldBytes))
			if err != nil {
				return list.fields, errors.New("the multipart form breaks off")
			}
			f.value = string(value)
		}
		if err := list.add(f); err != nil {
			return list.fields, err
		}
	}
}

// jsonFields walks the tokens, so that a name that comes twice is seen twice.
func jsonFields(body []byte) ([]field, error) {
	var list fieldList
	decoder := json.NewDecoder(bytes.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("the JSON is not an object")
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return list.fields, errors.New("the JSON cannot be read")
		}
		var value json.RawMessage // nested values are not looked at, and may be large
		if err := decoder.Decode(&value); err != nil {
			return list.fields, errors.New("the JSON cannot be read")
		}
		if err := list.add(field{name: name.(string), value: stringOf(value)}); err != nil {
			return list.fields, err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return list.fields, errors.New("the JSON breaks off")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return list.fields, errors.New("something follows the JSON")
	}
	return list.fields, nil
}

// stringOf is the text of a JSON string, cut where it is long, and empty for any other value.
func stringOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return strings.Clone(text[:min(len(text), maxFieldBytes)])
}

// firstValue is the value of the first field with exactly this name, or empty.
func firstValue(fields []field, name string) string {
	for _, f := range fields {
		if f.name == name && !f.file {
			return f.value
		}
	}
	return ""
}

// readAs tells whether some service might read a field of this name as the wanted one: PHP turns dots and spaces into
// underscores and cuts brackets off, others ignore case.
func readAs(name, wanted string) bool { return foldField(name) == foldField(wanted) }

func foldField(name string) string {
	name, _, _ = strings.Cut(strings.TrimSpace(name), "[")
	fold := func(r rune) rune {
		if r == '.' || r == ' ' || r == '-' || r == '\x00' {
			return '_'
		}
		return r
	}
	return strings.ToLower(strings.Map(fold, name))
}
