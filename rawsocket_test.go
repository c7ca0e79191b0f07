package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/paysim"
)

// The tests of this file and of framing_test.go write bytes to the door of the real program, as no HTTP client would let
// them, in front of a service that keeps the bytes it receives.

// wireService is a service that keeps each request as it stood on the wire.
type wireService struct {
	listener net.Listener
	mu       sync.Mutex
	requests []wireRequest
	open     map[net.Conn]bool
	answer   string // bytes, the same for every request
}

// wireRequest is one request on the wire.
type wireRequest struct {
	line   string
	header []string // lines, in their order
	body   []byte   // chunks taken off
	method string
	length int64
}

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nlegacy"

func newWireService(t testing.TB, answer string) *wireService {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &wireService{listener: listener, answer: answer, open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.open[conn] = true
			s.mu.Unlock()
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		for conn := range s.open {
			_ = conn.Close()
		}
		s.mu.Unlock()
		all.Wait()
	})
	return s
}

func (s *wireService) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.open, conn)
		s.mu.Unlock()
	}()
	in := bufio.NewReader(conn)
	for {
		request, err := readWireRequest(in)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, request)
		answer := s.answer
		s.mu.Unlock()
		if strings.Contains(request.line, afterthoughtTarget) {
			answer = "HTTP/1.1 200 OK\r\nX-Last: yes\r\nContent-Length: 0\r\n\r\n"
		}
		if request.method == http.MethodHead {
			answer, _, _ = strings.Cut(answer, "\r\n\r\n")
			answer += "\r\n\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil || strings.Contains(answer, "Connection: close\r\n") {
			return
		}
	}
}

func readWireRequest(in *bufio.Reader) (wireRequest, error) {
	var raw bytes.Buffer
	wire := &byteByByte{Reader: in}
	request, err := http.ReadRequest(bufio.NewReaderSize(io.TeeReader(wire, &raw), 16))
	if err != nil {
		return wireRequest{}, err
	}
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	wire.atOnce = request.ContentLength >= 0
	body, err := io.ReadAll(request.Body)
	line, rest, _ := strings.Cut(head, "\r\n")
	return wireRequest{line, strings.Split(rest, "\r\n"), body, request.Method, request.ContentLength}, err
}

// byteByByte keeps a parser from reading beyond what it needs.
type byteByByte struct {
	io.Reader
	atOnce bool // the parser knows how much it needs
}

func (r *byteByByte) Read(p []byte) (int, error) {
	if r.atOnce {
		return r.Reader.Read(p)
	}
	return r.Reader.Read(p[:min(1, len(p))])
}

// take lists what was received since the last time, but for our own afterthought.
func (s *wireService) take() []wireRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken []wireRequest
	for _, r := range s.requests {
		if !strings.Contains(r.line, afterthoughtTarget) {
			taken = append(taken, r)
		}
	}
	s.requests = nil
	return taken
}

// values are those of a header, by its exact name, as they stood.
func (r wireRequest) values(name string) []string {
	var found []string
	for _, line := range r.header {
		if before, value, _ := strings.Cut(line, ": "); before == name {
			found = append(found, value)
		}
	}
	return found
}

// door is the program as it is run, with its public address.
type door struct {
	t       testing.TB
	address string
	service *wireService
	pay     *paysim.Simulator
	log     *logBook
}

const publicHost = "apply.example"

// openDoor runs the program in front of a wireService.
func openDoor(t testing.TB, over ...string) *door {
	t.Helper()
	service := newWireService(t, plainAnswer)
	d := openDoorTo(t, "http://"+service.listener.Addr().String(), over...)
	d.service = service
	return d
}

