package gateway

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"paygate/gateway/pages"
)

// library is a script library that sends forms instead of the browser. A script cannot follow a redirect to Pay,
// because Pay is another origin, and most scripts ignore errors. So each library is told in its own way to leave the
// page, and to show our page instead.
type library struct {
	sends func(http.Header) bool // reports whether a request comes from this library

	// If these are nil, the library gets the same answer as any other script.
	leave func(w http.ResponseWriter, target string)
	show  func(w http.ResponseWriter, status int, content string)
}

var libraries = []library{
	{ // htmx ignores answers that are not 2xx.
		sends: func(h http.Header) bool { return h.Get("HX-Request") == "true" },
		leave: func(w http.ResponseWriter, target string) { w.Header().Set("HX-Redirect", target) },
		show: func(w http.ResponseWriter, _ int, content string) {
			w.Header().Set("HX-Retarget", "body")
			w.Header().Set("HX-Reswap", "innerHTML")
			w.Header().Set("HX-Reselect", "#"+pages.FragmentID)
			w.Header().Set("HX-Push-Url", "false")
			write(w, http.StatusOK, "text/html", content)
		},
	},
	{ // ASP.NET's UpdatePanel. Clients of all versions accept an address without a version before it.
		sends: func(h http.Header) bool { return h.Get("X-MicrosoftAjax") == "Delta=true" },
		leave: func(w http.ResponseWriter, target string) { writeDelta(w, "pageRedirect", "", target) },
		show: func(w http.ResponseWriter, _ int, content string) {
			writeDelta(w, "scriptBlock", "ScriptContentNoTags", showingScript(content))
		},
	},
	{ // JavaServer Faces
		sends: func(h http.Header) bool { return h.Get("Faces-Request") == "partial/ajax" },
		leave: func(w http.ResponseWriter, target string) {
			writePartial(w, `<redirect url="%s"></redirect>`, target)
		},
		show: func(w http.ResponseWriter, _ int, content string) {
			writePartial(w, "<changes><eval>%s</eval></changes>", showingScript(content))
		},
	},
	{ // Inertia shows our pages by itself.
		sends: func(h http.Header) bool { return h.Get("X-Inertia") == "true" },
		leave: func(w http.ResponseWriter, target string) {
			w.Header().Set("X-Inertia-Location", target)
			w.WriteHeader(http.StatusConflict)
		},
	},
	{ // Turbo reloads the form instead of a page that lacks the service's tracked styles. It shows any stream.
		sends: func(h http.Header) bool {
			return (h.Get("X-Turbo-Request-Id") != "" || h.Get("Turbo-Frame") != "") && accepts(h, turboStream)
		},
		show: func(w http.ResponseWriter, status int, content string) {
			write(w, status, turboStream,
				`<turbo-stream action="update" targets="body"><template>`+content+`</template></turbo-stream>`)
		},
	},
	{ // Rails UJS and jQuery run any script that they get.
		sends: func(h http.Header) bool {
			return byXMLHttpRequest(h) && accepts(h, "javascript") && !accepts(h, "json") && !accepts(h, "text/html")
		},
		leave: func(w http.ResponseWriter, target string) {
			write(w, http.StatusOK, "text/javascript", "window.location.href = "+quoted(target)+";")
		},
		show: func(w http.ResponseWriter, _ int, content string) {
			write(w, http.StatusOK, "text/javascript", showingScript(content))
		},
	},
}

const turboStream = "text/vnd.turbo-stream.html"

// libraryOf returns the library that sent a request, or the zero library.
func libraryOf(header http.Header) library {
	for _, l := range libraries {
		if l.sends(header) {
			return l
		}
	}
	return library{}
}

// isScript reports whether a request comes from a script, and not from a person's navigation.
func isScript(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return true
	}
	return byXMLHttpRequest(r.Header) || accepts(r.Header, turboStream) || byUnpoly(r.Header) ||
		libraryOf(r.Header).sends != nil ||
		accepts(r.Header, "json") && !accepts(r.Header, "text/html")
}

// wantsPage reports whether a script shows our page if it gets one.
func wantsPage(header http.Header) bool { return accepts(header, "text/html") || byUnpoly(header) }

func accepts(header http.Header, kind string) bool {
	return strings.Contains(strings.ToLower(header.Get("Accept")), kind)
}

func byXMLHttpRequest(header http.Header) bool {
	return strings.EqualFold(header.Get("X-Requested-With"), "XMLHttpRequest")
}

// byUnpoly reports whether a request comes from Unpoly, which shows any HTML but asks for none.
func byUnpoly(header http.Header) bool { return header.Get("X-Up-Version") != "" }

// isFramed reports whether the answer is for a frame of the page. Pay's pages cannot be framed.
func isFramed(header http.Header) bool {
	return slices.Contains([]string{"frame", "iframe", "embed", "object"}, header.Get("Sec-Fetch-Dest"))
}

// prefetchHeaders are the headers of browsers and Turbo that mark a prefetch.
var prefetchHeaders = []string{"Sec-Purpose", "Purpose", "X-Moz", "X-Purpose", "X-Sec-Purpose"}

// isPrefetch reports whether no person has made a request yet. Such a request must start nothing.
func isPrefetch(header http.Header) bool {
	for _, name := range prefetchHeaders {
		if strings.Contains(strings.ToLower(header.Get(name)), "prefetch") {
			return true
		}
	}
	return header.Get("HX-Preloaded") == "true" // htmx
}

func write(w http.ResponseWriter, status int, kind, content string) {
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, content)
}

// writeDelta writes one part of an UpdatePanel's answer. Its length is in UTF-16 units, as in JavaScript.
func writeDelta(w http.ResponseWriter, kind, id, content string) {
	length := strconv.Itoa(len(utf16.Encode([]rune(content))))
	write(w, http.StatusOK, "text/plain", length+"|"+kind+"|"+id+"|"+content+"|")
}

// writePartial writes the answer to a partial request of JavaServer Faces. The XML format has one place for the text.
func writePartial(w http.ResponseWriter, format, text string) {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // writing to a Builder never fails
	content := "<partial-response>" + fmt.Sprintf(format, &escaped) + "</partial-response>"
	write(w, http.StatusOK, "text/xml", xml.Header+content)
}

// showingScript returns a script that replaces the content of the page by HTML.
func showingScript(content string) string {
	return "document.body.innerHTML = " + quoted(content) + "; window.scrollTo(0, 0);"
}

// quoted returns a JavaScript string literal without angle brackets.
func quoted(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err) // every string can be encoded
	}
	return string(literal)
}
