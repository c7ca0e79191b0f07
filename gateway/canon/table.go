package canon

import "strings"

// Decoder is one thing that some servers do to a path.
type Decoder struct {
	Name    string
	Servers string
	marks   string // decode changes only paths with one of these characters; empty: any path
	decode  func(string) string
}

// foreign, as marks, means any byte beyond ASCII.
const foreign = "\x80"

// decoders is the table that docs/explanation/threats.md shows.
var decoders = []Decoder{
	{"escapes decoded", "all; twice with a proxy that decodes, or a service that decodes again", "%", decodePercent},
	{"unreserved characters decoded", "Apache, before it resolves dot segments; Traefik", "%", decodeUnreserved},
	{"all escapes but slashes decoded", "Apache with AllowEncodedSlashes NoDecode", "%", decodeButSlashes},
	{"`%uXXXX` decoded", "IIS, ASP, Jetty", "%", decodePercentU},
	{"overlong UTF-8 decoded", "old IIS, Tomcat and Java", foreign, DecodeOverlong},
	{"bytes read as ISO 8859-1", "old Tomcat, PHP, Perl", foreign, decodeLatin1},
	{"`+` read as a space", "PHP, and services that get the path as a parameter", "+", DecodePlus},
	{"compatible letters folded", "IIS (best fit), services that normalise Unicode (NFKC)", foreign, foldCompatible},
	{"accents dropped", "MySQL (collations), WordPress, Drupal", foreign, dropAccents},
	{"backslashes turned", "IIS, ASP.NET, Java and Node on Windows", `\`, turnBackslashes},
	{"slashes merged", "nginx, Apache, Tomcat, Go", "", mergeSlashes},
	{"dot segments resolved", "all", ".", resolveDots},
	{"`../` dropped", "CodeIgniter, PHP", ".", dropDots},
	{"`;parameters` dropped", "Tomcat, Jetty, Spring", ";", cutParameters},
	{"NTFS streams dropped", "IIS, PHP and Java on Windows", ":", cutStreams},
	{"cookieless tickets dropped", "ASP.NET", ")", cutTickets},
	{"cookieless tickets dropped with their slash", "ASP.NET", ")", cutTicketsWithSlash},
	{"cut at NUL", "CGI, PHP and other programs that call C", "\x00", CutAtNUL},
	{"cut at `#`", "services that parse the decoded path as a URL", "#", cutAtHash},
	{"cut at `?`", "Apache (mod_rewrite), services that parse the decoded path as a URL", "?", cutAtQuestionMark},
	{"cut at a line end", "Spring, Python and Perl (regular expressions)", "\r\n", cutAtLineEnd},
	{"cut at `&`", "PHP behind a rewriting rule (`index.php?url=$1`)", "&", cutAtAmpersand},
	{"the last `&name=` taken", "PHP behind a rewriting rule (`index.php?url=$1`)", "&", takeParameter},
	{"invisible characters dropped", "IIS, WordPress, lenient parsers", "", DropIgnorable},
	{"all but ASCII dropped", "PHP (`iconv` with `//IGNORE`), WordPress", foreign, dropForeign},
	{"tags dropped", "PHP (`strip_tags`), WordPress", "<", DropTags},
	{"blanks and final dots of segments dropped", "IIS, PHP and Java on Windows; services that trim", "", trimSegments},
}

// Describe returns what decoders do and which servers do it, for the log.
func Describe(chain []Decoder) (names, servers string) {
	var all [2][]string
	for _, d := range chain {
		all[0], all[1] = append(all[0], d.Name), append(all[1], d.Servers)
	}
	return strings.Join(all[0], ", then "), strings.Join(all[1], ", then ")
}

func (d *Decoder) apply(path string, isASCII bool) string {
	switch {
	case d.marks == foreign && isASCII, d.marks != foreign && d.marks != "" && !strings.ContainsAny(path, d.marks):
		return path
	default:
		return d.decode(path)
	}
}
