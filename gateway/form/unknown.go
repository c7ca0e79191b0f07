package form

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"paygate/gateway/cards"
)

// rawText looks for card numbers in a text of unknown type, both as it is written and percent-decoded.
type rawText struct {
	*collector
	written, decoded cards.Finder
}

func newRawText(c *collector) *rawText {
	return &rawText{collector: c, decoded: cards.PercentDecoded()}
}

// Write takes more of the text.
func (t *rawText) Write(text []byte) (int, error) {
	t.written.Write(text)
	t.decoded.Write(text)
	return len(text), nil
}

func (t *rawText) end() {
	if t.written.End() || t.decoded.End() {
		t.foundCard("")
	}
}

// readUnknown reads a body whose type is not that of a form. The type may be missing or wrong, and some services read
// a form from it anyway.
func readUnknown(text io.Reader, start []byte, c *collector) error {
	if boundary, found := boundaryOf(start); found {
		return readParts(text, boundary, c)
	}
	if !strings.HasPrefix(http.DetectContentType(start), "text/") { // a file
		_, err := io.Copy(io.Discard, text)
		return err
	}
	raw := newRawText(c)
	_, err := io.Copy(raw, text)
	raw.end()
	return err
}

// boundaryOf reads the boundary of a multipart form from its first line.
func boundaryOf(start []byte) (string, bool) {
	line, rest, _ := bytes.Cut(start, []byte("\n"))
	boundary, found := bytes.CutPrefix(bytes.TrimRight(line, "\r \t"), []byte("--"))
	const field = "content-disposition:"
	hasField := len(rest) >= len(field) && strings.EqualFold(string(rest[:len(field)]), field)
	return string(boundary), found && len(boundary) > 0 && hasField
}
