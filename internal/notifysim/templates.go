package notifysim

import (
	"embed"
	"fmt"
	"regexp"
	"strings"

	"paygate/gateway/notify"
)

//go:embed templates/*.txt
var templateFiles embed.FS

// Template is a template of the simulated service at GOV.UK Notify.
type Template struct {
	ID      notify.Template
	Setting string // of Paygate, which has the id as its value
	Subject string
	Body    string
}

// Templates returns the example templates: what Paygate tells citizens, in English and in Welsh.
func Templates() []Template {
	var all []Template
	for i, name := range []string{
		"delivered", "delivered_cy", "returned", "returned_cy", "refunded", "refunded_cy",
	} {
		text, _ := templateFiles.ReadFile("templates/" + name + ".txt") // embedded, so it cannot fail
		subject, body, _ := strings.Cut(string(text), "\n\n")
		all = append(all, Template{
			ID:      notify.Template(fmt.Sprintf("7a0a79c3-0000-4000-8000-%012d", i+1)),
			Setting: "PAYGATE_NOTIFY_TEMPLATE_" + strings.ToUpper(name),
			Subject: subject, Body: strings.TrimSpace(body),
		})
	}
	return all
}

// Settings returns the settings of a Paygate that sends its e-mails to a simulated Notify at this address.
func Settings(url string) []string {
	settings := []string{"PAYGATE_NOTIFY_API_URL=" + url, "PAYGATE_NOTIFY_API_KEY=" + Key}
	for _, t := range Templates() {
		settings = append(settings, t.Setting+"="+string(t.ID))
	}
	return settings
}

var placeholder = regexp.MustCompile(`\(\(([^()]+)\)\)`)

// missing returns the first placeholder that the fields lack, or "".
func (t Template) missing(fields map[string]string) string {
	for _, found := range placeholder.FindAllStringSubmatch(t.Subject+t.Body, -1) {
		if _, given := fields[found[1]]; !given {
			return found[1]
		}
	}
	return ""
}

// fill replaces the placeholders.
func fill(text string, fields map[string]string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		return fields[strings.Trim(found, "()")]
	})
}