func openDoorTo(t testing.TB, service string, over ...string) *door {
	t.Helper()
	d := &door{t: t, log: &logBook{}, pay: paysim.New(paysim.Options{PostLimit: -1})}
	payServer := httptest.NewServer(d.pay)
	d.pay.SetPublicURL(payServer.URL)
	h := &house{service: &legacyService{server: &httptest.Server{URL: service}}, payURL: payServer.URL, url: "http://" + publicHost}
	environ := append(h.environ(filepath.Join(t.TempDir(), "paygate.db")),
		"PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0", "PAYGATE_LOG_LEVEL=debug")
	if slices.Contains(over, "PAYGATE_ROUTES=licence") {
		environ = slices.DeleteFunc(environ, func(v string) bool {
			return strings.HasPrefix(v, "PAYGATE_ROUTE_") && !strings.HasPrefix(v, "PAYGATE_ROUTE_LICENCE_")
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	said := &servingLine{book: d.log, address: make(chan string, 1)}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, command.Env{
			Environ: append(environ, over...), Stdout: io.Discard, Stderr: said, Version: "test",
		}, []string{"serve"})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		payServer.Close()
		d.pay.Close()
	})
	select {
	case d.address = <-said.address:
	case status := <-ended:
		ended <- status
		t.Fatalf("the program ended: %s", d.log)
	}
	return d
}

// legacyService is the service of house_test.go.
type legacyService = service

// servingLine finds the public address in the log.
type servingLine struct {
	book    *logBook
	address chan string
}

var announced = regexp.MustCompile(`"msg":"serving","public":"([^"]*)"`)

func (a *servingLine) Write(p []byte) (int, error) {
	if found := announced.FindSubmatch(p); found != nil {
		a.address <- string(found[1])
	}
	return a.book.Write(p)
}

// afterthought is sent behind each request, so that it is seen whether anything else was left on the connection.
const (
	afterthoughtTarget = "/afterthought"
	afterthought       = "GET " + afterthoughtTarget + " HTTP/1.1\r\nHost: " + publicHost + "\r\nConnection: close\r\n\r\n"
)

// spoken is what came back for some bytes.
type spoken struct {
	answers []heard // without that to the afterthought
	closed  bool    // the door closed the connection before the afterthought
}

// comesBack returns from Pay with these header lines, and goes on to where the answer leads.
func (d *door) comesBack(lines string) spoken {
	d.t.Helper()
	back := d.speak("GET /_pay/return?x=" + hushed + " HTTP/1.1\r\nHost: apply.example\r\n" + lines + "\r\n\r\n")
	if len(back.answers) != 1 || back.answers[0].status != http.StatusSeeOther {
		return back
	}
	return d.speak("GET " + back.answers[0].header.Get("Location") + " HTTP/1.1\r\nHost: apply.example\r\n" + lines + "\r\n\r\n")
}

type heard struct {
	status int
	header http.Header
	body   string
}

// speak writes bytes to the door and reads until it closes. Once there has been an answer, the afterthought follows.
func (d *door) speak(raw string) spoken {
	d.t.Helper()
	conn, err := net.Dial("tcp", d.address)
	require.NoError(d.t, err)
	defer conn.Close()
	require.NoError(d.t, conn.SetDeadline(time.Now().Add(ample)))
	go func() { _, _ = io.WriteString(conn, raw) }() // a refused request may not be read to its end
	in := bufio.NewReader(conn)
	method, _, _ := strings.Cut(raw, " ")
	var result spoken
	for asked := false; ; {
		answer, err := readHeard(in, method)
		switch {
		case err != nil:
			var late net.Error
			require.False(d.t, errors.As(err, &late) && late.Timeout(), "no answer to %.200q", raw)
			result.closed = true
			return result
		case answer.header.Get("X-Last") != "":
			return result
		}
		result.answers = append(result.answers, answer)
		if answer.status >= http.StatusOK && answer.header.Get("Connection") != "close" && !asked {
			asked, method = true, http.MethodGet
			_, _ = io.WriteString(conn, afterthought)
		}
	}
}

func readHeard(in *bufio.Reader, method string) (heard, error) {
	answer, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return heard{}, err
	}
	body, err := io.ReadAll(answer.Body)
	if answer.Close {
		answer.Header.Set("Connection", "close")
	}
	return heard{answer.StatusCode, answer.Header, string(body)}, err
}
