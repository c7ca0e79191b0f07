package form

import (
	"errors"
	"mime"
	"net/http"
	"regexp"
	"strings"
)

// Reasons why services may read a form in different ways. An ambiguous form may mean something else to the service
// than to Paygate.
var (
	errManyTypes  = errors.New("the request does not have exactly one content type")
	errEncoded    = errors.New("the request says that its body is encoded")
	errType       = errors.New("servers read the content type in different ways")
	errNoForm     = errors.New("the content type is not that of a form")
	errNotPlain   = errors.New("servers read the form in different ways")
	errOtherChars = errors.New("the form is in another character set")
	errTooMany    = errors.New("the form has too many fields")

	// ErrNoObject means that the values of the JSON have no names.
	ErrNoObject = errors.New("the JSON is not an object")
)

// HasForm reports whether some service may read parameters from content of this type.
func HasForm(header http.Header) bool {
	if _, _, err := plainType(header); !errors.Is(err, errNoForm) {
		return true
	}
	return likeForm.MatchString(header.Get("Content-Type"))
}

// likeForm matches what some service takes for the type of a form: CGI.pm and ASP.NET only look at the beginning,
// formidable finds the word anywhere, Werkzeug 2 reads application/x-url-encoded, Rails text/x-json and ASP.NET
// text/json.
var likeForm = regexp.MustCompile(`(?i)multipart|url-?encoded|json`)

// plainType returns the type of a form and the boundary of its parts, and an error if services may read them
// differently.
func plainType(header http.Header) (kind, boundary string, fault error) {
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	boundary = parameters["boundary"]
	switch {
	case len(header["Content-Type"]) != 1:
		return kind, boundary, errManyTypes // none at all is a form to Rack and to CGI scripts
	case isEncoded(header), len(header["X-Up-Devcap-Post-Charset"]) > 0: // ASP.NET obeys the latter
		return kind, boundary, errEncoded
	case err != nil:
		return kind, boundary, errType
	}
	for name, value := range parameters {
		if !isPlainParameter(name, value) {
			return kind, boundary, errType
		}
	}
	if kind != urlencoded && kind != multipartForm && !isJSON(kind) {
		return kind, boundary, errNoForm
	}
	return kind, boundary, nil
}

// isEncoded reports whether any line of Content-Encoding says anything: some services join the lines.
func isEncoded(header http.Header) bool {
	coding := strings.Join(header["Content-Encoding"], "")
	return coding != "" && !strings.EqualFold(coding, "identity")
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
	// plainBoundary matches the boundaries of browsers and the usual libraries. A comma ends a boundary in PHP.
	plainBoundary = regexp.MustCompile(`^[A-Za-z0-9=._+-]{1,70}$`)
	// latin matches character sets that write ASCII as ASCII, which UTF-7, UTF-16 and EBCDIC do not.
	latin = regexp.MustCompile(`(?i)^(?:utf-?8|us-ascii|ascii|iso-?8859-[0-9]{1,2}|latin-?1|` +
		`windows-125[0-9]|cp125[0-9])$`)
)

func isLatin(charset string) bool { return latin.MatchString(charset) }
