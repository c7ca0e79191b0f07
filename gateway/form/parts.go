package form

import (
	"bytes"
	"io"

	"paygate/gateway/cards"
)

// partReader reads a multipart form as it comes in. It holds it to RFC 7578 as clients write it: a delimiter is at the
// beginning of a line and nowhere else, every service reads the head of a part alike, and the last delimiter ends the
// form. PHP accepts a delimiter after a bare line feed, and reads on after the last one.
type partReader struct {
	*collector
	stage stage
	head  []byte // of the current part
	heads int    // bytes of all heads
	tail  []byte // the last two bytes, which may belong to the next delimiter
	part  part
	card  cards.Finder // in text that is not in a field
	text  []byte       // before the first part, after the last, or of an ignored part
}

// stage is how far the reader is in the form.
type stage int

const (
	preamble stage = iota
	head           // of a part
	content        // of a part
	ignored        // a part whose head cannot be read, or that is not a field
	epilogue       // after the last delimiter
)

const (
	maxHeadBytes  = 8 << 10
	maxHeadsBytes = 512 << 10 // of all parts
	lineEnd       = "\r\n"
)

func readParts(text io.Reader, boundary string, c *collector) error {
	p := &partReader{collector: c}
	delimiter := []byte("--" + boundary)
	var buffer []byte
	err := eachChunk(text, func(chunk []byte) {
		buffer = append(buffer, chunk...)
		rest := buffer
		for {
			before, after, found := bytes.Cut(rest, delimiter)
			if !found {
				break
			}
			p.take(before)
			p.endPart()
			p.beginPart()
			rest = after
		}
		keep := min(len(rest), len(delimiter)-1) // may be the beginning of a delimiter
		p.take(rest[:len(rest)-keep])
		buffer = append(buffer[:0], rest[len(rest)-keep:]...)
	})
	p.take(buffer)
	p.finish()
	return err
}

func (p *partReader) take(text []byte) {
	switch p.stage {
	case head:
		p.takeHead(text)
	case content:
		p.takeContent(text)
	case epilogue:
		p.head = append(p.head, text[:min(len(text), len("--")+len(lineEnd)-len(p.head))]...)
		p.ignore(text)
	default:
		p.ignore(text)
	}
}

// ignore reads what is not a field, because for some service it may be one.
func (p *partReader) ignore(text []byte) {
	if bytes.IndexByte(text, 0) >= 0 {
		p.doubt(errOtherChars)
	}
	p.text = append(p.text, text[:min(len(text), maxHeadBytes-len(p.text))]...)
	p.card.Write(text)
}

func (p *partReader) beginPart() {
	p.stage, p.head, p.tail, p.text = head, p.head[:0], p.tail[:0], p.text[:0]
	p.card.Reset()
}

// takeHead reads what follows a delimiter: a line end and the head of a part, or the sign that the form ends.
func (p *partReader) takeHead(text []byte) {
	p.head = append(p.head, text...)
	if len(p.head) < len(lineEnd) {
		return
	}
	if string(p.head[:len("--")]) == "--" {
		text := p.head
		p.stage, p.head = epilogue, nil
		p.take(text)
		return
	}
	header, rest, found := bytes.Cut(p.head, []byte(lineEnd+lineEnd))
	lines, begins := bytes.CutPrefix(header, []byte(lineEnd))
	switch {
	case found && begins:
		p.beginContent(string(lines), rest)
	case found, len(p.head) > maxHeadBytes:
		p.skip()
	}
}

func (p *partReader) beginContent(header string, rest []byte) {
	if p.heads += len(header); p.heads > maxHeadsBytes {
		p.fill()
	}
	if p.full {
		p.skip()
		return
	}
	p.part = partOf(header)
	p.doubt(p.part.fault)
	if p.part.name == "" {
		p.skip()
		return
	}
	for _, name := range p.part.otherNames {
		p.loose(Field{Name: name, File: true})
	}
	p.stage = content
	if p.part.file {
		p.beginFile(p.part.name)
	} else {
		p.begin(p.part.name)
		p.field.Group = p.part.json
	}
	p.takeContent(rest)
}

// skip ignores a part that is not a field.
func (p *partReader) skip() {
	p.doubt(errNotPlain)
	p.stage = ignored
	p.ignore(p.head)
}

// takeContent holds the last two bytes back: they may belong to the delimiter.
func (p *partReader) takeContent(text []byte) {
	if !p.part.file && bytes.IndexByte(text, 0) >= 0 {
		p.doubt(errOtherChars)
	}
	if len(text) > len(lineEnd) {
		p.write(p.tail)
		p.write(text[:len(text)-len(lineEnd)])
		p.tail, text = p.tail[:0], text[len(text)-len(lineEnd):]
	}
	p.tail = append(p.tail, text...)
	more := max(0, len(p.tail)-len(lineEnd))
	p.write(p.tail[:more])
	p.tail = append(p.tail[:0], p.tail[more:]...)
}

// endPart ends a part at a delimiter.
func (p *partReader) endPart() {
	switch p.stage {
	case content:
		if string(p.tail) != lineEnd {
			p.doubt(errNotPlain)
			p.write(p.tail)
		}
		p.endContent()
		return
	case preamble:
		if len(p.text) > 0 && !bytes.HasSuffix(p.text, []byte(lineEnd)) {
			p.doubt(errNotPlain)
		}
	default:
		p.doubt(errNotPlain)
	}
	p.endIgnored()
}

// finish ends the form, after its last delimiter.
func (p *partReader) finish() {
	after := p.head[min(len(p.head), len("--")):]
	if p.stage != epilogue || len(after) > 0 && string(after) != lineEnd {
		p.doubt(errNotPlain)
	}
	if p.stage == content {
		p.write(p.tail)
		p.endContent()
		return
	}
	p.endIgnored()
}

func (p *partReader) endIgnored() {
	if p.stage == head {
		p.ignore(p.head)
	}
	if couldBePart(p.text) {
		p.doubt(errNotPlain)
	}
	if p.card.End() {
		p.foundCard("")
	}
}

// couldBePart reports whether some service may read the text outside the parts as a part: Django and Werkzeug need no
// delimiter before the first.
func couldBePart(text []byte) bool {
	return len(text) == maxHeadBytes || bytes.Contains(bytes.ToLower(text), []byte("disposition"))
}

func (p *partReader) endContent() {
	p.end()
	switch {
	case p.part.file:
	case hasWideMark(p.value):
		p.doubt(errOtherChars)
	case p.part.json && len(p.value) > 0:
		p.alsoJSON(p.part.name, p.value)
	}
}

// hasWideMark reports whether a value is UTF-16 to services that look at its first bytes. The mark of UTF-8 does not
// matter: people paste it.
func hasWideMark(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xFE, 0xFF}) || bytes.HasPrefix(text, []byte{0xFF, 0xFE})
}
