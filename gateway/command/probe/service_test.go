package probe

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listening serves each connection and ends with the test.
func listening(t *testing.T, serve func(net.Conn)) *url.URL {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	return &url.URL{Scheme: "http", Host: listener.Addr().String()}
}

func TestAskSendsByteForByte(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 1)
	service := service{
		host: "apply.example", timeout: 10 * time.Second, header: []string{"Cookie: a=b"},
		url: listening(t, func(conn net.Conn) {
			text := make([]byte, 4096)
			n, _ := conn.Read(text)
			sent <- string(text[:n])
			_, _ = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"+
				"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}),
	}
	const head = " HTTP/1.1\r\nHost: apply.example\r\nUser-Agent: Paygate probe\r\nAccept: text/html,*/*\r\n"
	for _, c := range []struct {
		spelling Spelling
		paid     bool
		want     string
	}{
		{
			Spelling{Method: "POST", Target: `/x#/..\licences%2fapply`, Type: FormType, Body: "name=Ann"},
			false,
			`POST /x#/..\licences%2fapply` + head + "Paygate-Status: none\r\nConnection: close\r\nCookie: a=b\r\n" +
				"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nname=Ann",
		},
		{
			Spelling{
				Method: "POST", Target: "/index.php", Header: []string{"X: y"},
				Type: FormType, Body: "page=apply&name=Ann",
			},
			true,
			"POST /index.php" + head + "Paygate-Status: success\r\nConnection: close\r\nCookie: a=b\r\nX: y\r\n" +
				"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 19\r\n\r\npage=apply&name=Ann",
		},
		{
			Spelling{Method: "GET", Target: "/licences/apply?a=1&name=Ann"},
			false,
			"GET /licences/apply?a=1&name=Ann" + head +
				"Paygate-Status: none\r\nConnection: close\r\nCookie: a=b\r\n\r\n",
		},
	} {
		answer, err := service.ask(t.Context(), c.spelling, c.paid)
		require.NoError(t, err)
		require.Equal(t, 200, answer.status)
		require.Equal(t, "ok", answer.body)
		require.Equal(t, c.want, <-sent)
	}
}

func TestAskTellsNoAnswerFromNoService(t *testing.T) {
	t.Parallel()
	ctx, giveUp := context.WithCancel(t.Context())
	silent := service{timeout: time.Minute, url: listening(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		giveUp()
		_, _ = io.Copy(io.Discard, conn)
	})}
	_, err := silent.ask(ctx, Spelling{Method: "POST", Target: "/"}, false)
	require.ErrorIs(t, err, errNoAnswer)
	require.ErrorContains(t, err, "in time")
	rude := service{timeout: 10 * time.Second, url: listening(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n")
	})}
	_, err = rude.ask(t.Context(), Spelling{Method: "POST", Target: "/"}, false)
	require.ErrorIs(t, err, errNoAnswer)
	none := service{timeout: 10 * time.Second, url: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}}
	_, err = none.ask(t.Context(), Spelling{Method: "POST", Target: "/"}, false)
	require.Error(t, err)
	require.NotErrorIs(t, err, errNoAnswer)
}

func TestAskSpeaksTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the client that does not trust it
	server.StartTLS()
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	service := service{url: address, host: "apply.example", timeout: 10 * time.Second}
	_, err = service.ask(t.Context(), Spelling{Method: "GET", Target: "/"}, false)
	require.ErrorContains(t, err, "certificate")
	service.tls = server.Client().Transport.(*http.Transport).TLSClientConfig
	answer, err := service.ask(t.Context(), Spelling{Method: "GET", Target: "/"}, false)
	require.NoError(t, err)
	require.Equal(t, "apply.example", answer.body)
}
