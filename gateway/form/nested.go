package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readJSON reads the values of a JSON object. It walks the tokens, so that a name that comes twice is seen twice.
func readJSON(text io.Reader, c *collector) error {
	raw := newRawText(c)
	source := io.TeeReader(text, raw)
	w := jsonWalker{c, json.NewDecoder(source)}
	fault := w.document()
	_, err := io.Copy(io.Discard, source)
	if fault != nil {
		c.doubt(fault)
		raw.end()
	}
	return err
}

type jsonWalker struct {
	*collector
	decoder *json.Decoder
}

var errJSON = errors.New("the JSON cannot be read")

func (w jsonWalker) document() error {
	w.decoder.UseNumber()
	switch start, err := w.decoder.Token(); {
	case err != nil:
		return errJSON
	case start != json.Delim('{'):
		return ErrNoObject
	}
	if err := w.object(""); err != nil {
		return err
	}
	return w.nothingMore()
}

func (w jsonWalker) nothingMore() error {
	if _, err := w.decoder.Token(); !errors.Is(err, io.EOF) {
		return errJSON
	}
	return nil
}

// object reads an object to its end. Its values have names within the name of the object.
func (w jsonWalker) object(prefix string) error {
	for w.decoder.More() {
		key, err := w.decoder.Token()
		if err != nil {
			return errJSON
		}
		name := key.(string)
		if strings.ContainsAny(name, "[]") || name == "__proto__" { // nested in a form; copied into the object by JavaScript
			w.doubt(errNotPlain)
		}
		if prefix != "" {
			name = prefix + "[" + name + "]"
		}
		if err := w.next(name); err != nil {
			return err
		}
	}
	return w.close()
}

func (w jsonWalker) list(name string) error {
	for w.decoder.More() {
		if err := w.next(name + "[]"); err != nil {
			return err
		}
	}
	return w.close()
}

func (w jsonWalker) close() error {
	if _, err := w.decoder.Token(); err != nil {
		return errJSON
	}
	return nil
}

// next reads the next value, which has this name.
func (w jsonWalker) next(name string) error {
	token, err := w.decoder.Token()
	if err != nil {
		return errJSON
	}
	if len(name) > maxNameBytes {
		w.doubt(errNotPlain)
		name = name[:maxNameBytes]
	}
	w.begin(name)
	w.field.Nested = strings.Contains(name, "[")
	switch value := token.(type) {
	case json.Delim:
		w.field.Group = true
		w.end()
		if value == '{' {
			return w.object(name)
		}
		return w.list(name)
	case string:
		w.write([]byte(value))
		w.end()
	case nil:
		w.end()
	default:
		w.write(fmt.Append(nil, value))
		w.endScalar()
	}
	return nil
}

// alsoJSON adds what a service finds in a part that it reads as JSON (Spring's @RequestPart).
func (c *collector) alsoJSON(name string, text []byte) {
	within := newCollector()
	w := jsonWalker{within, json.NewDecoder(bytes.NewReader(text))}
	w.decoder.UseNumber()
	if err := errors.Join(w.next(name), w.nothingMore(), within.form.Ambiguity); err != nil {
		c.doubt(errJSON)
	}
	c.loose(within.form.Fields...)
}
