//go:build linux

package servers

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"paygate/gateway/command/probe"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

// arrangement is a way to set a real server up.
type arrangement struct {
	name     string
	needs    []string // programs and files
	start    func(*testing.T, *site)
	settings []string // of Paygate, besides the usual ones
	direct   []string // further targets that lead this server to the pay code
	atLeast  int      // how many odd spellings, at least, it takes for the pay path
}

// urlAlias is what an operator sets whose front controller takes the path as a parameter, at whatever address.
var urlAlias = []string{"PAYGATE_ROUTES=licence", "PAYGATE_ROUTE_LICENCE_ALIASES=POST /{path...}?url=licences/apply"}

func arrangements() []arrangement {
	return []arrangement{
		{
			name: "nginx and PHP-FPM", needs: []string{"/usr/sbin/nginx", "/usr/sbin/php-fpm*"}, start: startNginx,
			atLeast: 100,
			direct:  []string{"/index.php?url=licences/apply", "/x?url=licences/apply"}, settings: urlAlias,
		},
		{
			name:  "Apache and mod_php with MultiViews",
			needs: []string{"/usr/sbin/apache2", "/usr/lib/apache2/modules/libphp*.so"}, start: startApache("views"),
			atLeast: 50,
		},
		{
			name:  "Apache and mod_php with a front controller",
			needs: []string{"/usr/sbin/apache2", "/usr/lib/apache2/modules/libphp*.so"}, start: startApache("front"),
			atLeast: 50,
			direct: []string{
				"/index.php?url=licences/apply", "/x?url=licences/apply", "/licences/apply&x",
				"/licences/apply%26x=1", "/x%26url=licences/apply",
			},
			settings: urlAlias,
		},
		{name: "gunicorn", needs: []string{"/usr/bin/gunicorn"}, start: startGunicorn, atLeast: 30},
		{name: "lighttpd and CGI", needs: []string{"/usr/sbin/lighttpd"}, start: startLighttpd, atLeast: 30},
	}
}

func TestNoSpellingRunsARealServersPayCodeUnpaid(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			server := a.open(t)
			targets := realTargets(t, a)
			took := 0
			for _, target := range targets {
				exchange(t, server.Address, thenClose(testserver.FormRequest(http.MethodPost, target)))
				took += min(1, len(server.TakeTrace(t)))
			}
			t.Logf("sent directly, %d of %d spellings ran the pay code", took, len(targets))
			require.Greater(t, took, a.atLeast, "else this test proves nothing")

			d := testserver.StartRawFor(t, "http://"+server.Address, a.settings...)
			for _, target := range targets {
				exchange(t, d.Address, thenClose(testserver.FormRequest(http.MethodPost, target)))
				require.Empty(t, server.TakeTrace(t), "unpaid, by %s", target)
			}
			for _, method := range []string{
				"PUT", "PATCH", "DELETE", "post", "Post", "FOO", "PROPFIND", "OPTIONS",
				"TRACE",
			} {
				exchange(t, d.Address, thenClose(testserver.FormRequest(method, "/licences/apply")))
				require.Empty(t, server.TakeTrace(t), "unpaid, by %s", method)
			}
			for _, raw := range oddRequests() {
				exchange(t, d.Address, raw)
				require.Empty(t, server.TakeTrace(t), "unpaid, by %.300q", raw)
			}
			require.Contains(t, exchange(t, d.Address, thenClose("GET /page HTTP/1.1\r\nHost: apply.example\r\n\r\n")),
				"HTTP/1.1 ", "free traffic passes")
			d.PayOnce(t, server)
		})
	}
}

