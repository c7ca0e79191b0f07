package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readJSON reads the values of a JSON object. It reads token by token, so that it sees a name twice if it is there
// twice.
func readJSON(text io.Reader, c *collector) error {
	raw := newRawText(c)
	source := io.TeeReader(text, raw)
	fault := newJSONWalker(c, source).document()
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
	lists   map[string]*jsonList // by the names of their elements
}

// jsonList is one list, or several with one name. Only the first elements are kept, because a map has thousands of
// coordinates, and one more that may be anything.
type jsonList struct {
	label    string
	elements int
}

func newJSONWalker(c *collector, text io.Reader) jsonWalker {
	decoder := json.NewDecoder(text)
	decoder.UseNumber()
	return jsonWalker{c, decoder, map[string]*jsonList{}}
}

var errJSON = errors.New("the JSON cannot be read")

func (w jsonWalker) document() error {
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

// object reads an object to its end. It puts the object's name before the names of its values.
func (w jsonWalker) object(prefix string) error {
	for w.decoder.More() {
		key, err := w.decoder.Token()
		if err != nil {
			return errJSON
		}
		name := key.(string)
		// Brackets mean nesting in a form, and JavaScript copies __proto__ into the object.
		if name == "" || strings.ContainsAny(name, "[]") || name == "__proto__" {
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
	name += "[]"
	for w.decoder.More() {
		if err := w.next(name); err != nil {
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

// next reads the next value and gives it this name.
func (w jsonWalker) next(name string) error {
	token, err := w.decoder.Token()
	if err != nil {
		return errJSON
	}
	w.values++
	isDeep := len(name) > maxNameBytes || strings.Count(name, "[") > maxJSONDepth
	if w.full || w.values > maxJSONValues || isDeep {
		return errTooMany
	}
	w.beginNext(name)
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

// beginNext begins the field for a value, which is kept unless it is one more element of a long list.
func (w jsonWalker) beginNext(name string) {
	if !strings.HasSuffix(name, "[]") {
		w.begin(name)
		return
	}
	list := w.lists[name]
	if list == nil {
		list = &jsonList{label: fmt.Sprintf("[%d]", len(w.lists))}
		w.lists[name] = list
	}
	if list.elements++; list.elements > maxElements+1 {
		w.beginSpare(list.label, name)
		return
	}
	w.begin(name)
	w.field.Cut = list.elements > maxElements
}

// alsoJSON adds what a service finds in a part that it reads as JSON (Spring's @RequestPart).
func (c *collector) alsoJSON(name string, text []byte) {
	within := newCollector()
	within.values = c.values
	w := newJSONWalker(within, bytes.NewReader(text))
	if err := errors.Join(w.next(name), w.nothingMore(), within.form.Ambiguity); err != nil {
		c.doubt(errJSON)
	}
	c.values = within.values
	c.loose(within.form.Fields...)
}
