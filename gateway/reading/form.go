package reading

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
)

// The media types of forms, beside those of JSON.
const (
	urlencoded    = "application/x-www-form-urlencoded"
	multipartForm = "multipart/form-data"
)

// ErrNoObject says of JSON that its values have no names.
var ErrNoObject = errors.New("the JSON is not an object")

// Form reads the fields of an urlencoded or multipart form, or the top-level values of a JSON object. Any other
// content has none. An error means that the content is not what it says it is ([ErrNoObject] among others), or too much; the
// fields that were read before come with it. Little is in memory at a time, but for a large value of a JSON object.
func Form(contentType string, body io.Reader) ([]Field, error) {
	kind, params, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == urlencoded:
		return urlencodedFields(body)
	case kind == multipartForm:
		return multipartFields(body, params["boundary"])
	case IsJSON(contentType):
		return jsonFields(body)
	default:
		return nil, nil
	}
}

// IsJSON tells whether a media type is one of JSON.
func IsJSON(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}

// urlencodedFields keeps the order of the pairs, and repeated names.
func urlencodedFields(text io.Reader) ([]Field, error) {
	var list fieldList
	var fault error
	pairs := bufio.NewReader(text)
	for {
		pair, err := nextPair(pairs)
		if errors.Is(err, io.EOF) {
			return list.fields, fault
		}
		if err != nil {
			return list.fields, err
		}
		parsed, err := url.ParseQuery(pair)
		if err != nil {
			fault = errors.New("a pair of the form cannot be read")
			continue
		}
		for name, values := range parsed { // none where there is nothing between two ampersands
			if err := list.add(Field{Name: name, Value: values[0], Cut: len(pair) >= maxFieldBytes-len("%4")}); err != nil {
				return list.fields, err
			}
		}
	}
}

// nextPair reads to the next ampersand, or to the end; io.EOF when it is there already. A long pair is cut, but not in the
// middle of an escape.
func nextPair(text *bufio.Reader) (string, error) {
	var pair []byte
	length := 0
	for {
		piece, err := text.ReadSlice('&')
		length += len(piece)
		pair = append(pair, piece[:min(len(piece), maxFieldBytes-len(pair))]...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case length == 0, err != nil && !errors.Is(err, io.EOF):
			return "", err
		case length > maxFieldBytes:
			return string(wholeEscapes(pair)), nil
		default:
			return strings.TrimSuffix(string(pair), "&"), nil
		}
	}
}

// wholeEscapes cuts an escape off that was cut.
func wholeEscapes(pair []byte) []byte {
	end := len(pair) - len("%4")
	if escape := bytes.LastIndexByte(pair[end:], '%'); escape >= 0 {
		return pair[:end+escape]
	}
	return pair
}

func multipartFields(body io.Reader, boundary string) ([]Field, error) {
	var list fieldList
	reader := multipart.NewReader(body, boundary)
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return list.fields, nil
		}
		if err != nil {
			return list.fields, errors.New("the multipart form cannot be read")
		}
		f := Field{Name: part.FormName(), File: part.FileName() != ""}
		if !f.File {
			value, err := io.ReadAll(io.LimitReader(part, maxFieldBytes))
			if err != nil {
				return list.fields, errors.New("the multipart form breaks off")
			}
			f.Value, f.Cut = string(value), len(value) == maxFieldBytes
		}
		if err := list.add(f); err != nil {
			return list.fields, err
		}
	}
}

// jsonFields walks the tokens, so that a name that comes twice is seen twice.
func jsonFields(body io.Reader) ([]Field, error) {
	var list fieldList
	decoder := json.NewDecoder(body)
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, ErrNoObject
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
		for _, f := range jsonValues(name.(string), value) {
			if err := list.add(f); err != nil {
				return list.fields, err
			}
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

// jsonValues is a field with one value of JSON, or with each of a list. Long texts are cut.
func jsonValues(name string, raw json.RawMessage) []Field {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return []Field{jsonValue(name, raw)}
	}
	fields := []Field{{Name: name}}
	for _, element := range list {
		f := jsonValue(name, element)
		f.Value, f.Scalar = "", f.Value+f.Scalar
		fields = append(fields, f)
	}
	return fields
}

func jsonValue(name string, raw json.RawMessage) Field {
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil:
		return Field{Name: name, Value: strings.Clone(text[:min(len(text), maxFieldBytes)]), Cut: len(text) > maxFieldBytes}
	case len(raw) <= maxFieldBytes && (raw[0] == 't' || raw[0] == 'f' || raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9'):
		return Field{Name: name, Scalar: string(raw)}
	default:
		return Field{Name: name}
	}
}
