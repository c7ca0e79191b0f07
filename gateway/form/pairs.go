package form

import (
	"bytes"
	"io"
	"slices"

	"paygate/gateway/canon"
)

// pairs reads an urlencoded form as it comes in.
type pairs struct {
	*collector
	name     []byte // raw, up to the equals sign
	raw      []byte // as much of the pair as is kept
	escape   []byte // what may be the beginning of a percent escape
	decoded  []byte
	length   int64 // of the pair
	inValue  bool
	parted   bool // some services read more than one pair in it, or split it elsewhere
	last     []byte
	notFirst bool
}

func readPairs(text io.Reader, c *collector) error {
	p, rest := &pairs{collector: c}, newRawText(c)
	err := eachChunk(text, func(chunk []byte) {
		for !p.full {
			before, after, found := bytes.Cut(chunk, []byte("&"))
			p.take(before)
			if !found {
				return
			}
			p.endPair()
			chunk = after
		}
		_, _ = rest.Write(chunk)
	})
	p.endPair()
	rest.end()
	return err
}

func (p *pairs) take(text []byte) {
	p.length += int64(len(text))
	p.raw = append(p.raw, text[:min(len(text), maxFieldBytes-len(p.raw))]...)
	p.parted = p.parted || bytes.IndexByte(text, ';') >= 0 || p.inValue && p.hasBracketEquals(text)
	if bytes.IndexByte(text, 0) >= 0 {
		p.doubt(errOtherChars)
	}
	if !p.inValue {
		name, value, found := bytes.Cut(text, []byte("="))
		p.name = append(p.name, name[:min(len(name), 3*maxNameBytes+1-len(p.name))]...)
		if !found {
			return
		}
		p.beginValue()
		p.parted = p.parted || p.hasBracketEquals(value)
		text = value
	}
	p.takeValue(text)
}

// hasBracketEquals reports whether the value has another closing bracket before an equals sign, where qs splits the
// pair.
func (p *pairs) hasBracketEquals(text []byte) bool {
	joint := append(p.last, text[:min(len(text), len("5D="))]...)
	p.last = append(p.last[:0], text[max(0, len(text)-len("5D")):]...)
	return slices.ContainsFunc([][]byte{[]byte("]="), []byte("5D="), []byte("5d=")}, func(sign []byte) bool {
		return bytes.Contains(text, sign) || bytes.Contains(joint, sign)
	})
}

func (p *pairs) beginValue() {
	p.inValue = true
	if hasBrokenEscape(p.name) {
		p.doubt(errNotPlain)
	}
	name, rest := percentDecode(nil, p.name)
	p.begin(string(append(name, rest...)))
}

func (p *pairs) takeValue(text []byte) {
	if len(p.escape) > 0 {
		text = append(p.escape, text...)
	}
	decoded, rest := percentDecode(p.decoded[:0], text)
	p.write(decoded)
	p.decoded, p.escape = decoded, append(p.escape[:0], rest...)
}

func (p *pairs) endPair() {
	if p.length > 0 {
		if !p.notFirst {
			p.doubt(faultOfStart(p.raw))
			p.notFirst = true
		}
		if !p.inValue {
			p.beginValue()
		}
		p.write(p.escape)
		p.end()
		p.part()
	}
	*p = pairs{
		collector: p.collector, notFirst: p.notFirst,
		name: p.name[:0], raw: p.raw[:0], escape: p.escape[:0], decoded: p.decoded[:0], last: p.last[:0],
	}
}

// part adds the fields read by services that also separate pairs by semicolons (old Rack, old Python, Perl), or split
// them elsewhere (qs).
func (p *pairs) part() {
	if !p.parted {
		return
	}
	p.loose(LooseQuery(string(p.raw))...)
	if p.length > int64(len(p.raw)) {
		p.doubt(errNotPlain)
	}
}

// faultOfStart returns an error if a body that claims to be a urlencoded form may be something else.
func faultOfStart(raw []byte) error {
	start := bytes.TrimSpace(raw)
	switch {
	case hasMark(raw):
		return errOtherChars
	case len(start) > 0 && bytes.IndexByte([]byte("{[<"), start[0]) >= 0, bytes.HasPrefix(start, []byte("--")):
		return errNotPlain // JSON, XML or a multipart form
	default:
		return nil
	}
}

// byteOrderMarks tell some readers that a text is in another character set.
var byteOrderMarks = [][]byte{
	{0xEF, 0xBB, 0xBF},
	{0xFE, 0xFF},
	{0xFF, 0xFE},
	{'+', '/', 'v'},
	{0x0E, 0xFE, 0xFF},
	{0xDD, 0x73, 0x66, 0x73},
	{0x84, 0x31, 0x95, 0x33},
}

func hasMark(text []byte) bool {
	return slices.ContainsFunc(byteOrderMarks, func(mark []byte) bool { return bytes.HasPrefix(text, mark) })
}

func hasBrokenEscape(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '%')
		if at < 0 {
			return false
		}
		if text = text[at+1:]; len(text) < 2 || !canon.IsHex(text[0]) || !canon.IsHex(text[1]) {
			return true
		}
	}
}

// percentDecode appends the decoded text, and returns what may be the beginning of an escape at its end. A broken
// escape stays as it is, as almost all services read it.
func percentDecode(to, text []byte) (decoded, rest []byte) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '+':
			to = append(to, ' ')
		case c != '%':
			to = append(to, c)
		case len(text)-i < len("%41") && !slices.ContainsFunc(text[i+1:], func(c byte) bool { return !canon.IsHex(c) }):
			return to, text[i:]
		case len(text)-i < len("%41") || !canon.IsHex(text[i+1]) || !canon.IsHex(text[i+2]):
			to = append(to, c)
		default:
			to = append(to, canon.Unhex(text[i+1])<<4|canon.Unhex(text[i+2]))
			i += 2
		}
	}
	return to, nil
}
