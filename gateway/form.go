package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
)

// field is one named value of a form, in the order it was sent.
type field struct {
	name, value string
	file        bool   // an uploaded file; its content is not looked at
	scalar      string // what JSON has as a number, true or false: no value that chooses or fills in anything, but one that a service may read
}

// maxFieldBytes bounds one value of a multipart form that is looked at; longer ones are cut, and choose no price.
const maxFieldBytes = 64 << 10

// formFields reads the fields of an urlencoded or multipart form, or the top-level strings of a JSON object. Any other
// content has none. An error means that the content is not what it says it is.
func formFields(contentType string, body []byte) ([]field, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, nil // no readable type: no fields
	}
	switch {
	case kind == "application/x-www-form-urlencoded":
		return urlencodedFields(string(body))
	case kind == "multipart/form-data":
		return multipartFields(body, params["boundary"])
	case isJSON(kind):
		return jsonFields(body)
	default:
		return nil, nil
	}
}

// urlencodedFields keeps the order of the pairs, and repeated names.
func urlencodedFields(text string) ([]field, error) {
	var fields []field
	var faults []error
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		parsed, err := url.ParseQuery(pair)
		if err != nil {
			faults = append(faults, errors.New("a pair of the form cannot be read"))
			continue
		}
		for name, values := range parsed {
			fields = append(fields, field{name: name, value: values[0]})
		}
	}
	return fields, errors.Join(faults...)
}

func multipartFields(body []byte, boundary string) ([]field, error) {
	var fields []field
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return fields, errors.New("the multipart form cannot be read")
		}
		f := field{name: part.FormName(), file: part.FileName() != ""}
		if !f.file {
			value, err := io.ReadAll(io.LimitReader(part, maxFieldBytes))
			if err != nil {
				return fields, errors.New("the multipart form breaks off")
			}
			f.value = string(value)
		}
		fields = append(fields, f)
	}
}

// errNoObject: JSON without names.
var errNoObject = errors.New("the JSON is not an object")

// jsonFields walks the tokens, so that a name that comes twice is seen twice.
func jsonFields(body []byte) ([]field, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errNoObject
	}
	var fields []field
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return fields, errors.New("the JSON cannot be read")
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return fields, errors.New("the JSON cannot be read")
		}
		fields = append(fields, jsonValues(name.(string), value)...)
	}
	if _, err := decoder.Token(); err != nil {
		return fields, errors.New("the JSON breaks off")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fields, errors.New("something follows the JSON")
	}
	return fields, nil
}

// jsonValues is a field with one value of JSON, or with each of a list.
func jsonValues(name string, value any) []field {
	switch value := value.(type) {
	case string:
		return []field{{name: name, value: value}}
	case json.Number, bool:
		return []field{{name: name, scalar: fmt.Sprint(value)}}
	case []any:
		fields := []field{{name: name}}
		for _, element := range value {
			if _, isList := element.([]any); !isList {
				for _, f := range jsonValues(name, element) {
					fields = append(fields, field{name: name, scalar: f.value + f.scalar})
				}
			}
		}
		return fields
	default:
		return []field{{name: name}}
	}
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
