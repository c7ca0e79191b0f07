package form

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"paygate/gateway/cards"
)

// Limits on what is kept of a form. Longer texts are cut. The number of fields is limited because it takes time to
// compare them; most frameworks accept a tenth of it by default (PHP, Django, Express, ASP.NET: 1,000), and some accept
// as many (Tomcat).
const (
	maxFields     = 10_000
	maxFieldBytes = 64 << 10
	maxFormBytes  = 1 << 20
	maxNameBytes  = 1 << 10   // a longer name is hostile
	maxNamesBytes = 256 << 10 // of all names
	maxElements   = 100
	maxCards      = 100
	maxJSONValues = 100_000 // whether they are kept or not
	maxJSONDepth  = 100     // PHP accepts 512, Rack 100, ASP.NET 64
)

// collector collects the fields of a form as they are read: begin, any number of writes and end for each field.
type collector struct {
	form   Form
	count  int
	bytes  int  // of names and values
	names  int  // bytes of names
	values int  // of JSON
	full   bool // nothing more is kept

	field  Field
	value  []byte
	length uint64
	spare  bool      // the field is not kept
	digest hash.Hash // the one of the two that the field goes into
	card   cards.Finder

	plain, tokens hash.Hash // of all fields except form tokens, and of form tokens
}

func newCollector() *collector { return &collector{plain: sha256.New(), tokens: sha256.New()} }

// doubt notes why the form is ambiguous. It keeps the first reason.
func (c *collector) doubt(why error) {
	if c.form.Ambiguity == nil {
		c.form.Ambiguity = why
	}
}

// begin begins a field. If its name is too long, begin cuts it, and the form is ambiguous.
func (c *collector) begin(name string) {
	if len(name) > maxNameBytes {
		c.doubt(errNotPlain)
		name = name[:maxNameBytes]
	}
	c.field, c.value, c.length, c.spare = Field{Name: name}, c.value[:0], 0, false
	if c.digest = c.plain; isFormToken(name) {
		c.digest = c.tokens
	}
	c.markLength(uint64(len(name)))
	_, _ = io.WriteString(c.digest, name)
	c.card.Reset()
	c.card.Write([]byte(name))
	c.card.Write(betweenTexts)
}

// betweenTexts keeps the digits of a name and of its value apart.
var betweenTexts = []byte("\n")

// markLength separates the texts in the digest.
func (c *collector) markLength(n uint64) {
	var text [8]byte
	c.digest.Write(binary.BigEndian.AppendUint64(text[:0], n))
}

// beginSpare begins a field that is not kept. The digest has a label instead of its name.
func (c *collector) beginSpare(label, name string) {
	c.begin(label)
	c.field.Name, c.spare = name, true
}

// beginFile begins a field whose content is not read further.
func (c *collector) beginFile(name string) {
	c.begin(name)
	c.field.File = true
}

// write adds some of the decoded value.
func (c *collector) write(text []byte) {
	c.digest.Write(text)
	c.length += uint64(len(text))
	if c.field.File {
		return
	}
	c.card.Write(text)
	start := text[:min(len(text), maxFieldBytes-len(c.value))]
	c.value = append(c.value, start...)
	c.field.Cut = c.field.Cut || len(start) < len(text)
}

func (c *collector) end() {
	c.field.Value = string(c.value)
	c.endValue()
}

// endScalar ends a value that JSON has as a number, true or false.
func (c *collector) endScalar() {
	c.field.Scalar = string(c.value)
	c.endValue()
}

func (c *collector) endValue() {
	c.markLength(c.length)
	if c.card.End() {
		c.foundCard(c.field.Name)
	}
	if c.bytes += len(c.field.Name) + len(c.field.Value) + len(c.field.Scalar); c.bytes > maxFormBytes {
		c.field.Value, c.field.Scalar, c.field.Cut = "", "", !c.field.File
	}
	if strings.EqualFold(c.field.Name, "_charset_") && c.field.Value != "" && !isLatin(c.field.Value) {
		c.doubt(errOtherChars)
	}
	if !c.spare && c.counts(c.field.Name) {
		c.form.Fields = append(c.form.Fields, c.field)
	}
}

// counts counts a field with this name, and reports whether to keep it.
func (c *collector) counts(name string) bool {
	c.count++
	c.names += len(name)
	if c.count > maxFields || c.names > maxNamesBytes {
		c.fill()
	}
	return !c.full
}

// fill says that the form has too much of something. The rest is only searched for card numbers.
func (c *collector) fill() {
	c.full = true
	c.doubt(errTooMany)
}

// loose adds fields that only some services read.
func (c *collector) loose(fields ...Field) {
	for _, f := range fields {
		if c.counts(f.Name) {
			c.form.Loose = append(c.form.Loose, f)
		}
	}
}

func (c *collector) foundCard(name string) {
	if len(c.form.Cards) < maxCards {
		c.form.Cards = append(c.form.Cards, name)
		return
	}
	c.form.Cards[maxCards-1] = ""
}

// finish returns the form. An ambiguous form has no digests, because its content is not fully known.
func (c *collector) finish() Form {
	if c.form.Ambiguity != nil {
		return c.form
	}
	fingerprint := c.plain.Sum(nil)
	same := sha256.Sum256(c.tokens.Sum(fingerprint))
	c.form.Same = hex.EncodeToString(same[:digestBytes])
	c.form.Fingerprint = hex.EncodeToString(fingerprint[:digestBytes])
	return c.form
}

const digestBytes = 16
