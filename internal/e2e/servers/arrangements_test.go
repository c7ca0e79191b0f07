//go:build linux

package servers

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"paygate/internal/testprocess"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// arrangement is one way to set up a real server.
type arrangement struct {
	name     string
	needs    []string // programs and files
	start    func(*testing.T, *site)
	settings []string // of Paygate, in addition to the usual ones
	direct   []string // more targets with which this server runs the pay code
	minimum  int      // fewest odd spellings that it takes for the pay path
}

// urlAlias is the setting for a front controller that takes the path as a parameter, at any address.
var urlAlias = []string{"PAYGATE_ROUTES=licence", "PAYGATE_ROUTE_LICENCE_ALIASES=POST /{path...}?url=licences/apply"}

func arrangements() []arrangement {
	return []arrangement{
		{
			name: "nginx and PHP-FPM", needs: []string{"/usr/sbin/nginx", "/usr/sbin/php-fpm*"}, start: startNginx,
			minimum: 100,
			direct:  []string{"/index.php?url=licences/apply", "/x?url=licences/apply"}, settings: urlAlias,
		},
		{
			name:  "Apache and mod_php with MultiViews",
			needs: []string{"/usr/sbin/apache2", "/usr/lib/apache2/modules/libphp*.so"}, start: startApache("views"),
			minimum: 50,
		},
		{
			name:  "Apache and mod_php with a front controller",
			needs: []string{"/usr/sbin/apache2", "/usr/lib/apache2/modules/libphp*.so"}, start: startApache("front"),
			minimum: 50,
			direct: []string{
				"/index.php?url=licences/apply", "/x?url=licences/apply", "/licences/apply&x",
				"/licences/apply%26x=1", "/x%26url=licences/apply",
			},
			settings: urlAlias,
		},
		{name: "gunicorn", needs: []string{"/usr/bin/gunicorn"}, start: startGunicorn, minimum: 30},
		{name: "lighttpd and CGI", needs: []string{"/usr/sbin/lighttpd"}, start: startLighttpd, minimum: 30},
	}
}

// realServer is a web server with the pay code at /licences/apply. Each time a request that changes something runs that
// code, it adds a line to the trace.
type realServer struct {
	address string
	trace   string
}

// payOnce pays for the form as a citizen does, and requires that the pay code then runs.
func payOnce(t *testing.T, d *testserver.RawClient, server *realServer) {
	t.Helper()
	before := len(d.Pay.Payments())
	form := strings.Replace(testserver.FormRequest(http.MethodPost, "/licences/apply"), "name=Ann", "name=Eve", 1)
	held := d.Send(form).Answers[0]
	require.Equal(t, http.StatusSeeOther, held.Status)
	payments := d.Pay.Payments()
	require.Len(t, payments, before+1)
	require.NoError(t, d.Pay.Pay(payments[before].ID, "success"))
	d.ReturnFromPay("Connection: close\r\nCookie: " + held.Ticket())
	require.Equal(t, []string{"POST /licences/apply success"}, server.takeTrace(t))
}

