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
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paygate/gateway/command/probe"
	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
)

// stack is a small legacy service on a real framework, with that framework's defaults. Its source is in
// testdata; its settings are in docs/frameworks.md, under the heading that is its name.
//
// Every service has a sign-in page, a form for people who are signed in (apply), a form with a free and a paid button
// (renew), a form with a choice of prices (permit) and a paid download (report). When the code behind one of them runs,
// it says so in a log of its own. That log is what the tests believe.
type stack struct {
	name  string
	dir   string   // under testdata
	needs []string // patterns of files
	start func(*testing.T, *site) *exec.Cmd
	login string

	fields func(name, email string) url.Values // of the form to apply
	// the button of the form with prices, where it has to be among the fields
	buy   url.Values
	parts bool // its forms are sent in parts
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

// under are files in one folder.
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

// service is a stack that runs.
type service struct {
	stack
	t        *testing.T
	url      string
	site     *site
	settings settings
}

// site is what a stack gets: a folder to write to and a port.
type site struct {
	dir, app, port string
}

func (s stack) run(t *testing.T) *service {
	t.Helper()
	for _, pattern := range s.needs {
		if found, _ := filepath.Glob(pattern); len(found) == 0 {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed", pattern)
			}
			t.Skipf("%s is not installed", pattern)
		}
	}
	address := testprocess.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	dir, err := os.MkdirTemp("", "paygate-stack-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777)) // a web server may run as another user
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
	running.WaitFor(t, func() bool { return testprocess.Listens(address) })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s printed: %.10000s", s.name, running.Printed())
		}
	})
	return &service{s, t, "http://" + address, here, settingsOf(t, s.name)}
}

// run is one entry of the service's log: which code ran, with which value, and what Paygate had said of the payment.
type run struct {
	code, value, status, amount string
}

func (r run) isPaid() bool { return r.status == "success" }

// ran returns the entries since the last time it was called.
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

// send sends a form of the service as its page says.
func (s *service) send(c *testprocess.Citizen, target string, form url.Values) testprocess.Page {
	s.t.Helper()
	contentType, body := s.encode(form)
	return c.Do(http.MethodPost, target, contentType, body)
}

// encode is a form as browsers send it, in parts or in one piece.
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

// expire ends all sessions of the service; renew lets it have new ones.
func (s *service) expire() { require.NoError(s.t, os.WriteFile(s.expired(), nil, 0o644)) }

func (s *service) renew() { require.NoError(s.t, os.Remove(s.expired())) }

func (s *service) expired() string { return filepath.Join(s.site.dir, "expired") }

// copyTree copies files, with the names of a site filled in.
func copyTree(t *testing.T, from, to string, names *strings.Replacer) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), []byte(names.Replace(string(content))), 0o644)
	}))
}

func startApache(t *testing.T, s *site) *exec.Cmd { return apacheAt(t, s, "") }

func startLaravel(t *testing.T, s *site) *exec.Cmd { return apacheAt(t, s, "public") }

// apacheAt starts Apache with a folder of the service as its document root.
func apacheAt(t *testing.T, s *site, root string) *exec.Cmd {
	t.Helper()
	name, group := serverUser(t)
	modules, err := filepath.Glob("/usr/lib/apache2/modules/libphp*.so")
	require.NoError(t, err)
	app := filepath.Join(s.dir, "app")
	names := strings.NewReplacer(
		"{app}", filepath.Join(app, root), "{site}", s.dir, "{port}", s.port, "{user}", name, "{group}", group,
		"{modules}", "/usr/lib/apache2/modules", "{php}", modules[len(modules)-1],
	)
	source := filepath.Dir(s.app)
	copyTree(t, s.app, app, strings.NewReplacer())
	copyTree(t, filepath.Join(source, "php/common.php"), filepath.Join(s.dir, "common.php"), strings.NewReplacer())
	copyTree(t, filepath.Join(source, "apache.conf"), filepath.Join(s.dir, "apache.conf"), names)
	return exec.Command("/usr/sbin/apache2", "-f", filepath.Join(s.dir, "apache.conf"), "-DFOREGROUND")
}

// serverUser is who a server that gives up root runs as.
func serverUser(t *testing.T) (name, group string) {
	t.Helper()
	if os.Getuid() == 0 {
		return "www-data", "www-data"
	}
	me, err := user.Current()
	require.NoError(t, err)
	mine, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	return me.Username, mine.Name
}

func startGunicorn(module string) func(*testing.T, *site) *exec.Cmd {
	return func(_ *testing.T, s *site) *exec.Cmd {
		return exec.Command("/usr/bin/python3", "/usr/bin/gunicorn", "--bind", "127.0.0.1:"+s.port, "--threads", "4",
			"--log-level", "critical", "--chdir", s.app, module)
	}
}

func startNode(_ *testing.T, s *site) *exec.Cmd {
	return exec.Command("/usr/bin/node", filepath.Join(s.app, "app.js"))
}

func startNext(_ *testing.T, s *site) *exec.Cmd {
	next := filepath.Join(s.app, "node_modules/next/dist/bin/next")
	cmd := exec.Command("/usr/bin/node", next, "start", "-H", "127.0.0.1", "-p", s.port)
	cmd.Dir = s.app
	return cmd
}

func startPuma(_ *testing.T, s *site) *exec.Cmd {
	config := filepath.Join(s.app, "config.ru")
	return exec.Command("/usr/bin/puma", "-b", "tcp://127.0.0.1:"+s.port, "-t", "1:4", "-e", "production", config)
}

func startTomcat(t *testing.T, s *site) *exec.Cmd {
	t.Helper()
	jars := append(under("/usr/share/java/", "tomcat10-embed-core.jar", "tomcat10-annotations-api.jar"), s.dir)
	classes := strings.Join(jars, ":")
	out, err := exec.Command("javac", "-d", s.dir, "-cp", classes,
		filepath.Join(s.app, "Licences.java")).CombinedOutput()
	require.NoError(t, err, string(out))
	return exec.Command("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes, "Licences")
}

func startCherryPy(_ *testing.T, s *site) *exec.Cmd {
	return exec.Command("/usr/bin/python3", filepath.Join(s.app, "app.py"))
}

// startMono starts Web Forms, with nginx in front, since the web server of Mono itself does not run on Debian 12.
func startMono(t *testing.T, s *site) *exec.Cmd {
	t.Helper()
	app, address := filepath.Join(s.dir, "app"), testprocess.FreeAddress(t)
	copyTree(t, s.app, app, strings.NewReplacer()) // Mono compiles beside the pages
	mono := testprocess.InGroup(exec.Command("/usr/bin/fastcgi-mono-server4", "/applications=/:"+app,
		"/socket=tcp:"+address))
	mono.Env = append(os.Environ(), "SITE="+s.dir)
	testprocess.Start(t, mono).WaitFor(t, func() bool { return testprocess.Listens(address) })
	names := strings.NewReplacer("{site}", s.dir, "{port}", s.port, "{app}", app, "{mono}", address)
	config := filepath.Join(s.dir, "nginx.conf")
	copyTree(t, filepath.Join(filepath.Dir(s.app), "webforms.conf"), config, names)
	return exec.Command("/usr/sbin/nginx", "-e", "stderr", "-p", s.dir, "-c", config)
}
