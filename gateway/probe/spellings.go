// Package probe asks a service directly which spellings of an address reach the same code. It is for staging: what it sends is
// unpaid, and runs that code.
//
// The story in order: spellings.go makes the requests to try, ask.go sends one byte for byte, learn.go
// finds out what the code's answers look like, and likeness.go tells by that whether it ran.
package probe

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Spelling is a request that some server takes for another one.
type Spelling struct {
	Class  string // what is odd about it
	Method string
	Target string // as it goes over the wire
	Form   string // fields to put in front of the form; mostly empty
}

// Address is an address of the service, written plainly.
type Address struct {
	Method string
	Path   string
	Query  string // conditions without which the path is other code; mostly empty
	Host   string // that citizens see
}

// Spellings are all those of an address: of its path, of its query, and of its method.
func Spellings(a Address) []Spelling {
	var all []Spelling
	seen := map[Spelling]bool{a.plain(): true}
	add := func(s Spelling) {
		key := s
		key.Class = ""
		if s.Target != "" && !seen[key] {
			seen[key] = true
			all = append(all, s)
		}
	}
	for _, p := range paths(a) {
		add(Spelling{Class: p.class, Method: a.Method, Target: a.target(p.text)})
	}
	for _, q := range a.queries() {
		add(q)
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", strings.ToLower(a.Method), "FOO"} {
		add(Spelling{Class: "method", Method: method, Target: a.target(a.Path)})
	}
	return all
}

// plain is the address as it is written plainly.
func (a Address) plain() Spelling { return Spelling{Method: a.Method, Target: a.target(a.Path)} }

// at is another path, asked for in the same way.
func (a Address) at(path string) Spelling { return Spelling{Method: a.Method, Target: path} }

// target is another path with the address's query.
func (a Address) target(path string) string {
	if a.Query == "" {
		return path
	}
	return path + "?" + a.Query
}

// written is a path in some spelling.
type written struct{ class, text string }

