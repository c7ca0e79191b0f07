package gateway

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mostReadings bounds the work on one path. Ordinary paths have one reading, odd ones a few dozen; what has more is
// refused.
const mostReadings = 3000

// readings are the paths that some server or framework may take a raw path for. They are compared without regard to
// letters' case. complete is false when there are too many to look at: then the path must be refused.
//
// Services read paths in many ways, alone and in combination: escapes decoded once or more, dot segments resolved before
// or after, double slashes merged or not, parameters cut or kept. So each way is one small function, and the set is
// closed under all of them.
func readings(raw string) (set []string, complete bool) {
	if isPlain(raw) {
		return []string{raw, strings.TrimSuffix(raw, "/"), raw + "/"}, true
	}
	known := map[string]bool{raw: true}
	set = []string{raw}
	for i := 0; i < len(set); i++ {
		for _, way := range ways {
			next := way(set[i])
			if next != "" && !known[next] {
				known[next] = true
				set = append(set, next)
			}
		}
		if len(set) > mostReadings {
			return nil, false
		}
	}
	return set, true
}

var plainPattern = regexp.MustCompile(`^(/[A-Za-z0-9_-]+([.~][A-Za-z0-9_-]+)*)*/?$`)

// isPlain tells whether everybody reads a path alike, but for letters' case and a final slash.
func isPlain(path string) bool { return plainPattern.MatchString(path) && !strings.Contains(path, "~") }

// ways are how a path may be read. Each gives one other reading, or the same when it does not apply.
var ways = []func(string) string{
	decodeEscapes, decodeUnicodeEscapes, decodeOverlong, foldCharacters,
	backslashes, dropParameters, cutBehind, trimSegments, dropStreams, dropTickets, dropControls,
	resolveDots, mergeSlashes, dropFinalSlash, addFinalSlash,
}

// decodeEscapes decodes %XX once; what is no escape stays.
func decodeEscapes(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if value, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(value))
				i += 2
				continue
			}
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

var unicodeEscape = regexp.MustCompile(`(?i)%u([0-9a-f]{4})`)

// decodeUnicodeEscapes decodes %uXXXX, as IIS does.
func decodeUnicodeEscapes(path string) string {
	return unicodeEscape.ReplaceAllStringFunc(path, func(escape string) string {
		value, _ := strconv.ParseUint(escape[2:], 16, 32)
		return string(rune(value))
	})
}

// decodeOverlong reads UTF-8 in more bytes than it needs, as careless decoders do: C0 AF for a slash.
func decodeOverlong(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool { return r == unicode.ReplacementChar }) {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case (c == 0xC0 || c == 0xC1) && i+1 < len(path):
			b.WriteByte((c&0x01)<<6 | path[i+1]&0x3F)
			i++
		case c == 0xE0 && i+2 < len(path) && path[i+1] < 0xA0:
			b.WriteByte((path[i+1]&0x01)<<6 | path[i+2]&0x3F)
			i += 2
		case c == 0xF0 && i+3 < len(path) && path[i+1] < 0x90:
			b.WriteByte((path[i+2]&0x01)<<6 | path[i+3]&0x3F)
			i += 3
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// foldCharacters makes one of characters that only look different: full-width forms, ligatures, the Kelvin sign, the
// long s. Bytes that are no UTF-8 stay.
func foldCharacters(path string) string {
	folded := norm.NFKC.String(path)
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'ı' || r == 'İ':
			return 'i'
		case r < unicode.MaxASCII:
			return r
		}
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			if f < unicode.MaxASCII {
				return unicode.ToLower(f)
			}
		}
		return r
	}, folded)
}

func backslashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// dropParameters cuts ;params off each segment, as servlet containers do.
func dropParameters(path string) string {
	return eachSegment(path, func(s string) string { return before(s, ";") })
}

// cutBehind cuts where a decoded NUL, number sign or question mark ends the path for some.
func cutBehind(path string) string {
	if at := strings.IndexAny(path, "\x00#?"); at >= 0 {
		return path[:at]
	}
	return path
}

