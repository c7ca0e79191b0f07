// Package cards finds payment card numbers that somebody typed into a form, where they must not be kept (PCI DSS; SAQ A
// allows no electronic storage of account data). It reads a little at a time, and remembers nothing.
package cards

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// InBody tells whether somebody typed a payment card number into a form: into a field, or what a service may read as one, by
// its name or its value. Files are not looked at. body gives the form from its beginning, each time anew.
func InBody(contentType string, body func() io.Reader) bool {
	kind, params, _ := mime.ParseMediaType(contentType)
	switch kind {
	case "application/x-www-form-urlencoded":
		return inText(body(), percentDecoded)
	case "multipart/form-data":
		if found, err := inParts(body(), params["boundary"]); found || err == nil {
			return found
		}
	}
	return inUntyped(body)
}

// InQuery tells whether there is one among the fields of a raw query.
func InQuery(query string) bool {
	return inText(strings.NewReader(query), percentDecoded)
}

// inUntyped looks at a body of which only its bytes can tell what it is, since the type may be missing or lie.
func inUntyped(body func() io.Reader) bool {
	start, _ := bufio.NewReader(body()).Peek(512) // so much does DetectContentType look at
	if boundary, looksSo := boundaryOf(start); looksSo {
		if found, err := inParts(body(), boundary); found || err == nil {
			return found
		}
	}
	if !strings.HasPrefix(http.DetectContentType(start), "text/") {
		return false // a file
	}
	return inText(body(), asWritten) || inText(body(), percentDecoded)
}

// boundaryOf reads the boundary of a multipart form off its first line.
func boundaryOf(start []byte) (string, bool) {
	line, rest, _ := bytes.Cut(start, []byte("\n"))
	boundary, looksSo := bytes.CutPrefix(bytes.TrimRight(line, "\r \t"), []byte("--"))
	const field = "content-disposition:"
	return string(boundary), looksSo && len(rest) >= len(field) && strings.EqualFold(string(rest[:len(field)]), field)
}

// inParts looks at the parts of a multipart form that are no files. An error means that it cannot be read to its
// end.
func inParts(body io.Reader, boundary string) (bool, error) {
	reader := multipart.NewReader(body, boundary)
	for {
		part, err := reader.NextRawPart()
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		case part.FileName() != "":
			continue
		case inText(strings.NewReader(part.FormName()), asWritten), inText(part, asWritten):
			return true, nil
		}
	}
}

// inText looks at a text. One that breaks off counts as far as it goes.
func inText(text io.Reader, as spelling) bool {
	runes, digits := newRunes(text, as), scanner{}
	for {
		if digits.idle() {
			runes.skip()
		}
		r, more := runes.next()
		if !more {
			return digits.end()
		}
		if digits.take(r) {
			return true
		}
	}
}

// issuer is a range of first digits with the lengths its numbers have (ISO/IEC 7812, as the schemes publish them).
type issuer struct {
	from, to string
	lengths  []int
}

var issuers = []issuer{
	{"4", "4", []int{16, 19}}, {"400", "439", []int{13}}, {"441", "499", []int{13}}, // Visa; +44 07700 900123 has 13 digits, too
	{"51", "55", []int{16}},                          // Mastercard
	{"2221", "2720", []int{15, 16}},                  // Mastercard; 15 digits has one of GOV.UK Pay's own test cards (FACTS 10)
	{"34", "34", []int{15}}, {"37", "37", []int{15}}, // American Express
	{"6011", "6011", []int{16, 17, 18, 19}}, {"644", "659", []int{16, 17, 18, 19}}, // Discover
	{"62", "62", []int{16, 17, 18, 19}},                                                                      // UnionPay
	{"3528", "3589", []int{16, 17, 18, 19}},                                                                  // JCB
	{"300", "305", []int{14}}, {"3095", "3095", []int{14}}, {"36", "36", []int{14}}, {"38", "39", []int{14}}, // Diners Club
	{"5018", "5018", []int{13, 16, 18, 19}}, {"5020", "5020", []int{13, 16, 18, 19}}, {"5038", "5038", []int{13, 16, 18, 19}}, // Maestro
	{"6304", "6304", []int{16, 18, 19}}, {"6759", "6759", []int{16, 18, 19}}, {"6761", "6763", []int{16, 18, 19}}, // Maestro
}

// The numbers of digits that a card number has.
const (
	fewestDigits = 13
	mostDigits   = 19
)

func isCardNumber(digits []byte) bool {
	if len(digits) < fewestDigits || len(digits) > mostDigits || !luhn(digits) || bytes.Count(digits, digits[:1]) == len(digits) {
		return false
	}
	return slices.ContainsFunc(issuers, func(i issuer) bool { return i.mayHaveIssued(digits) })
}

// mayHaveIssued tells whether a number is in the range, and of one of its lengths.
func (i issuer) mayHaveIssued(digits []byte) bool {
	start := string(digits[:len(i.from)])
	return start >= i.from && start <= i.to && slices.Contains(i.lengths, len(digits))
}

// luhn checks the check digit.
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
