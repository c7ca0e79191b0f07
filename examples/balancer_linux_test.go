package examples_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// startBalancer runs nginx with the configuration of the compose file in front of two replicas.
func startBalancer(t *testing.T, first, second string) string {
	t.Helper()
	nginx, root, listen := installed(t, "nginx"), home(t), port(t)
	conf := "daemon off; pid ROOT/nginx.pid; error_log stderr; events {} http { access_log off; " +
		"client_body_temp_path ROOT/t1; proxy_temp_path ROOT/t2; " +
		"fastcgi_temp_path ROOT/t3; uwsgi_temp_path ROOT/t4; scgi_temp_path ROOT/t5;\n" +
		readCompose(t).Configs["balancer"].Content + "}\n"
	if isRoot() {
		conf = "user root root; " + conf
	}
	file := filepath.Join(root, "nginx.conf")
	write(t, file, strings.NewReplacer("ROOT", root, "paygate-1:8000", first, "paygate-2:8000", second, "listen 8000",
		"listen 127.0.0.1:"+listen).Replace(conf))
	run(t, "tcp", "127.0.0.1:"+listen, nginx, "-e", "stderr", "-p", root, "-c", file)
	return "127.0.0.1:" + listen
}

func TestBalancerForwardsRequestsUnchanged(t *testing.T) {
	t.Parallel()
	received := make(chan *http.Request, 1)
	replica := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		received <- r
	}))
	t.Cleanup(replica.Close)
	address := startBalancer(t, replica.Listener.Addr().String(), replica.Listener.Addr().String())
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	const target = "/a//b/%2e%2E/%c3%a9/..;/x?a=1;b=2&c=%zz"
	_, err = io.WriteString(conn,
		"POST "+target+" HTTP/1.1\r\nHost: licences.example.org\r\nX-Forwarded-For: 192.0.2.66\r\nX-Forwarded-Proto: "+
			"https\r\nContent-Length: 2\r\n\r\nok")
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	r := <-received
	require.Equal(t, target, r.RequestURI)
	require.Equal(t, "licences.example.org", r.Host)
	require.Equal(t, []string{"127.0.0.1"}, r.Header["X-Forwarded-For"],
		"the header of the client does not count")
	require.Equal(t, []string{"http"}, r.Header["X-Forwarded-Proto"])
}

func TestBalancerFailsOverWithoutSendingTwice(t *testing.T) {
	t.Parallel()
	var served, broken atomic.Int32
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { served.Add(1) }))
	t.Cleanup(good.Close)
	breaks := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		broken.Add(1)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(breaks.Close)
	down := "127.0.0.1:" + port(t)

	address := startBalancer(t, down, good.Listener.Addr().String())
	for range 10 {
		require.Equal(t, http.StatusOK, post(t, address))
	}
	require.EqualValues(t, 10, served.Load())

	served.Store(0)
	address = startBalancer(t, breaks.Listener.Addr().String(), good.Listener.Addr().String())
	const sent = 10
	failed := 0
	for range sent {
		if post(t, address) == http.StatusBadGateway {
			failed++
		}
	}
	require.NotZero(t, failed)
	require.EqualValues(t, failed, broken.Load(), "a form that one replica received is not sent to the other")
	require.EqualValues(t, sent-failed, served.Load())
}

func post(t *testing.T, address string) int {
	t.Helper()
	answer, err := http.Post("http://"+address+"/licences/apply", "application/x-www-form-urlencoded",
		strings.NewReader("name=Ann"))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}
