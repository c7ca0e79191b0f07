package staff

import (
	"embed"
	"html/template"
	"time"

	"paygate/gateway/pages"
	"paygate/journey"
)

//go:embed html
var htmlFiles embed.FS

var styleAddress = "/assets/" + pages.Style()

// templates are the pages, each with the frame around it.
var templates = func() map[string]*template.Template {
	noTime := func(time.Time) string { return "" } // replaced when a page is rendered
	functions := template.FuncMap{
		"time": noTime, "day": noTime, "minus": func(a, b int) int { return a - b }, "stateWord": stateWord,
		"pounds": journey.Pounds, "member": memberOf,
	}
	all := map[string]*template.Template{}
	for _, name := range []string{
		"login", "signedin", "resume", "overview", "list", "journey", "order", "confirm", "finance",
		"reconcile", "routes",
		"person", "problem",
	} {
		page := template.New(name).Funcs(functions)
		all[name] = template.Must(page.ParseFS(htmlFiles, "html/frame.html", "html/approval.html",
			"html/"+name+".html"))
	}
	return all
}()
