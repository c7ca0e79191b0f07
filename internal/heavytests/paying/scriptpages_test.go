package paying

import (
	"bytes"
	little "encoding/binary"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paygate/internal/testenv"
)

// scriptCase is a page with a form that a library sends.
type scriptCase struct {
	name    string
	scripts []string // under /js/
	form    string   // %s stands for the fields
	link    bool     // the citizen follows a link on Paygate's page to Pay

	pageAsIs bool // the library shows Paygate's page as it shows any other
}

var scriptCases = []scriptCase{
	{
		name: "Turbo", scripts: []string{"turbo"}, link: true,
		form: `<form action="/licences/apply" method="post">%s</form>`,
	},
	{
		name: "a Turbo frame", scripts: []string{"turbo"}, link: true,
		form: `<turbo-frame id="f"><form action="/licences/apply" method="post">%s</form></turbo-frame>`,
	},
	{
		name: "htmx 2", scripts: []string{"htmx"},
		form: `<form hx-post="/licences/apply" hx-target="#out" hx-select="#part" hx-push-url="true">%s</form>
			<p id="out"></p>`,
	},
	{
		name: "boosted htmx 2", scripts: []string{"htmx"},
		form: `<div hx-boost="true"><form action="/licences/apply" method="post">%s</form></div>`,
	},
	{
		name: "htmx 4", scripts: []string{"htmx4"},
		form: `<form hx-post="/licences/apply" hx-target="#out" hx-select="#part">%s</form><p id="out"></p>`,
	},
	{
		name: "Unpoly", scripts: []string{"unpoly"}, link: true, pageAsIs: true,
		form: `<main><form action="/licences/apply" method="post" up-submit up-target="#out">%s</form>
			<p id="out"></p></main>`,
	},
	{
		name: "Rails UJS", scripts: []string{"rails-ujs"},
		form: `<form action="/licences/apply" method="post" data-remote="true">%s</form>`,
	},
	{
		name: "UpdatePanel", scripts: []string{"MicrosoftAjax.js", "MicrosoftAjaxWebForms.js"},
		form: `<form id="form1" action="/licences/apply" method="post">
			<input type="hidden" name="__EVENTTARGET"><input type="hidden" name="__EVENTARGUMENT">
			<script>
				function __doPostBack() {}
				Sys.WebForms.PageRequestManager._initialize('sm', document.getElementById('form1'));
				Sys.WebForms.PageRequestManager.getInstance()._updateControls(['tpanel'], [], [], 90);
			</script>
			<div id="panel">%s</div>
			<script>Sys.Application.initialize();</script></form>`,
	},
}

const fields = `<label>Name <input name="name" id="name"></label>
	<label>Licence <select name="licence" id="licence"><option>1-day</option><option>season</option></select></label>
	<input type="submit" id="send" name="send" value="Pay">`

// scriptedService starts a service with a form for each library. Turbo tracks its style sheet, as in a new Rails app.
func scriptedService(t *testing.T) *legacy {
	t.Helper()
	return startLegacy(t, func(w http.ResponseWriter, r *http.Request) {
		name, isScript := strings.CutPrefix(r.URL.Path, "/js/")
		switch {
		case isScript:
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(libraryFile(name))
		case r.URL.Path == "/style.css":
			w.Header().Set("Content-Type", "text/css")
		case r.Method == http.MethodPost:
			http.Redirect(w, r, "/licences/done?name="+r.PostFormValue("name"), http.StatusSeeOther)
		case r.URL.Path == "/licences/done":
			writeHTML(w, http.StatusOK, "<h1 id=done>"+r.URL.Query().Get("name")+"</h1>")
		default:
			writeHTML(w, http.StatusOK, scriptedForm(r.URL.Path))
		}
	})
}

// scriptedForm returns the page of the case in a path.
func scriptedForm(path string) string {
	var page strings.Builder
	page.WriteString(`<link rel="stylesheet" href="/style.css" data-turbo-track="reload">`)
	for _, c := range scriptCases {
		if path != "/"+strings.ReplaceAll(c.name, " ", "-") {
			continue
		}
		for _, script := range c.scripts {
			fmt.Fprintf(&page, `<script src="/js/%s"></script>`, script)
		}
		page.WriteString("<body>" + strings.Replace(c.form, "%s", fields, 1))
	}
	return page.String()
}

var npmFiles = map[string]string{
	"turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js", "htmx": "htmx.org/dist/htmx.js", "htmx4": "htmx4/dist/htmx.js",
	"unpoly": "unpoly/unpoly.js", "rails-ujs": "@rails/ujs/app/assets/javascripts/rails-ujs.js",
}

// libraryFile returns a library, or nothing if it is not installed.
func libraryFile(name string) []byte {
	if file, isNPM := npmFiles[name]; isNPM {
		content, _ := os.ReadFile(filepath.Join(testenv.Root(), "tools/node_modules", file))
		return content
	}
	return microsoftScript(name)
}

// microsoftScript finds a script of ASP.NET in Mono's library: a length, then that many bytes of text.
func microsoftScript(name string) []byte {
	found, _ := filepath.Glob("/usr/lib/mono/gac/System.Web.Extensions/*/System.Web.Extensions.dll")
	if len(found) == 0 {
		return nil
	}
	rest, _ := os.ReadFile(found[0])
	start := []byte("\xef\xbb\xbf//--")
	for i := bytes.Index(rest, start); i >= 4; i = bytes.Index(rest, start) {
		length := min(int(little.LittleEndian.Uint32(rest[i-4:i])), len(rest)-i)
		if script := rest[i : i+length]; bytes.Contains(script[:min(400, length)], []byte("// "+name)) {
			return script
		}
		rest = rest[i+len(start):]
	}
	return nil
}
