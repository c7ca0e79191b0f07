package stacks

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paygate/gateway/command/probe"
	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
)

// stack is a small legacy service on a real framework, with that framework's defaults. Its source is in
// testdata; its settings are in docs/how-to/frameworks.md, under the heading that is its name.
//
// Every service has a sign-in page, a form for signed-in users (apply), a form with a free and a paid button (renew), a
// form with a choice of prices (permit) and a paid download (report). Their code writes a log, which the tests read.
type stack struct {
	name  string
	dir   string   // under testdata
	needs []string // patterns of files
	start func(*testing.T, *site) *exec.Cmd
	login string

	fields func(name, email string) url.Values // of the form to apply
	// the button of the form with prices, if it must be sent
	buy   url.Values
	parts bool // its forms are multipart
}

func stacks() []stack {
	plain := func(name, email string) url.Values { return url.Values{"name": {name}, "email": {email}} }
	bracketed := func(name, email string) url.Values {
		return url.Values{"application[name]": {name}, "application[email]": {email}}
	}
	python := func(modules ...string) []string { return under("/usr/lib/python3/dist-packages/", modules...) }
	ruby := func(gems ...string) []string {
		return under("/usr/share/rubygems-integration/all/specifications/", gems...)
	}
	webForms := func(name, email string) url.Values {
		return url.Values{"name": {name}, "email": {email}, "send": {"Apply"}}
	}
	tomcat := []string{"/usr/share/java/tomcat10-embed-core.jar", "/usr/bin/javac"}
	mono := []string{"/usr/bin/fastcgi-mono-server4", "/usr/sbin/nginx"}
	apache := []string{"/usr/sbin/apache2", "/usr/lib/apache2/modules/libphp*.so"}
	express := "testdata/express/node_modules/express"
	return []stack{
		{"Plain PHP", "php", apache, startApache, "/login.php", plain, nil, false},
		{"PHP with a front controller", "front", apache, startApache, "/login", plain, nil, false},
		{
			"Flask", "flask", python("flask", "flask_wtf", "flask_session", "gunicorn"), startGunicorn("app:app"),
			"/login", plain, nil, false,
		},
		{
			"Django", "django", python("django", "gunicorn"), startGunicorn("app:application"), "/login/", plain, nil,
			false,
		},
		{"Express", "express", []string{express, "/usr/bin/node"}, startNode, "/login", plain, nil, false},
		{
			"Next.js", "next",
			[]string{"testdata/next/.next/BUILD_ID", "/usr/bin/node"},
			startNext, "/login", plain, nil,
			true,
		},
		{"Rails", "rails", append(ruby("railties-*"), "/usr/bin/puma"), startPuma, "/login", bracketed, nil, false},
		{
			"Laravel", "laravel", append(apache, "/usr/share/php/Illuminate/autoload.php"), startLaravel, "/login",
			plain,
			nil, false,
		},
		{"Servlets", "servlet", tomcat, startTomcat, "/login", plain, nil, false},
		{"CherryPy", "cherrypy", python("cherrypy"), startCherryPy, "/login", plain, nil, false},
		{"Sinatra", "sinatra", append(ruby("sinatra-*"), "/usr/bin/puma"), startPuma, "/login", plain, nil, false},
		{"ASP.NET Web Forms", "webforms", mono, startMono, "/login.aspx", webForms, url.Values{"buy": {"Buy"}}, false},
	}
}

// under returns files of one folder.
func under(folder string, names ...string) (files []string) {
	for _, name := range names {
		files = append(files, folder+name)
	}
	return files
}

// eachStack runs a test against every stack that is installed.
func eachStack(t *testing.T, test func(*testing.T, *service)) {
	for _, s := range stacks() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s.run(t))
		})
	}
}

// service is a running stack.
type service struct {
	stack
	t        *testing.T
	url      string
	site     *site
	settings settings
}

// site is the folder and the port of a stack.
type site struct {
	dir, app, port string
}

func (s stack) run(t *testing.T) *service {
	t.Helper()
	testprocess.RequireFiles(t, s.needs...)
	address := testprocess.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	dir, err := os.MkdirTemp("", "paygate-stack-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777)) // the web server may run as another user
	app, err := filepath.Abs(filepath.Join("testdata", s.dir))
	require.NoError(t, err)
	here := &site{dir, app, port}
	cmd := testprocess.InGroup(s.start(t, here))
	if cmd.Dir == "" {
		cmd.Dir = dir
	}
	cmd.Env = append(os.Environ(), "SITE="+dir, "PORT="+port)
	cmd.Env = append(cmd.Env, "PYTHONDONTWRITEBYTECODE=1", "NODE_ENV=production", "RAILS_ENV=production")
	running := testprocess.Start(t, cmd)
	running.WaitFor(t, func() bool { return testprocess.Listens("tcp", address) })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s printed: %.10000s", s.name, running.Printed())
		}
	})
	return &service{s, t, "http://" + address, here, settingsOf(t, s.name)}
}

// run is one entry of the service's log: the code that ran, its value, and the payment in Paygate's headers.
type run struct {
	code, value, status, amount string
}

func (r run) isPaid() bool { return r.status == "success" }

// ran returns the entries since the last call.
func (s *service) ran() (runs []run) {
	s.t.Helper()
	log := filepath.Join(s.site.dir, "ran")
	content, err := os.ReadFile(log)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	require.NoError(s.t, err)
	require.NoError(s.t, os.Remove(log))
	for line := range strings.Lines(string(content)) {
		var entry [4]any // a value may be of any type
		require.NoError(s.t, json.Unmarshal([]byte(line), &entry), line)
		runs = append(runs, run{text(entry[0]), text(entry[1]), text(entry[2]), text(entry[3])})
	}
	return runs
}

func text(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	written, _ := json.Marshal(value)
	return string(written)
}

// send submits a form.
func (s *service) send(c *testprocess.Citizen, target string, form url.Values) testprocess.Page {
	s.t.Helper()
	contentType, body := s.encode(form)
	return c.Do(http.MethodPost, target, contentType, body)
}

// encode returns a form as browsers send it.
func (s stack) encode(form url.Values) (contentType, body string) {
	if !s.parts {
		return probe.FormType, form.Encode()
	}
	var b strings.Builder
	parts := multipart.NewWriter(&b)
	_ = parts.SetBoundary("----WebKitFormBoundary7MA4YWxkTrZu0gW7")
	names := slices.Sorted(maps.Keys(form))
	slices.Reverse(names) // a script of Next.js sends the list of arguments, "0", after the arguments
	for _, name := range names {
		for _, value := range form[name] {
			_ = parts.WriteField(name, value)
		}
	}
	_ = parts.Close()
	return parts.FormDataContentType(), b.String()
}

// expire ends all sessions of the service; renew allows new ones.
func (s *service) expire() { require.NoError(s.t, os.WriteFile(s.expired(), nil, 0o644)) }

func (s *service) renew() { require.NoError(s.t, os.Remove(s.expired())) }

func (s *service) expired() string { return filepath.Join(s.site.dir, "expired") }