// paidForms are requests that PHP reads as those that cost money.
func paidForms(name, value string) []string {
	const parts = "Content-Type: multipart/form-data; boundary=b\r\n"
	header := "Content-Disposition: form-data; name=\"" + name + "\""
	part := func(header, content string) string { return "--b\r\n" + header + "\r\n\r\n" + content + "\r\n" }
	said := name + "=" + value
	forms := []string{
		testserver.Request("POST /buttons.php?"+said, "", ""),
		testserver.Request("POST /buttons.php?x&"+said, testserver.FormType, "a=1"),
		testserver.Request("POST /buttons.php", "Cookie: "+said+"\r\n"+testserver.FormType, "a=1"),
		testserver.Request("POST /buttons.php", parts, part(header, value)),
		testserver.Request("POST /buttons.php", parts, "\r\n"+part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", parts,
			part(header, "save")+"--b--\r\n"+part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", parts,
			part("Content-Disposition: form-data; name=\"x\"", "a\n"+part(header, value))+"--b--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: multipart/form-data; boundary=c; boundary=b\r\n",
			"--c\r\n"+header+"\r\n\r\n"+value+"\r\n--c--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: multipart/form-data; xboundary=c; boundary=b\r\n",
			part(header, "save")+"--b--\r\n--c\r\n"+header+"\r\n\r\n"+value+"\r\n--c--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: multipart/form-data; boundary=b,c\r\n",
			part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", "Content-Type: MULTIPART/FORM-DATA; BOUNDARY=b\r\n",
			part(header, value)+"--b--\r\n"),
		testserver.Request("POST /buttons.php", parts,
			part(header+"\r\nContent-Disposition: form-data; name=\"x\"", value)+"--b--\r\n"),
	}
	for _, disposition := range []string{
		"form-data; name=\"x\"; name=\"" + name + "\"", "form-data; name=\"" + name + "\"; name=\"" + name + "\"",
		"attachment; name=\"" + name + "\"", "form-data; name=\"" + name, "form-data; name='" + name + "'",
		"form-data; name=" + name, "form-data; name=\"" + name + "\"; filename*=utf-8''x",
		"form-data;\r\n name=\"" + name + "\"", "form-data; name=\"" + name + "[]\"",
		"form-data; name=\" " + name + "\"",
	} {
		forms = append(forms,
			testserver.Request("POST /buttons.php", parts,
				part("Content-Disposition: "+disposition, value)+"--b--\r\n"))
	}
	for _, pairs := range []string{
		said, "x=1&" + said, name + "=save&" + said, "+" + said, name + "%00x=" + value, name + "[]=" + value,
		name + "[0]=" + value, "%" + testserver.HexOf(name[0]) + said[1:],
		name + "=%" + testserver.HexOf(value[0]) + value[1:], "x=%zz&" + said,
	} {
		forms = append(forms, testserver.Request("POST /buttons.php", testserver.FormType, pairs))
	}
	for _, kind := range []string{
		"application/x-www-form-urlencoded, x", "application/x-www-form-urlencoded x",
		"APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencoded;",
		"application/x-www-form-urlencoded; charset",
	} {
		forms = append(forms, testserver.Request("POST /buttons.php", "Content-Type: "+kind+"\r\n", said))
	}
	return append(forms,
		testserver.Request("POST /buttons.php", testserver.FormType+"Content-Type: text/plain\r\n", said),
		testserver.Request("POST /buttons.php", "Content-Type: text/plain\r\n"+testserver.FormType, said))
}

// TestNoFormThatPHPReadsAsPaidPassesUnpaid: one button of a form, and one page of a front controller, cost money.
func TestNoFormThatPHPReadsAsPaidPassesUnpaid(t *testing.T) {
	t.Parallel()
	server := arrangements()[0].open(t)
	for name, c := range map[string]struct{ field, value, setting string }{
		"a button": {"action", "pay", "PAYGATE_ROUTE_LICENCE_WHEN=form:action=pay"},
		"a page":   {"page", "apply", "PAYGATE_ROUTE_LICENCE_MATCH=POST /buttons.php?page=apply"},
	} {
		forms, took := paidForms(c.field, c.value), 0
		for _, raw := range forms {
			exchange(t, server.Address, thenClose(raw))
			took += min(1, len(server.TakeTrace(t)))
		}
		t.Logf("%s: sent directly, %d of %d forms ran the pay code", name, took, len(forms))
		require.Greater(t, took, 35, "else this test proves nothing")
		d := testserver.StartRawFor(t, "http://"+server.Address, "PAYGATE_ROUTES=licence",
			"PAYGATE_ROUTE_LICENCE_MATCH=POST /buttons.php", c.setting)
		for _, raw := range forms {
			exchange(t, d.Address, thenClose(raw))
			require.Empty(t, server.TakeTrace(t), "unpaid, by %.300q", raw)
		}
		require.Contains(t, exchange(t, d.Address,
			thenClose(testserver.Request("POST /buttons.php", testserver.FormType, c.field+"=save"))), "saved",
			"what costs nothing passes")
	}
}

func TestNoRealServerTakesAClientHeaderForPaygates(t *testing.T) {
	t.Parallel()
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			server := a.open(t)
			took := 0
			request := func(name string) string {
				return thenClose("POST /status HTTP/1.1\r\nHost: apply.example\r\n" + name +
					": success\r\nContent-Length: 0\r\n\r\n")
			}
			names := slices.DeleteFunc(testserver.HostileHeaderNames(),
				func(name string) bool { return !strings.HasPrefix(strings.ToLower(name), "paygate") })
			for _, name := range names {
				took += strings.Count(exchange(t, server.Address, request(name)), "status=success")
			}
			t.Logf("sent directly, %d of %d names were taken for ours", took, len(names))
			require.Positive(t, took, "else this test proves nothing")
			d := testserver.StartRawFor(t, "http://"+server.Address)
			for _, name := range names {
				require.Contains(t, exchange(t, d.Address, request(name)), "status=none", name)
			}
		})
	}
}

// realTargets are odd spellings of the pay path, and those of the arrangement; the plain one is not among them.
func realTargets(t *testing.T, a arrangement) []string {
	targets := testserver.GeneratedSpellings("licences", "apply")
	for _, s := range testserver.KnownSpellings(probe.KindPath) {
		targets = append(targets, s.Target)
	}
	targets = append(targets, a.direct...)
	return slices.DeleteFunc(targets, func(target string) bool { return target == "/licences/apply" })
}

