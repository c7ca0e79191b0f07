package testserver

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// RawService is a service that records each request as it was on the wire.
type RawService struct {
	listener net.Listener
	mu       sync.Mutex
	requests []RawRequest
	open     map[net.Conn]bool
	answer   string // the bytes of the response to every request
}

// RawRequest is one request on the wire.
type RawRequest struct {
	Line   string
	Header []string // lines, in their order
	Body   []byte   // decoded when it was chunked
	method string
	Length int64
}

// PlainAnswer is the response of a RawService until SetAnswer changes it.
const PlainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nlegacy"

func newRawService(t testing.TB) *RawService {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &RawService{listener: listener, answer: PlainAnswer, open: map[net.Conn]bool{}}
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

func (s *RawService) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.open, conn)
		s.mu.Unlock()
	}()
	in := bufio.NewReader(conn)
	for {
		request, err := readRawRequest(in)
		if err != nil {
			return
		}
		answer := s.record(request)
		if _, err := io.WriteString(conn, answer); err != nil || strings.Contains(answer, "Connection: close\r\n") {
			return
		}
	}
}

// record stores a request and returns the response to it.
func (s *RawService) record(r RawRequest) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	switch {
	case strings.Contains(r.Line, SentinelTarget):
		return "HTTP/1.1 200 OK\r\nX-Last: yes\r\nContent-Length: 0\r\n\r\n"
	case r.method == http.MethodHead:
		head, _, _ := strings.Cut(s.answer, "\r\n\r\n")
		return head + "\r\n\r\n"
	default:
		return s.answer
	}
}

func readRawRequest(in *bufio.Reader) (RawRequest, error) {
	var raw bytes.Buffer
	wire := &oneByteReader{Reader: in}
	request, err := http.ReadRequest(bufio.NewReaderSize(io.TeeReader(wire, &raw), 16))
	if err != nil {
		return RawRequest{}, err
	}
	head, _, _ := strings.Cut(raw.String(), "\r\n\r\n")
	wire.unlimited = request.ContentLength >= 0
	body, err := io.ReadAll(request.Body)
	line, rest, _ := strings.Cut(head, "\r\n")
	return RawRequest{line, strings.Split(rest, "\r\n"), body, request.Method, request.ContentLength}, err
}

// oneByteReader prevents a parser from reading ahead into the next request.
type oneByteReader struct {
	io.Reader
	unlimited bool // the parser knows how much to read
}

func (r *oneByteReader) Read(p []byte) (int, error) {
	if r.unlimited {
		return r.Reader.Read(p)
	}
	return r.Reader.Read(p[:min(1, len(p))])
}

// Take returns the requests received since the last call, without sentinels.
func (s *RawService) Take() []RawRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := slices.DeleteFunc(s.requests, func(r RawRequest) bool { return strings.Contains(r.Line, SentinelTarget) })
	s.requests = nil
	return taken
}

// SetAnswer changes the response to later requests.
func (s *RawService) SetAnswer(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// Values returns the values of a header, by its exact name.
func (r RawRequest) Values(name string) []string {
	var found []string
	for _, line := range r.Header {
		if before, value, _ := strings.Cut(line, ": "); before == name {
			found = append(found, value)
		}
	}
	return found
}

// PaygateHeaders returns the header lines whose names some server would take for Paygate's.
func (r RawRequest) PaygateHeaders() []string {
	fold := regexp.MustCompile(`[^a-z0-9]`)
	return slices.DeleteFunc(slices.Clone(r.Header), func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return !strings.HasPrefix(fold.ReplaceAllString(strings.ToLower(name), "-"), "paygate")
	})
}