// trimSegments drops what file systems drop at the end of a name.
func trimSegments(path string) string {
	return eachSegment(path, func(s string) string {
		if s == "." || s == ".." {
			return s
		}
		trimmed := strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
		if trimmed == "." || trimmed == ".." {
			return trimmed
		}
		return strings.TrimRightFunc(trimmed, func(r rune) bool { return r == '.' || unicode.IsSpace(r) || unicode.IsControl(r) })
	})
}

// dropStreams drops :$DATA and other stream names of NTFS.
func dropStreams(path string) string {
	return eachSegment(path, func(s string) string { return before(s, ":") })
}

var ticketPattern = regexp.MustCompile(`(?i)/(\([a-z]\([^()/]*\)\))+`)

// dropTickets drops ASP.NET's /(S(…)) segments.
func dropTickets(path string) string { return ticketPattern.ReplaceAllString(path, "") }

// dropControls drops characters that some readers overlook.
func dropControls(path string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\r' || r == '\n' || r == 0 || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, path)
}

// resolveDots walks . and .. segments, never above the root (RFC 3986 section 5.2.4).
func resolveDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var out []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
		case "..":
			out = out[:max(0, len(out)-1)]
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

var slashes = regexp.MustCompile(`//+`)

func mergeSlashes(path string) string { return slashes.ReplaceAllString(path, "/") }

func dropFinalSlash(path string) string {
	if len(path) > 1 {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

func addFinalSlash(path string) string {
	if strings.HasSuffix(path, "/") {
		return path
	}
	return path + "/"
}

func eachSegment(path string, change func(string) string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = change(segments[i])
	}
	return strings.Join(segments, "/")
}

func before(text, separator string) string {
	text, _, _ = strings.Cut(text, separator)
	return text
}

// handlerSuffixes lead frameworks to the same code as the path without them.
var handlerSuffixes = []string{
	".json", ".xml", ".html", ".htm", ".xhtml", ".php", ".php3", ".php5", ".phtml", ".asp", ".aspx", ".ashx", ".asmx", ".svc",
	".do", ".action", ".jsp", ".jspx", ".jsf", ".faces", ".cgi", ".pl", ".py", ".rb", ".cfm", ".txt", ".pdf", ".csv",
}

// scripts stand in front of the path for front controllers.
var scripts = []string{"index.php", "index.html", "index.jsp", "index.pl", "index.cgi", "app.php", "app_dev.php", "default.aspx", "default.asp"}

// wideReadings are further ones that depend on how a service is configured: suffixes that name a handler, a path behind
// a script or behind the route itself, short names.
func wideReadings(set []string) []string {
	var wide []string
	for _, reading := range set {
		for part := range prefixesOf(reading) {
			wide = append(wide, part)
			lower := strings.ToLower(part)
			for _, suffix := range handlerSuffixes {
				if strings.HasSuffix(lower, suffix) {
					wide = append(wide, part[:len(part)-len(suffix)])
				}
			}
		}
		lower := strings.ToLower(reading)
		for _, script := range scripts {
			if at := strings.Index(lower, "/"+script+"/"); at >= 0 {
				wide = append(wide, reading[:at]+reading[at+len(script)+1:], reading[at+len(script)+1:])
			}
			if strings.HasSuffix(lower, "/"+script) {
				wide = append(wide, reading[:len(reading)-len(script)], reading[:len(reading)-len(script)-1])
			}
		}
	}
	return wide
}

// prefixesOf yields a path and each of its parents: behind the route itself, the rest is PATH_INFO.
func prefixesOf(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for path != "" && path != "/" {
			if !yield(path) {
				return
			}
			path = path[:max(0, strings.LastIndexByte(path, '/'))]
		}
	}
}

// shortName tells whether a segment may be the 8.3 short name of a longer one: LICENC~1.
func shortName(segment, literal string) bool {
	stem, _, found := strings.Cut(strings.ToLower(segment), "~")
	return found && len(stem) > 0 && strings.HasPrefix(strings.ToLower(literal), stem[:min(len(stem), 2)])
}

// matchShort tells whether a reading with short names in it may be the pattern's.
func (p Pattern) matchShort(path string) bool {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if !strings.Contains(path, "~") || len(segments) != len(p.segments) {
		return false
	}
	for i, s := range p.segments {
		if s.name == "" && !strings.EqualFold(segments[i], s.literal) && !shortName(segments[i], s.literal) {
			return false
		}
	}
	return true
}