// oddRequests would run the pay code of a server that reads headers or framing in its own way.
func oddRequests() []string {
	var odd []string
	for _, lines := range []string{
		"X-Original-URL: /licences/apply", "X-Rewrite-URL: /licences/apply", "SCRIPT_NAME: /free", "Script-Name: /free",
		"PATH_INFO: /licences/apply", "X-Forwarded-Prefix: /free",
		"X_HTTP_METHOD_OVERRIDE: POST", "Transfer_Encoding: chunked", "Content_Length: 0",
	} {
		for _, target := range []string{"/free", "/free/licences/apply", "/"} {
			odd = append(odd, "POST "+target+" HTTP/1.1\r\nHost: apply.example\r\nConnection: close\r\n"+lines+
				"\r\nContent-Length: 2\r\n\r\nok")
		}
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", len(testserver.Smuggled))
	for _, lines := range []string{
		length, length + "Transfer-Encoding: chunked\r\n", length + "Transfer-Encoding: identity\r\n",
		length + "Transfer-Encoding : chunked\r\n", length + "Transfer-Encoding:\x0bchunked\r\n",
		length + "Content-Length: 0\r\n", length + "Expect: 100-continue\r\n",
		length + "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
		length + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n",
		length + "Connection: Content-Length\r\n", length + "Connection: Transfer-Encoding\r\n",
		"Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding\r\n",
	} {
		for _, line := range []string{"GET /free", "POST /free", "OPTIONS /free", "HEAD /free"} {
			odd = append(odd, line+" HTTP/1.1\r\nHost: apply.example\r\n"+lines+"\r\n"+"0\r\n\r\n"+testserver.Smuggled+
				testserver.Sentinel,
				line+" HTTP/1.1\r\nHost: apply.example\r\n"+lines+"\r\n"+testserver.Smuggled+testserver.Sentinel)
		}
	}
	return odd
}

// thenClose asks the other side to close behind its answer.
func thenClose(raw string) string {
	return strings.Replace(raw, "\r\nHost:", "\r\nConnection: close\r\nHost:", 1)
}

// exchange writes bytes and reads until the other side closes, or has said nothing for a while.
func exchange(t *testing.T, address, raw string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, _ = io.WriteString(conn, raw)
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// site is the folder and the address that a real server gets.
type site struct {
	dir, port string
}

// open starts the server. A machine without it skips the test, but where CI says that all is there.
func (a arrangement) open(t *testing.T) *testserver.RealServer {
	t.Helper()
	for _, file := range a.needs {
		if found, _ := filepath.Glob(file); len(found) == 0 {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed", file)
			}
			t.Skipf("%s is not installed", file)
		}
	}
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
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "%s does not open its door", a.name)
	server := &testserver.RealServer{Address: address, Trace: filepath.Join(s.dir, "trace")}
	answer := exchange(t, address, thenClose(testserver.FormRequest(http.MethodPost, "/licences/apply")))
	require.Contains(t, answer, "the pay code ran")
	require.Equal(t, []string{"POST /licences/apply"}, server.TakeTrace(t))
	return server
}

// put copies a file of testdata, with what is particular to the site filled in.
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

// run starts a program that stays in the foreground, and ends it with the test.
func (s *site) run(t *testing.T, program string, arguments ...string) {
	t.Helper()
	found, err := filepath.Glob(program)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	cmd := exec.Command(found[len(found)-1], arguments...)
	said := &lockedBuffer{}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, append(os.Environ(), "TRACE="+filepath.Join(s.dir, "trace")),
		said, said
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Apache ends its whole process group
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
		if t.Failed() {
			t.Logf("%s: %s", program, said)
		}
	})
}

// lockedBuffer keeps what a program says.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// runner is whom a server shall run as: ourselves, or where that is root, whom Debian has for it.
func runner(t *testing.T) (name, group string) {
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

func startNginx(t *testing.T, s *site) {
	me, err := user.Current()
	require.NoError(t, err)
	mine, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	s.put(t, "fpm.conf", "fpm.conf", "USER", me.Username, "GROUP", mine.Name)
	s.put(t, "nginx.conf", "nginx.conf")
	s.run(t, "/usr/sbin/php-fpm*", "-R", "-F", "-n", "-y", filepath.Join(s.dir, "fpm.conf"))
	socket := filepath.Join(s.dir, "fpm.sock")
	require.Eventually(t, func() bool { _, err := os.Stat(socket); return err == nil }, 20*time.Second,
		20*time.Millisecond)
	s.run(t, "/usr/sbin/nginx", "-e", "stderr", "-p", s.dir, "-c", filepath.Join(s.dir, "nginx.conf"))
}

func startApache(kind string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		name, group := runner(t)
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
