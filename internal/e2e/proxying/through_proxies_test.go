package proxying

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"paygate/internal/testprocess"
	"paygate/internal/testserver"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/require"
)

// proxy is a reverse proxy in its own process.
type proxy struct {
	name, url string
	process   procfs.Proc
}

// startProxies starts Paygate, the two bare proxies that it is compared with, and those others that are installed.
func startProxies(b *testing.B, service string) []*proxy {
	b.Helper()
	bare := testserver.BuildBinary(b, "paygate/internal/bareproxy")
	listen := func() string { return testprocess.FreeAddress(b) }
	public, pooled, closing := listen(), listen(), listen()
	all := []*proxy{
		startProxy(b, "paygate", public, tenRoutes(b, public, service), testserver.BuildBinary(b, "paygate"), "serve"),
		startProxy(b, "pooled", pooled, nil, bare, pooled, service),
		startProxy(b, "closing", closing, nil, bare, "-close", closing, service),
	}
	for _, other := range others {
		if path, err := exec.LookPath(other.name); err == nil {
			all = append(all, other.start(b, path, listen(), strings.TrimPrefix(service, "http://")))
		}
	}
	return all
}

// startProxy starts a proxy and waits until it listens.
func startProxy(b *testing.B, name, listen string, environ []string, program string, args ...string) *proxy {
	b.Helper()
	command := exec.Command(program, args...)
	command.Env = environ
	testprocess.Start(b, command).WaitFor(b, func() bool { return testprocess.Listens("tcp", listen) })
	process, err := procfs.NewProc(command.Process.Pid)
	if err != nil {
		b.Skip("only Linux says what a process has spent")
	}
	return &proxy{name, "http://" + listen, process}
}

// seconds returns the processor time, user and system, that the process has spent.
func (p *proxy) seconds(b *testing.B) float64 {
	b.Helper()
	stat, err := p.process.Stat()
	require.NoError(b, err)
	return stat.CPUTime()
}

// megabytes returns the resident memory of the process.
func (p *proxy) megabytes(b *testing.B) float64 {
	b.Helper()
	stat, err := p.process.Stat()
	require.NoError(b, err)
	return float64(stat.ResidentMemory()) / 1e6
}

// other is a proxy that may be installed, as one process without a log of requests and with enough connections to the
// service. LISTEN, SERVICE and FOLDER in its configuration and arguments are filled in.
type other struct {
	name, configuration string
	args                []string
}

var others = []other{
	{"nginx", `daemon off; master_process off; pid FOLDER/pid; error_log stderr;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path FOLDER/t1; proxy_temp_path FOLDER/t2; fastcgi_temp_path FOLDER/t3;
	uwsgi_temp_path FOLDER/t4; scgi_temp_path FOLDER/t5;
	client_body_buffer_size 128k; proxy_buffers 32 4k;
	upstream service { server SERVICE; keepalive 64; }
	server {
		listen LISTEN;
		location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
	}
}
`, []string{"-e", "stderr", "-p", "FOLDER", "-c", "FOLDER/nginx"}},
	{"haproxy", `defaults
	mode http
	http-reuse always
	timeout connect 10s
	timeout client 60s
	timeout server 60s
listen proxy
	bind LISTEN
	server service SERVICE
`, []string{"-db", "-f", "FOLDER/haproxy"}},
	{"caddy", `{
	admin off
	auto_https off
}
http://LISTEN {
	reverse_proxy SERVICE {
		transport http {
			compression off
			keepalive_idle_conns_per_host 64
		}
	}
}
`, []string{"run", "--adapter", "caddyfile", "--config", "FOLDER/caddy"}},
}

func (o other) start(b *testing.B, program, listen, service string) *proxy {
	b.Helper()
	folder := b.TempDir()
	fill := strings.NewReplacer("LISTEN", listen, "SERVICE", service, "FOLDER", folder)
	require.NoError(b, os.WriteFile(filepath.Join(folder, o.name), []byte(fill.Replace(o.configuration)), 0o600))
	var args []string
	for _, arg := range o.args {
		args = append(args, fill.Replace(arg))
	}
	return startProxy(b, o.name, listen, []string{"HOME=" + folder}, program, args...)
}

// tenRoutes returns the settings for ten pay routes.
func tenRoutes(b *testing.B, listen, service string) []string {
	environ := []string{
		"PAYGATE_LISTEN=" + listen, "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_UPSTREAM=" + service,
		"PAYGATE_PUBLIC_URL=http://" + listen,
		"PAYGATE_PAY_MODE=test", "PAYGATE_PAY_API_URL=http://127.0.0.1:1",
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
		"PAYGATE_SECRETS=" + testserver.Secret32(1), "PAYGATE_STORE=bbolt:" + filepath.Join(b.TempDir(), "paygate.db"),
		"PAYGATE_SERVICE_NAME=Fishing licences",
	}
	var names []string
	for i, match := range []string{
		"POST /licences/apply", "POST /licences/{id}/renew", "POST /licences/{id}/replace", "POST /permits/apply",
		"PUT /permits/{id}",
		"POST /fines/pay", "POST /index.php?page=apply", "GET /register/{year}", "GET /certificates/{id}",
		"GET /maps/{sheet}/{edition}",
	} {
		name := fmt.Sprint("r", i)
		names = append(names, name)
		variable := "PAYGATE_ROUTE_" + strings.ToUpper(name)
		environ = append(environ, variable+"_MATCH="+match, variable+"_PRICE=25", variable+"_DESCRIPTION=Licence",
			variable+"_ACCEPT=2xx", variable+"_ACCEPT_TEXT=*")
	}
	return append(environ, "PAYGATE_ROUTES="+strings.Join(names, ","))
}