// takeTrace returns the lines of the trace since the last call.
func (s *realServer) takeTrace(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(s.trace)
	require.NoError(t, err)
	if len(content) == 0 {
		return nil
	}
	require.NoError(t, os.Truncate(s.trace, 0))
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

// site is the folder and the port of a real server.
type site struct {
	dir, port string
}

// open starts the server. Without it the test is skipped, except in CI, where it fails.
func (a arrangement) open(t *testing.T) *realServer {
	t.Helper()
	testprocess.RequireFiles(t, a.needs...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, port, _ := net.SplitHostPort(address)
	dir, err := os.MkdirTemp("", "paygate-server-") // short enough for the name of a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &site{dir, port}
	require.NoError(t, os.Chmod(s.dir, 0o777))
	for _, name := range []string{"index.php", "apply.php", "status.php", "buttons.php", "application.py"} {
		s.put(t, name, name)
	}
	s.write(t, "trace", nil)
	require.NoError(t, os.Chmod(filepath.Join(s.dir, "trace"), 0o666))
	a.start(t, s)
	waitForListener(t, address)
	server := &realServer{address: address, trace: filepath.Join(s.dir, "trace")}
	answer := exchange(t, address, thenClose(testserver.FormRequest(http.MethodPost, "/licences/apply")))
	require.Contains(t, answer, "the pay code ran")
	require.Equal(t, []string{"POST /licences/apply"}, server.takeTrace(t))
	return server
}

// waitForListener waits until a server listens. The limit only ends a test that hangs.
func waitForListener(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, testserver.LongTimeout, 20*time.Millisecond, "nothing listens at %s", address)
}

// put copies a file of testdata. Only configuration files have placeholders to fill in.
func (s *site) put(t *testing.T, from, to string, pairs ...string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", from))
	require.NoError(t, err)
	pairs = append(pairs, "DIR", s.dir, "PORT", s.port)
	if !strings.HasSuffix(from, ".php") && !strings.HasSuffix(from, ".py") && !strings.HasSuffix(from, ".cgi") {
		content = []byte(strings.NewReplacer(pairs...).Replace(string(content)))
	}
	s.write(t, to, content)
}

func (s *site) write(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, content, 0o644)) //nolint:gosec // the server may run as another user
}

// run starts a program in the foreground, and stops it at the end of the test.
func (s *site) run(t *testing.T, program string, arguments ...string) {
	t.Helper()
	found, err := filepath.Glob(program)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	cmd := exec.Command(found[len(found)-1], arguments...)
	output := &testserver.LogBuffer{}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, append(os.Environ(), "TRACE="+filepath.Join(s.dir, "trace")),
		output, output
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Apache ends its whole process group
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
		if t.Failed() {
			t.Logf("%s: %s", program, output)
		}
	})
}

func startNginx(t *testing.T, s *site) {
	name, group := testprocess.CurrentUser(t)
	s.put(t, "fpm.conf", "fpm.conf", "USER", name, "GROUP", group)
	s.put(t, "nginx.conf", "nginx.conf")
	s.run(t, "/usr/sbin/php-fpm*", "-R", "-F", "-n", "-y", filepath.Join(s.dir, "fpm.conf"))
	socket := filepath.Join(s.dir, "fpm.sock")
	require.Eventually(t, func() bool { _, err := os.Stat(socket); return err == nil }, testserver.LongTimeout,
		20*time.Millisecond)
	s.run(t, "/usr/sbin/nginx", "-e", "stderr", "-p", s.dir, "-c", filepath.Join(s.dir, "nginx.conf"))
}

func startApache(kind string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		name, group := testprocess.ServerUser(t)
		module, err := filepath.Glob("/usr/lib/apache2/modules/libphp*.so")
		require.NoError(t, err)
		s.put(t, "apache.conf", "apache.conf", "USER", name, "GROUP", group, "KIND", kind, "MODULES",
			"/usr/lib/apache2/modules", "PHP", module[len(module)-1])
		s.put(t, "apply.php", "views/licences/apply.php")
		s.put(t, "status.php", "views/status.php")
		s.put(t, "htaccess", "front/.htaccess")
		for _, script := range []string{"index.php", "apply.php", "status.php"} {
			s.put(t, script, "front/"+script)
		}
		s.run(t, "/usr/sbin/apache2", "-f", filepath.Join(s.dir, "apache.conf"), "-DFOREGROUND")
	}
}

func startGunicorn(t *testing.T, s *site) {
	s.run(t, "/usr/bin/python3", "/usr/bin/gunicorn", "--bind", "127.0.0.1:"+s.port, "--workers", "1", "--log-level",
		"critical", "application:application")
}

func startLighttpd(t *testing.T, s *site) {
	s.put(t, "lighttpd.conf", "lighttpd.conf")
	s.put(t, "apply.cgi", "cgi/licences/apply")
	s.put(t, "status.cgi", "cgi/status")
	s.run(t, "/usr/sbin/lighttpd", "-D", "-f", filepath.Join(s.dir, "lighttpd.conf"))
}
