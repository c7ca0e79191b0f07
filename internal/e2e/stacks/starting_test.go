package stacks

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"paygate/internal/testprocess"

	"github.com/stretchr/testify/require"
)

// copyTree copies files and fills in the names of a site.
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
	name, group := testprocess.ServerUser(t)
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

// startMono starts Web Forms behind nginx, because Mono's own web server does not run on Debian 12.
func startMono(t *testing.T, s *site) *exec.Cmd {
	t.Helper()
	app, address := filepath.Join(s.dir, "app"), testprocess.FreeAddress(t)
	copyTree(t, s.app, app, strings.NewReplacer()) // Mono compiles beside the pages
	mono := testprocess.InGroup(exec.Command("/usr/bin/fastcgi-mono-server4", "/applications=/:"+app,
		"/socket=tcp:"+address))
	mono.Env = append(os.Environ(), "SITE="+s.dir)
	testprocess.Start(t, mono).WaitFor(t, func() bool { return testprocess.Listens("tcp", address) })
	names := strings.NewReplacer("{site}", s.dir, "{port}", s.port, "{app}", app, "{mono}", address)
	config := filepath.Join(s.dir, "nginx.conf")
	copyTree(t, filepath.Join(filepath.Dir(s.app), "webforms.conf"), config, names)
	return exec.Command("/usr/sbin/nginx", "-e", "stderr", "-p", s.dir, "-c", config)
}
