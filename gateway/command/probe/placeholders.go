package probe

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// placeholder matches {name}, {name|function} with the functions of rewrite.go, and {name:from=to} for the text with
// one character replaced.
var placeholder = regexp.MustCompile(`\{([A-Za-z][A-Za-z-]*|\?)((?:\|[a-z0-9]+)*)(?::(.)=([^}]*))?\}`)

// fill replaces the placeholders of a text. It reports false if one of them has no value.
func fill(text string, values map[string]string) (string, bool) {
	complete := true
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		groups := placeholder.FindStringSubmatch(found)
		value, known := values[groups[1]]
		for _, function := range strings.Split(groups[2], "|")[1:] {
			if value == "" && function != "upper" && function != "base64" {
				known = false
				break
			}
			value = functions[function](value)
		}
		if from, to := groups[3], groups[4]; from != "" {
			known = known && strings.Contains(value, from)
			value = strings.Replace(value, from, to, 1)
		}
		complete = complete && known
		return value
	})
	return filled, complete
}

// each yields the text once for every value of a placeholder with several values.
func each(text string, yield func(string)) {
	for name, words := range manifold {
		if strings.Contains(text, "{"+name+"}") {
			for _, word := range words {
				yield(strings.ReplaceAll(text, "{"+name+"}", word))
			}
			return
		}
	}
	yield(text)
}

// placeholders returns the values of the placeholders, without those that have none.
func (a Address) placeholders() map[string]string {
	v := map[string]string{
		"method": a.Method, "plain": a.Path, "target": a.target(a.Path), "nowhere": Nowhere, "?": "?",
		"path": "/" + strings.Trim(a.Path, "/"), "host": a.Host,
	}
	if a.Query != "" {
		v["?"] = "&"
	}
	addPath(v, v["path"])
	addQuery(v, a.Query)
	a.addForm(v)
	return v
}

// addPath splits the path into its last segment and the rest.
func addPath(v map[string]string, path string) {
	at := strings.LastIndexByte(path, '/')
	dir, last := path[:at+1], path[at+1:]
	v["dir"], v["rest"] = dir, path[1:]
	if last == "" {
		return
	}
	middle := min(2, len(last))
	v["last"], v["front"], v["back"] = last, last[:middle], last[middle:]
	if dot := strings.LastIndexByte(last, '.'); dot > 0 {
		v["stem"] = last[:dot]
	}
	if at > 0 {
		v["head"] = path[:at]
	}
	if at > 0 && strings.Count(path, "/") == 2 {
		v["of-two"] = path[1:at]
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
	pair, _, _ := strings.Cut(query, "&")
	name, value, _ := strings.Cut(pair, "=")
	v["query"], v["query-name"], v["query-value"] = query, name, value
	v["query-more"] = strings.TrimPrefix(query, pair)
}

// addForm splits the form into the field that decides, its value, and the other fields.
func (a Address) addForm(v map[string]string) {
	v["and-form"] = ""
	if a.Form != "" {
		v["form"], v["and-form"], v["json"] = a.Form, "&"+a.Form, asJSON(a.Form)
	}
	if a.Field == "" {
		return
	}
	others := a.otherFields()
	v["others"], v["parts"], v["others-json"] = "", asParts(others), ""
	if others != "" {
		v["others"] = others + "&"
		v["others-json"] = strings.Trim(asJSON(others), "{}") + ","
	}
	v["field"], v["value"] = a.Field, a.Value
	if model, rest, found := strings.Cut(a.Field, "["); found && strings.HasSuffix(rest, "]") {
		v["field-inner"] = strings.TrimSuffix(rest, "]")
		v["field-nested"] = fmt.Sprintf(`%q:{%q:%q}`, model, v["field-inner"], a.Value)
	}
	if a.Other != "" {
		v["other"] = a.Other
	}
}

// otherFields returns the form without the field that decides.
func (a Address) otherFields() string {
	pairs := slices.DeleteFunc(strings.Split(a.Form, "&"), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		unescaped, err := url.QueryUnescape(name)
		return err == nil && unescaped == a.Field
	})
	return strings.Join(pairs, "&")
}

// pairsOf returns the names and values of an urlencoded form, in their order.
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

// asJSON returns an urlencoded form as a JSON object.
func asJSON(form string) string {
	var members []string
	for _, pair := range pairsOf(form) {
		name, _ := json.Marshal(pair[0])
		value, _ := json.Marshal(pair[1])
		members = append(members, string(name)+":"+string(value))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// asParts returns an urlencoded form as the parts of a multipart form with the boundary "b", without its end.
func asParts(form string) string {
	var b strings.Builder
	for _, pair := range pairsOf(form) {
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", pair[0], pair[1])
	}
	return b.String()
}
