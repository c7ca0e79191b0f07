package staff

import (
	"embed"
	"html/template"
	"time"

	"paygate/gateway/pages"
)

//go:embed html
var htmlFiles embed.FS

var styleAddress = "/assets/" + pages.Style()

// templates are the pages, each with the frame around it.
var templates = func() map[string]*template.Template {
	clockless := template.FuncMap{
		"time": func(time.Time) string { return "" }, "day": func(time.Time) string { return "" }, // bound when a page is rendered
		"minus": func(a, b int) int { return a - b },
	}
	all := map[string]*template.Template{}
	for _, name := range []string{"login", "overview", "list", "journey", "problem"} {
		all[name] = template.Must(template.New(name).Funcs(clockless).ParseFS(htmlFiles, "html/frame.html", "html/"+name+".html"))
	}
	return all
}()