// paths are the spellings of the path. What servers undo stands in front of it, between two of its segments, behind it, or in
// its letters.
func paths(a Address) []written {
	var all []written
	add := func(class string, texts ...string) {
		for _, text := range texts {
			all = append(all, written{class, text})
		}
	}
	w := newWriter(a.Path)
	before := func(class string, texts ...string) {
		for _, text := range texts {
			add(class, text+w.path)
		}
	}
	behind := func(class string, texts ...string) {
		for _, text := range texts {
			add(class, w.path+text)
		}
	}
	between := func(class string, texts ...string) {
		for _, text := range texts {
			if w.head != "" {
				add(class, w.head+text+w.last)
			}
		}
	}

	add("slash", w.path) // where the plain one ends in a slash
	between("slash", "//", "///", "%2f", "%2F")
	behind("slash", "/", "//", "%2f")
	before("slash", "/", "//", "/"+"/"+a.Host)
	add("slash", "/%2f"+w.path[1:])

	before("dot", "/.", "/..", "/../..", "/x/..", "/x//..")
	between("dot", "/./", "/x/../", "/../")
	between("encoded dot", "/x%2fy/%2e%2e/")
	behind("dot", "/.", "/./", "/x/..", "/x/../")

	before("encoded dot", "/x%2fy/%2e%2e", "/x/%2e%2e", "/x/%2E.", "/x/.%2e", "/%2e")
	between("encoded dot", "/%2e/")
	behind("encoded dot", "/%2e")
	add("encoded dot", "/x%2f.."+strings.ReplaceAll(w.path, "/", "%2f"), "/x%2f%2e%2e%2f"+w.path[1:])

	add("encoded", w.withLetter("%"+hex(w.letter)), w.withFirst("%"+hex(w.first)), w.withFinal("%"+hex(w.final)), w.encoded(), w.withLetter("%"+hex(strings.ToUpper(w.letter))))
	add("twice", w.withLetter("%25"+hex(w.letter)), w.withLetter("%252525"+hex(w.letter)), w.withLetter(escaped([]byte("%"+hex(w.letter)))))
	between("twice", "%252f", "%25252f")
	before("twice", "/x/%252e%252e", "/x%252fy/%252e%252e")
	behind("twice", "%252f", "%2500")
	add("broken", w.withLetter("%u00"+hex(w.letter)))
	between("broken", "%u002f")
	behind("broken", "%", "%2", "%zz")

	behind("parameters", ";", ";jsessionid=1", ";a;b=c", ";/", "%3b", "%3bjsessionid=1", ";x=%2f..", ";a/b/..", ";.css", ";x.html")
	between("parameters", ";x/", ";x=%2fy/", "/;x/")
	before("parameters", "/;", "/;x=y", "/x/..;", "/x/..;a=b", "/x/%2e%2e;", "/x/..%3b")

	add("case", strings.ToUpper(w.path), w.withLetter(strings.ToUpper(w.letter)), w.withFirst(strings.ToUpper(w.first)), alternating(w.path))

	add("unicode", strings.Replace(w.path, "s", "%c5%bf", 1), strings.Replace(w.path, "i", "%c4%b1", 1), strings.Replace(w.path, "k", "%e2%84%aa", 1))
	add("unicode", w.withLetter(fullWidth(w.letter)), w.withFirst(fullWidth(w.first)), w.withLetter(circled(w.letter)), w.withLetter("%25u00"+hex(w.letter)))
	for _, pair := range [][2]string{{"a", "%c3%a1"}, {"e", "%c3%a9"}, {"i", "%c3%ad"}, {"o", "%c3%b3"}} {
		add("unicode", strings.Replace(w.path, pair[0], pair[1], 1))
	}
	add("unicode", w.withInside("%e4%b8%ad"), w.withInside("%cc%81"), w.path+"%cc%81", strings.Replace(w.path, "l", "%c5%82", 1), strings.Replace(w.path, "e", "%e9", 1))
	between("unicode", "%ef%bc%8f", "%e2%88%95", "%e2%81%84", "%25u002f", "%25uff0f")
	before("unicode", "/x/%ef%bc%8e%ef%bc%8e")

	add("overlong", w.withLetter(overlong(w.letter)))
	between("overlong", "%c0%af", "%c0%2f", "%e0%80%af", "%f0%80%80%af", "%f8%80%80%80%af", "%fc%80%80%80%80%af")
	before("overlong", "/x/%c0%ae%c0%ae")
	add("overlong", "/x%c1%9c..%c1%9c"+w.path[1:])

	behind("trailing", ".", "..", "...", "%2e", "%20", "%20%20", "%20.", ".%20", "+", "%09", "%0a", "%0d%0a", "%0b", "%0c", "%1f", "%7f", "%85", "%a0",
		"%c2%a0", "%e2%80%83", "%e3%80%80", "%e2%80%8b", "%ef%bb%bf")
	between("trailing", "/%20", "%20/", "./")
	before("trailing", "/%20")
	add("trailing", "/%20"+w.path[1:])
	for _, odd := range []string{"%01", "%ff", "%c2%ad", "%e2%80%8d", "%0a"} {
		add("inside", w.withInside(odd))
	}
	add("inside", w.withInside("<b>"), w.withInside("%3cb%3e"))
	behind("nul", "%00", "%00.html", "%00/x", "%00x")
	between("nul", "%00/")
	add("nul", w.withInside("%00"))

	behind("streams", "::$DATA", ":$DATA", "%3a%3a$DATA", ".php::$DATA")
	between("streams", ":$i30:$INDEX_ALLOCATION/", "::$INDEX_ALLOCATION/")
	add("short names", w.withLast(short(w.last)), w.withLast(strings.ToLower(short(w.last))+".php"), w.withLast(strings.Replace(short(w.last), "~", "%7e", 1)))
	before("tickets", "/(S(abc))", "/(X(1))/(S(abc))", "/%28S%28abc%29%29")
	between("tickets", "/(S(abc))/", "/(A(x)F(y)S(z))/")
	behind("tickets", "/(S(abc))", "(S(abc))")
	add("tickets", w.withInside("(S(abc))"), w.withInside("/(S(abc))"))

	between("backslash", "%5c", "%255c", "/%5c", `\`)
	behind("backslash", "%5c")
	before("backslash", "/x%5c..")
	add("backslash", "/x%5c..%5c"+w.path[1:], "/%5c"+w.path[1:], `/\`+w.path[1:], `\`+w.path[1:], strings.ReplaceAll(w.path, "/", `\`), `/\`+a.Host+w.path)

	behind("suffix", ".json", ".html", ".php", ".PHP", ".php5", ".phtml", ".aspx", ".asp", ".ashx", ".do", ".action", ".jsp", ".cgi", ".pl", ".css", ".1",
		".php.bak", ".php~", "~", "!execute.action", "!input")
	if w.stem != w.last {
		add("suffix", w.withLast(w.stem), w.withLast(w.stem+".html"), w.withLast(w.stem+"/"))
	}
	behind(EndlessRule, "x", "1", "-x", "_x", "@x", "@x/y", ",x", "x/y", "<b>")
	before("nested", "/x", "/x/y")
	behind("path info", "/x", "/x/y", "/x.css", ".php/", ".php/x", "/index.php")
	between("path info", ".php/")
	before("scripts", "/.php", "/index.php", "/index.php/", "/Index.PHP", "/app.php", "/app_dev.php", "/index.cgi", "/web/index.php", "/index", "/default.aspx")
	between("scripts", "/index.php/", "/app.php/", "/index.cgi/", "/index/")
	if script, rest, found := strings.Cut(w.path, ".php/"); found {
		add("scripts", "/"+rest, script+"/"+rest)
	}
	add("punctuation", w.withLast("-"+w.last), w.withLast("."+w.last), w.withLast("_"+w.last), w.withInside("-"), w.withInside("_"), w.withInside("!"))
	behind("punctuation", "-", "'", "%22", ",", "*")

	behind("delimiters", "%3f", "%3fx=1", "%23", "%23x", "%253f")
	between("delimiters", "%3f/")
	before("delimiters", "/public%23/..", "/public%3f/..")
	behind("parameter", "&x", "%26x", "&x=1", "%2526x")
	for _, name := range routerNames() {
		add("parameter", "/free&"+name+"="+w.path[1:], "/free%26"+name+"="+w.path[1:])
	}
	behind("fragment", "#", "#x")
	before("fragment", "/#", "/public#/..", "/public?x#/..")
	before("absolute", "http://"+a.Host, "HTTP://"+strings.ToUpper(a.Host), "https://"+a.Host, "http://"+a.Host+"/", "http://"+a.Host+"/x/..", "http://other.example",
		"http://x@"+a.Host, "http://", "http:")
	add("absolute", "http:"+w.path[1:])
	add("opaque", w.path[1:], a.Host+w.path, "?"+w.path, "."+w.path, ".."+w.path, "*"+w.path, "%2f"+w.path[1:], ";"+w.path)
	return all
}

// routerNames are the parameters by which front controllers are told what to do.
func routerNames() []string {
	return []string{"q", "url", "uri", "path", "route", "r", "p", "page", "action", "do", "view", "task", "request", "_url", "__route__", "cmd"}
}

// queries are the spellings that lie in the query: for a service that routes by it, other ways to write its conditions; for any
// other, the parameters that front controllers go by.
func (a Address) queries() []Spelling {
	var all []Spelling
	add := func(class, path, query string) {
		all = append(all, Spelling{Class: class, Method: a.Method, Target: path + "?" + query})
	}
	if a.Query != "" {
		for _, query := range rewritten(a.Query) {
			add("query", a.Path, query)
		}
		return append(all, Spelling{Class: "query", Method: a.Method, Target: a.Path},
			Spelling{Class: "form for query", Method: a.Method, Target: a.Path, Form: a.Query})
	}
	words := a.Path[1:]
	for _, base := range []string{Nowhere, "/index.php", "/"} {
		for _, name := range routerNames() {
			add("front controller", base, name+"="+words)
		}
		add("front controller", base, "/"+words)
		add("front controller", base, words)
		if before, last, found := strings.Cut(words, "/"); found && !strings.Contains(last, "/") {
			for _, names := range [][2]string{{"controller", "action"}, {"c", "a"}, {"c", "m"}, {"module", "action"}, {"page", "action"}, {"m", "a"}} {
				add("front controller", base, names[0]+"="+before+"&"+names[1]+"="+last)
			}
		}
	}
	return all
}

// EndlessRule is the class of what a rule takes that says how a path begins, and not where it ends: /applyx, where /apply is meant.
const EndlessRule = "endless rule"

// Nowhere is a path that no service has.
const Nowhere = "/paygate-probe-nowhere"

// rewritten are other ways to write a query: its first condition in another spelling, the others as they are.
func rewritten(query string) []string {
	pair, rest, more := strings.Cut(query, "&")
	name, value, _ := strings.Cut(pair, "=")
	if more {
		rest = "&" + rest
	}
	other := url.QueryEscape(value) + "x"
	var all []string
	for _, first := range []string{
		strings.ToUpper(name) + "=" + value, name + "=" + strings.ToUpper(value), name + "=/" + value, name + "=" + value + "/", name + "=./" + value,
		name + "=" + value + ".php", name + "=" + value + "%00", name + "=%20" + value, name + "=" + value + "%20", name + "=" + value + "/x", name + "=" + value + "%23",
		name + "[]=" + value, name + "%00=" + value, "%20" + name + "=" + value, "+" + name + "=" + value, name + "%20=" + value,
		name + "=" + other + "&" + name + "=" + value, name + "=" + value + "&" + name + "=" + other, "x=1;" + name + "=" + value,
		fmt.Sprintf("%%%02x%s=%s", name[0], name[1:], value), fmt.Sprintf("%%25%02x%s=%s", name[0], name[1:], value),
	} {
		all = append(all, first+rest)
	}
	if value != "" {
		all = append(all, fmt.Sprintf("%s=%%%02x%s%s", name, value[0], value[1:], rest), fmt.Sprintf("%s=%%25%02x%s%s", name, value[0], value[1:], rest))
	}
	return all
}

// writer takes a path apart: its last segment, what stands before that, and the letters to play with.
type writer struct {
	path   string // "/licences/apply"
	head   string // "/licences"; empty for a path of one segment
	last   string // "apply"
	stem   string // the last segment without a suffix
	letter string // of the last segment, its first
	first  string // of the path, its first
	final  string // of the path, its last
}

func newWriter(path string) writer {
	path = "/" + strings.Trim(path, "/")
	w := writer{path: path}
	w.head, w.last = path[:strings.LastIndexByte(path, '/')], path[strings.LastIndexByte(path, '/')+1:]
	w.stem = w.last
	if i := strings.LastIndexByte(w.last, '.'); i > 0 {
		w.stem = w.last[:i]
	}
	if w.last != "" {
		w.letter, w.first, w.final = w.last[:1], path[1:2], path[len(path)-1:]
	}
	return w
}

func (w writer) withLast(last string) string { return w.head + "/" + last }

// withLetter has other text for the first letter of the last segment; withFirst and withFinal likewise, of the path.
func (w writer) withLetter(text string) string {
	return w.withLast(text + strings.TrimPrefix(w.last, w.letter))
}

func (w writer) withFirst(text string) string {
	return "/" + text + strings.TrimPrefix(w.path[1:], w.first)
}

func (w writer) withFinal(text string) string { return strings.TrimSuffix(w.path, w.final) + text }

// withInside puts text behind the second letter of the last segment.
func (w writer) withInside(text string) string {
	at := min(2, len(w.last))
	return w.withLast(w.last[:at] + text + w.last[at:])
}

// hex is that of a slash where the path has no letter.
func hex(letter string) string {
	if letter == "" {
		return "2f"
	}
	return fmt.Sprintf("%02x", letter[0])
}

func (w writer) encoded() string {
	var b strings.Builder
	for _, c := range []byte(w.path) {
		if c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

func alternating(text string) string {
	letters := strings.Split(text, "")
	for i := range letters {
		if i%2 == 0 {
			letters[i] = strings.ToUpper(letters[i])
		}
	}
	return strings.Join(letters, "")
}

func fullWidth(letter string) string { return shifted(letter, 0xFF00-0x20) }

func circled(letter string) string {
	if letter < "a" || letter > "z" {
		return letter
	}
	return shifted(letter, 0x24D0-'a')
}

// shifted is the escaped character that many places further on.
func shifted(letter string, by rune) string {
	if letter == "" {
		return ""
	}
	return escaped(utf8.AppendRune(nil, rune(letter[0])+by))
}

// overlong is a letter in two bytes of UTF-8, one more than it needs.
func overlong(letter string) string {
	if letter == "" {
		return ""
	}
	return escaped([]byte{0xC0 | letter[0]>>6, 0x80 | letter[0]&0x3F})
}

func escaped(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}

// short is the 8.3 name that old file systems give.
func short(segment string) string {
	return strings.ToUpper(segment[:min(6, len(segment))]) + "~1"
}
