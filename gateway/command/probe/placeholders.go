package probe

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// placeholder is {name}, or {name:from=to} for the text with one character replaced.
var placeholder = regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9-]*|\?)(?::(.)=([^}]*))?\}`)

// fill replaces the placeholders of a text. It reports false if one of them has no value.
func fill(text string, values map[string]string) (string, bool) {
	complete := true
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		value, known := values[parts[1]]
		if parts[2] != "" {
			known = known && strings.Contains(value, parts[2])
			value = strings.Replace(value, parts[2], parts[3], 1)
		}
		complete = complete && known
		return value
	})
	return filled, complete
}

// each yields the text once for every value of a placeholder with several values.
func each(text string, give func(string)) {
	for name, words := range manifold {
		if strings.Contains(text, "{"+name+"}") {
			for _, word := range words {
				give(strings.ReplaceAll(text, "{"+name+"}", word))
			}
			return
		}
	}
	give(text)
}

// placeholders returns the values of the placeholders, without those that have none.
func (a Address) placeholders() map[string]string {
	v := map[string]string{
		"method": a.Method, "plain": a.Path, "target": a.target(a.Path), "nowhere": Nowhere, "?": "?",
		"path": "/" + strings.Trim(a.Path, "/"), "host": a.Host, "HOST": strings.ToUpper(a.Host),
	}
	if a.Query != "" {
		v["?"] = "&"
	}
	addPath(v, v["path"])
	addQuery(v, a.Query)
	addForm(v, a)
	return v
}

// addPath splits the path: its last segment, what is before that, and the letters to vary.
func addPath(v map[string]string, path string) {
	at := strings.LastIndexByte(path, '/')
	dir, last := path[:at+1], path[at+1:]
	v["dir"], v["rest"] = dir, path[1:]
	v["PATH"], v["mixed"], v["encoded"] = strings.ToUpper(path), alternating(path), encodedPath(path)
	v["slashed"], v["backslashed"] = strings.ReplaceAll(path, "/", "%2f"), strings.ReplaceAll(path, "/", `\`)
	if last == "" {
		return
	}
	letter, first, final := last[:1], path[1:2], path[len(path)-1:]
	v["last"], v["letter"], v["LETTER"], v["tail"] = last, letter, strings.ToUpper(letter), last[1:]
	v["letter-hex"], v["upper-hex"], v["percent-hex"] = hex(letter), hex(strings.ToUpper(letter)), escaped([]byte(hex(letter)))
	v["letter-wide"], v["letter-circled"], v["letter-overlong"] = fullWidth(letter), circled(letter), overlong(letter)
	v["first-hex"], v["FIRST"], v["first-wide"], v["more"] = hex(first), strings.ToUpper(first), fullWidth(first), path[2:]
	v["final-hex"], v["most"] = hex(final), path[:len(path)-1]
	v["letter-digit"], v["hyphened"] = hex(letter)[:1], strings.Join(strings.Split(last, ""), "-")
	middle := min(2, len(last))
	v["front"], v["back"] = last[:middle], last[middle:]
	short := shortName(last)
	v["short"], v["short-lower"], v["short-hex"] = short, strings.ToLower(short), strings.Replace(short, "~", "%7e", 1)
	if dot := strings.LastIndexByte(last, '.'); dot > 0 {
		v["stem"] = last[:dot]
	}
	if at > 0 {
		v["head"] = path[:at]
	}
	if at > 0 && strings.Count(path, "/") == 2 {
		v["of-two"], v["short-head"] = path[1:at], "/"+shortName(path[1:at])
	}
	if before, after, found := strings.Cut(path, ".php/"); found {
		v["before-script"], v["after-script"] = before, after
	}
}

// addQuery splits the first condition on the query.
func addQuery(v map[string]string, query string) {
	if query == "" {
		return
	}
	pair, more, found := strings.Cut(query, "&")
	if found {
		more = "&" + more
	}
	name, value, _ := strings.Cut(pair, "=")
	v["query"], v["query-name"], v["query-value"], v["query-more"] = query, name, value, more
	v["QUERY-NAME"], v["QUERY-VALUE"] = strings.ToUpper(name), strings.ToUpper(value)
	v["query-name-hex"], v["query-name-tail"] = hex(name), name[1:]
	if value != "" {
		v["query-value-hex"], v["query-value-tail"] = hex(value), value[1:]
	}
}

// addForm splits the form: the field that decides, its value, and the other fields.
func addForm(v map[string]string, a Address) {
	v["and-form"] = ""
	if a.Form != "" {
		v["form"], v["and-form"] = a.Form, "&"+a.Form
		v["json"] = asJSON(a.Form)
	}
	if a.Field == "" {
		return
	}
	others := a.otherFields()
	v["others"], v["parts"], v["others-json"] = "", asParts(others), ""
	if others != "" {
		v["others"] = others + "&"
		v["others-json"] = strings.TrimSuffix(strings.TrimPrefix(asJSON(others), "{"), "}") + ","
	}
	v["field"], v["FIELD"] = a.Field, strings.ToUpper(a.Field)
	v["Field"], v["field-tail"], v["field-hex"] = strings.ToUpper(a.Field[:1])+a.Field[1:], a.Field[1:], hex(a.Field)
	v["field-wide"] = fullWidth(a.Field[:1]) + a.Field[1:]
	v["field-u"] = `\\u00` + hex(a.Field) + a.Field[1:] // bodies are unquoted once
	if model, rest, found := strings.Cut(a.Field, "["); found && strings.HasSuffix(rest, "]") {
		v["field-inner"] = strings.TrimSuffix(rest, "]")
		v["field-nested"] = fmt.Sprintf(`%q:{%q:%q}`, model, v["field-inner"], a.Value)
	}
	v["value"], v["VALUE"], v["value-base64"] = a.Value, strings.ToUpper(a.Value), base64.StdEncoding.EncodeToString([]byte(a.Value))
	if a.Value != "" {
		v["value-hex"], v["value-tail"] = hex(a.Value), a.Value[1:]
		v["value-wide"] = fullWidth(a.Value[:1]) + a.Value[1:]
	}
	if a.Other != "" {
		v["other"], v["other-upper"] = a.Other, strings.ToUpper(a.Other)
	}
}

// otherFields is the form without the field that decides.
func (a Address) otherFields() string {
	pairs := slices.DeleteFunc(strings.Split(a.Form, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		unescaped, err := url.QueryUnescape(name)
		return err == nil && unescaped == a.Field
	})
	return strings.Join(pairs, "&")
}

// pairsOf are the names and values of an urlencoded form, in their order.
func pairsOf(form string) [][2]string {
	var pairs [][2]string
	for pair := range strings.SplitSeq(form, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, _ := url.QueryUnescape(rawName)
		value, _ := url.QueryUnescape(rawValue)
		if name != "" {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	return pairs
}

// asJSON is an urlencoded form as a JSON object.
func asJSON(form string) string {
	var members []string
	for _, pair := range pairsOf(form) {
		name, _ := json.Marshal(pair[0])
		value, _ := json.Marshal(pair[1])
		members = append(members, string(name)+":"+string(value))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// asParts is an urlencoded form as the parts of a multipart form with the boundary "b", without its end.
func asParts(form string) string {
	var b strings.Builder
	for _, pair := range pairsOf(form) {
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", pair[0], pair[1])
	}
	return b.String()
}

// hex is the number of a text's first byte.
func hex(text string) string { return fmt.Sprintf("%02x", text[0]) }

func encodedPath(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String()
}

// shortName returns the 8.3 name that old file systems give.
func shortName(segment string) string { return strings.ToUpper(segment[:min(6, len(segment))]) + "~1" }

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
	return escaped(utf8.AppendRune(nil, rune(letter[0])+by))
}

// overlong returns a letter in two bytes of UTF-8, one more than it needs.
func overlong(letter string) string {
	return escaped([]byte{0xC0 | letter[0]>>6, 0x80 | letter[0]&0x3F})
}

func escaped(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}
