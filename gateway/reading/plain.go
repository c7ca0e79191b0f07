package reading

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A body is plain when everybody who reads it reads the same. Browsers send nothing else. What is not plain may say, to the
// service, something else than it says to us, so nothing is concluded from it.

// ErrTooMany says that there are more than [MostParameters].
var ErrTooMany = errors.New("the form has too many fields to judge")

var (
	errManyTypes  = errors.New("the request has not exactly one content type")
	errEncoded    = errors.New("the request says that its body is encoded in some way")
	errType       = errors.New("the content type has something that is read in more than one way")
	errNoForm     = errors.New("the content is of a type that is no form")
	errNotPlain   = errors.New("the form is written in a way that is read in more than one way")
	errOtherChars = errors.New("the form is in another character set")
)

// HasForm tells whether a request's content is of a type that some service takes parameters from, or may be taken for one.
func HasForm(header http.Header) bool {
	if _, _, err := plainType(header); !errors.Is(err, errNoForm) {
		return true
	}
	kind := strings.ToLower(strings.TrimSpace(header.Get("Content-Type")))
	return strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, urlencoded) // CGI.pm and ASP.NET look no further
}

// Unplain says why a body may be read in more than one way, or that it could not be read; nil where all read the same. form is
// what [Form] read of it.
func Unplain(header http.Header, body io.Reader, form []Field) error {
	kind, boundary, err := plainType(header)
	switch {
	case err != nil:
		return err
	case len(form) > MostParameters:
		return ErrTooMany
	case namesOtherCharset(form):
		return errOtherChars
	case kind == urlencoded:
		return unplainPairs(body)
	case kind == multipartForm:
		return unplainParts(body, boundary)
	default:
		return nil // JSON: whoever reads it has a parser
	}
}

// plainType reads the type of a form, and the boundary of its parts, where everybody who reads them reads the same.
func plainType(header http.Header) (kind, boundary string, err error) {
	switch {
	case len(header["Content-Type"]) != 1:
		return "", "", errManyTypes // none at all is a form to Rack and to CGI scripts
	case header.Get("Content-Encoding") != "", header.Get("X-Up-Devcap-Post-Charset") != "": // ASP.NET goes by the latter
		return "", "", errEncoded
	}
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return "", "", errType
	}
	for name, value := range parameters {
		if !isPlainParameter(name, value) {
			return "", "", errType
		}
	}
	if kind != urlencoded && kind != multipartForm && !IsJSON(kind) {
		return "", "", errNoForm
	}
	return kind, parameters["boundary"], nil
}

func isPlainParameter(name, value string) bool {
	switch name {
	case "charset":
		return isLatin(value)
	case "boundary":
		return plainBoundary.MatchString(value)
	default:
		return false
	}
}

var (
	// plainBoundary is what browsers and the usual libraries make up. A comma ends a boundary in PHP.
	plainBoundary = regexp.MustCompile(`^[A-Za-z0-9=._-]{1,70}$`)
	// latin are character sets in which ASCII is ASCII. UTF-7, UTF-16 and EBCDIC are not among them.
	latin = regexp.MustCompile(`(?i)^(?:utf-?8|us-ascii|ascii|iso-?8859-[0-9]{1,2}|latin-?1|windows-125[0-9]|cp125[0-9])$`)
)

func isLatin(charset string) bool { return latin.MatchString(charset) }

// byteOrderMarks say that a text is in another character set, to those who heed them.
var byteOrderMarks = [][]byte{{0xEF, 0xBB, 0xBF}, {0xFE, 0xFF}, {0xFF, 0xFE}, {'+', '/', 'v'}, {0x0E, 0xFE, 0xFF}, {0xDD, 0x73, 0x66, 0x73}, {0x84, 0x31, 0x95, 0x33}}

func hasMark(text []byte) bool {
	return slices.ContainsFunc(byteOrderMarks, func(mark []byte) bool { return bytes.HasPrefix(text, mark) })
}

// maxNameBytes is how long a field's name may be: a longer one is there to be cut.
const maxNameBytes = 1 << 10

// unplainPairs judges an urlencoded form. What cannot be decoded in it is found by whoever decodes it.
func unplainPairs(body io.Reader) error {
	first := true
	return eachPiece(body, []byte("&"), func(p piece, _ bool) error {
		start := bytes.TrimSpace(p.head)
		name, _, _ := bytes.Cut(p.head, []byte("="))
		switch {
		case p.nul, first && hasMark(p.head):
			return errOtherChars
		case first && (len(start) > 0 && bytes.IndexByte([]byte("{[<"), start[0]) >= 0 || bytes.HasPrefix(start, []byte("--"))):
			return errNotPlain // JSON, XML or a multipart form, whatever the type says
		case len(name) > maxNameBytes:
			return errNotPlain
		}
		first = false
		return nil
	})
}

// namesOtherCharset tells whether a form names, in the field that there is for it, another character set.
func namesOtherCharset(form []Field) bool {
	return slices.ContainsFunc(form, func(f Field) bool {
		return MayName(f.Name, "_charset_") && f.Value != "" && !isLatin(f.Value)
	})
}

// unplainParts holds a multipart form to the letter of RFC 7578, as browsers write it: nothing before, between and behind
// its parts, and no delimiter anywhere else. PHP takes one behind a bare line feed, and goes on behind the last.
func unplainParts(body io.Reader, boundary string) error {
	if boundary == "" {
		return errNotPlain
	}
	before := true
	return eachPiece(body, []byte("--"+boundary), func(p piece, last bool) error {
		switch {
		case before && !last:
			before = false
			return notPlainUnless(p.size == 0)
		case last:
			return notPlainUnless(!before && (string(p.head) == "--" || string(p.head) == "--\r\n"))
		}
		head, begins := bytes.CutPrefix(p.head, []byte("\r\n"))
		header, content, found := bytes.Cut(head, []byte("\r\n\r\n"))
		if !begins || !found || p.size < int64(len("\r\n\r\n\r\n")+len(header)+len("\r\n")) || string(p.tail) != "\r\n" {
			return errNotPlain
		}
		return unplainPart(strings.Split(string(header), "\r\n"), content, p.nul)
	})
}

func notPlainUnless(plain bool) error {
	if !plain {
		return errNotPlain
	}
	return nil
}

var (
	disposition = regexp.MustCompile(`(?i)^content-disposition: form-data; name="([^"\\\x00-\x1F]*)"(; filename="([^"\x00-\x1F]*)")?$`)
	partType    = regexp.MustCompile(`(?i)^content-type: ([a-z0-9.+/-]+)(?:; ?charset="?([a-z0-9-]+)"?)?$`)
	harmless    = regexp.MustCompile(`(?i)^content-(?:length: [0-9]+|transfer-encoding: (?:binary|8bit|7bit))$`)
)

// unplainPart judges one part of a multipart form.
func unplainPart(header []string, content []byte, hasNul bool) error {
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
	if named == nil || len(named[1]) > maxNameBytes || strings.Contains(strings.ToLower(named[1]+named[3]), "name=") {
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
	case charset != "" && !isLatin(charset), hasNul, hasMark(content):
		return errOtherChars
	default:
		return nil
	}
}
