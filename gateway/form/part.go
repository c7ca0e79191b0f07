package form

import (
	"regexp"
	"slices"
	"strings"
)

// part is the head of one part of a multipart form.
type part struct {
	name       string   // empty: it is not a field
	file       bool     // it has a file name
	json       bool     // its value is JSON, which some services read
	otherNames []string // what a careless reader takes for its name
	fault      error    // why services may read the part differently
}

var (
	headerLine  = regexp.MustCompile(`^([A-Za-z0-9-]+):[ \t]*([^\x00-\x08\x0A-\x1F]*?)[ \t]*$`)
	disposition = regexp.MustCompile(`^(?i:form-data)((?:[ \t]*;[ \t]*(?:` + parameter + `))*)$`)
	parameters  = regexp.MustCompile(`;[ \t]*(?:` + parameter + `)`)
	// anyName matches everything that is written like the name of a field, even within the name of a file.
	anyName = regexp.MustCompile(`(?i)(?:^|[^a-z])name[*0-9]*[ \t]*=[ \t]*\\?["']?([^;"'\\]*)`)

	partType = regexp.MustCompile(`^[A-Za-z0-9!#$&^_.+*-]+/[A-Za-z0-9!#$&^_.+*-]+` +
		`(?:[ \t]*;[ \t]*[A-Za-z0-9*_-]+=(?:"[^"\\]*"|[^";\s\\]+))*$`)
	partCharset = regexp.MustCompile(`(?i)charset[*0-9]*[ \t]*=[ \t]*["']?([^"';\s]*)`)
	plainCoding = regexp.MustCompile(`^(?i:binary|8bit|7bit)$`)
)

// parameter is one of a Content-Disposition. .NET quotes only what it must, and gives file names twice; old browsers
// write the path of a file with backslashes, and curl a quote with one before it.
const parameter = `(?i:(name))=(?:"([^"\\]*)"|([A-Za-z0-9!#$&+.^_|~-]+))` +
	`|(?i:(filename))=(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9!#$%&'*+.^_|~-]+))` +
	`|(?i:(filename\*))=(?:"[^"\\]*"|[A-Za-z0-9!#$%&'*+.^_|~-]+)`

// partOf reads the head of a part.
func partOf(header string) part {
	lines, fault := headerLines(header)
	p := part{fault: fault}
	p.readDisposition(lines["content-disposition"])
	p.readType(lines["content-type"])
	coding := lines["content-transfer-encoding"]
	if coding != "" && !p.file && !plainCoding.MatchString(coding) { // some services decode base64
		p.doubt(errNotPlain)
	}
	if lines["content-encoding"] != "" {
		p.doubt(errEncoded)
	}
	return p
}

func (p *part) doubt(why error) {
	if p.fault == nil {
		p.fault = why
	}
}

// headerLines returns the lines of a head by their names in lower case. If two have the same name, either may be the
// one that counts.
func headerLines(header string) (map[string]string, error) {
	lines := map[string]string{}
	var fault error
	for line := range strings.SplitSeq(header, lineEnd) {
		found := headerLine.FindStringSubmatch(line)
		if found == nil {
			fault = errNotPlain
			continue
		}
		name, value := strings.ToLower(found[1]), found[2]
		if _, twice := lines[name]; twice {
			fault = errNotPlain
			continue
		}
		// Rack finds a line within another.
		if name != "content-disposition" && strings.LastIndex(strings.ToLower(line), "content-") > 0 {
			fault = errNotPlain
		}
		lines[name] = value
	}
	return lines, fault
}

func (p *part) readDisposition(text string) {
	if !disposition.MatchString(text) {
		p.doubt(errNotPlain)
		p.name = p.anyName(text)
		return
	}
	var counts [3]int // of name, filename and filename*
	fileName, rest := "", text
	for _, found := range parameters.FindAllStringSubmatch(text, -1) {
		switch {
		case found[1] != "":
			counts[0]++
			p.name = found[2] + found[3]
			if counts[1] > 0 { // a careless reader finds the name within "filename"
				p.otherNames = append(p.otherNames, fileName)
			}
			rest = strings.Replace(rest, found[0], "", 1)
		case found[4] != "":
			counts[1]++
			fileName = found[5] + found[6]
		default:
			counts[2]++
		}
	}
	isOdd := slices.Max(counts[:]) > 1 || counts[2] > counts[1] // PHP does not know filename*
	if isOdd || !isPlainName(p.name) {
		p.doubt(errNotPlain)
	}
	p.file = fileName != ""
	for _, found := range anyName.FindAllStringSubmatch(rest, -1) {
		p.otherNames = append(p.otherNames, strings.TrimSpace(found[1]))
	}
}

// isPlainName reports whether every reader reads the same name: Rack may find another name within it, and ASP.NET
// decodes =?utf-8?….
func isPlainName(name string) bool {
	return name != "" && !strings.Contains(name, "=?") && !anyName.MatchString(name)
}

// anyName finds the first name, and notes the others.
func (p *part) anyName(text string) string {
	first := ""
	for _, found := range anyName.FindAllStringSubmatch(text, -1) {
		if first == "" {
			first = found[1]
			continue
		}
		p.otherNames = append(p.otherNames, found[1])
	}
	return first
}

func (p *part) readType(text string) {
	kind, _, _ := strings.Cut(strings.ToLower(text), ";")
	kind = strings.TrimSpace(kind)
	p.json = isJSON(kind) && !p.file
	switch {
	case text == "":
	case strings.Contains(strings.ToLower(text), "boundary"), strings.HasPrefix(kind, "multipart/") && !p.file:
		p.doubt(errNotPlain) // parts in a part
	case !p.file && !partType.MatchString(text):
		p.doubt(errNotPlain)
	case !p.file && namesOtherCharset(text):
		p.doubt(errOtherChars)
	}
}

func namesOtherCharset(contentType string) bool {
	for _, found := range partCharset.FindAllStringSubmatch(contentType, -1) {
		if !isLatin(found[1]) {
			return true
		}
	}
	return false
}
