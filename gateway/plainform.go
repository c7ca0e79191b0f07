package gateway

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A body is plain when everybody who reads it reads the same. Browsers send nothing else. What is not plain may say, to the
// service, something else than it says to us, so nothing is concluded from it.

var (
	errManyTypes  = errors.New("the request has not exactly one content type")
	errEncoded    = errors.New("the request says that its body is encoded in some way")
	errType       = errors.New("the content type has something that is read in more than one way")
	errNoForm     = errors.New("the content is of a type that is no form")
	errNotPlain   = errors.New("the form is written in a way that is read in more than one way")
	errOtherChars = errors.New("the form is in another character set")
	errTooMany    = errors.New("the form has too many fields to judge")
)

// unplain says why a body may be read in more than one way. errNoForm for content of a type that only the service knows.
func unplain(header http.Header, body []byte, form []field) error {
	if len(body) == 0 {
		return nil
	}
	switch {
	case len(form) > mostParameters:
		return errTooMany
	case namesOtherCharset(form):
		return errOtherChars
	case len(header["Content-Type"]) != 1:
		return errManyTypes // none at all is a form to Rack and to CGI scripts
	case header.Get("Content-Encoding") != "", header.Get("X-Up-Devcap-Post-Charset") != "": // ASP.NET goes by the latter
		return errEncoded
	}
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return errType
	}
	for name, value := range parameters {
		if name == "charset" && !isLatin(value) || name == "boundary" && !plainBoundary.MatchString(value) || name != "charset" && name != "boundary" {
			return errType
		}
	}
	switch {
	case kind == "application/x-www-form-urlencoded":
		return unplainPairs(body)
	case kind == "multipart/form-data":
		return unplainParts(body, parameters["boundary"])
	case isJSON(kind):
		return nil // whoever reads it has a parser
	default:
		return errNoForm
	}
}

func isJSON(kind string) bool { return kind == "application/json" || strings.HasSuffix(kind, "+json") }

var (
	// plainBoundary is what browsers and the usual libraries make up. A comma ends a boundary in PHP.
	plainBoundary = regexp.MustCompile(`^[A-Za-z0-9=._-]{1,70}$`)
	// latin are character sets in which ASCII is ASCII. UTF-7, UTF-16 and EBCDIC are not among them.
	latin = regexp.MustCompile(`(?i)^(?:utf-?8|us-ascii|ascii|iso-?8859-[0-9]{1,2}|latin-?1|windows-125[0-9]|cp125[0-9])$`)
)

func isLatin(charset string) bool { return latin.MatchString(charset) }

// byteOrderMarks say that a text is in another character set, to those who heed them.
var byteOrderMarks = [][]byte{{0xEF, 0xBB, 0xBF}, {0xFE, 0xFF}, {0xFF, 0xFE}, {'+', '/', 'v'}, {0x0E, 0xFE, 0xFF}, {0xDD, 0x73, 0x66, 0x73}, {0x84, 0x31, 0x95, 0x33}}

func hasOtherChars(text []byte) bool {
	return bytes.IndexByte(text, 0) >= 0 || slices.ContainsFunc(byteOrderMarks, func(mark []byte) bool { return bytes.HasPrefix(text, mark) })
}

// unplainPairs judges an urlencoded form. What cannot be decoded in it is found by whoever decodes it.
func unplainPairs(body []byte) error {
	start := bytes.TrimSpace(body)
	switch {
	case hasOtherChars(body):
		return errOtherChars
	case len(start) > 0 && bytes.IndexByte([]byte("{[<"), start[0]) >= 0, bytes.HasPrefix(start, []byte("--")):
		return errNotPlain // JSON, XML or a multipart form, whatever the type says
	case hasLongName(body):
		return errNotPlain
	default:
		return nil
	}
}

// maxName is how long a field's name may be: a longer one is there to be cut.
const maxName = 1 << 10

func hasLongName(pairs []byte) bool {
	for pair := range bytes.SplitSeq(pairs, []byte("&")) {
		if name, _, _ := bytes.Cut(pair, []byte("=")); len(name) > maxName {
			return true
		}
	}
	return false
}

// namesOtherCharset tells whether a form names, in the field that there is for it, another character set.
func namesOtherCharset(form []field) bool {
	return slices.ContainsFunc(form, func(f field) bool {
		return mayName(f.name, "_charset_") && f.value != "" && !isLatin(f.value)
	})
}

// unplainParts holds a multipart form to the letter of RFC 7578, as browsers write it: nothing before, between and behind
// its parts, and no delimiter anywhere else. PHP takes one behind a bare line feed, and goes on behind the last.
func unplainParts(body []byte, boundary string) error {
	if boundary == "" {
		return errNotPlain
	}
	pieces := bytes.Split(body, []byte("--"+boundary))
	last := len(pieces) - 1
	if last < 1 || len(pieces[0]) > 0 || string(pieces[last]) != "--" && string(pieces[last]) != "--\r\n" {
		return errNotPlain
	}
	for _, piece := range pieces[1:last] {
		piece, begins := bytes.CutPrefix(piece, []byte("\r\n"))
		piece, ends := bytes.CutSuffix(piece, []byte("\r\n"))
		header, content, found := bytes.Cut(piece, []byte("\r\n\r\n"))
		if !begins || !ends || !found {
			return errNotPlain
		}
		if err := unplainPart(strings.Split(string(header), "\r\n"), content); err != nil {
			return err
		}
	}
	return nil
}

var (
	disposition = regexp.MustCompile(`(?i)^content-disposition: form-data; name="([^"\\\x00-\x1F]*)"(; filename="([^"\x00-\x1F]*)")?$`)
	partType    = regexp.MustCompile(`(?i)^content-type: ([a-z0-9.+/-]+)(?:; ?charset="?([a-z0-9-]+)"?)?$`)
	harmless    = regexp.MustCompile(`(?i)^content-(?:length: [0-9]+|transfer-encoding: (?:binary|8bit|7bit))$`)
)

// unplainPart judges one part of a multipart form.
func unplainPart(header []string, content []byte) error {
	var named, typed []string
	for _, line := range header {
		switch {
		case disposition.MatchString(line) && named == nil:
			named = disposition.FindStringSubmatch(line)
		case partType.MatchString(line) && typed == nil:
			typed = partType.FindStringSubmatch(line)
		case !harmless.MatchString(line):
			return errNotPlain // some undo base64; and the second of two lines may be the one that counts
		}
	}
	if named == nil || len(named[1]) > maxName || strings.Contains(strings.ToLower(named[1]+named[3]), "name=") {
		return errNotPlain
	}
	kind, charset := "text/plain", ""
	if typed != nil {
		kind, charset = strings.ToLower(typed[1]), typed[2]
	}
	switch isFile := named[2] != ""; {
	case isFile && !strings.HasPrefix(kind, "multipart/"):
		return nil
	case isFile, kind != "text/plain":
		return errNotPlain
	case charset != "" && !isLatin(charset), hasOtherChars(content):
		return errOtherChars
	default:
		return nil
	}
}
