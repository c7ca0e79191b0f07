package proxying

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey/pay"

	"github.com/stretchr/testify/require"
)

// secret is in every private part of the requests and responses of these tests.
const secret = testserver.Sensitive

// privateHeaders are header lines of a client that a log must not contain.
const privateHeaders = "Cookie: sid=" + secret + "; paygate=" + secret + "\r\nAuthorization: Bearer " + secret +
	"\r\nUser-Agent: " + secret + "\r\nReferer: http://x/" + secret + "\r\nX-Forwarded-For: " + secret +
	"\r\nPaygate-Status: " + secret + "\r\nX-" + secret + ": " + secret + "\r\nOrigin: http://" + secret + "\r\n"

const privateForm = "name=" + secret + "&email=" + secret + "%40example.org&action=" + secret

// scriptedService sends every connection the same bytes, which a test can change.
type scriptedService struct {
	listener net.Listener
	mu       sync.Mutex
	answer   string
}

func newScriptedService(t *testing.T) *scriptedService {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &scriptedService{listener: listener, answer: testserver.PlainAnswer}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	return s
}

func (s *scriptedService) serve(conn net.Conn) {
	defer conn.Close()
	_, _ = conn.Read(make([]byte, 16<<10))
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	_, _ = io.WriteString(conn, answer)
}

func (s *scriptedService) setAnswer(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// brokenAnswers returns responses that net/http quotes in its errors.
func brokenAnswers() []string {
	return []string{
		"HTTP/1.1 " + secret + " OK\r\n\r\n", secret + "\r\n\r\n", "HTTP/" + secret + " 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n", "HTTP/1.1 200 OK\r\nSet-Cookie : " + secret + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + "\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + secret,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + secret + "\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 500 " + secret + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://%zz/" + secret + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 402 Pay\r\nPaygate-Price: " + secret + "\r\nContent-Length: 0\r\n\r\n", " ",
	}
}

// TestLogsContainNoSecrets runs journeys and failures with private input everywhere.
func TestLogsContainNoSecrets(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"debug", "info"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			service := newScriptedService(t)
			d := testserver.StartRawFor(t, "http://"+service.listener.Addr().String(), "PAYGATE_LOG_LEVEL="+level,
				"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret,
				"PAYGATE_ROUTE_REGISTER_PRICE=upstream", "PAYGATE_ROUTE_LICENCE_METADATA=name={form:name}",
				"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
			sendPrivateRequests(d)
			tickets := runPrivateJourneys(t, d, service)

			log := d.Log.String()
			require.Equal(t, level == "debug", strings.Contains(log, `"path":"/`+secret),
				"paths are for debugging only")
			log = testserver.WithoutPaths(log)
			require.Contains(t, log, `"fact":"delivered"`)
			require.Contains(t, log, "the service does not answer")
			require.Equal(t, level == "debug", strings.Contains(log, `"level":"DEBUG"`))
			for _, unwanted := range append(tickets, secret, "secretkey", "/secure/", "example.org",
				testserver.Secret32(1), testserver.AnnsToken, testserver.WebhookSecret) {
				_, value, _ := strings.Cut(unwanted, "=")
				for line := range strings.Lines(log) {
					require.NotContains(t, strings.ToLower(line), strings.ToLower(unwanted))
					require.False(t, len(value) > 20 && strings.Contains(line, value), line)
				}
			}
		})
	}
}

// sendPrivateRequests sends requests that Paygate passes, refuses or cannot read.
func sendPrivateRequests(d *testserver.RawClient) {
	for _, line := range []string{
		"GET /" + secret + "?" + secret, "POST /" + secret + "/%zz",
		"GET /licences//apply?" + secret, "POST /licences//apply?" + secret,
		"POST /licences/apply/" + secret, secret + " /", "TRACE /" + secret,
		"GET http://" + secret + "/", "GET /_pay/" + secret,
		"GET /_pay/status?" + secret, "POST /_pay/again?" + secret,
		"GET /x?paygate-reply=" + secret, "GET /_pay/assets/" + secret,
		"GET /register/" + secret + "?" + secret,
		"GET /" + secret + "\x01", "GET /" + secret + " HTTP/9.9 ",
		"CONNECT " + secret + ":443",
	} {
		d.Send(testserver.Request(line, testserver.FormType+privateHeaders, privateForm))
		d.Send(line + " HTTP/1.1\r\nHost: " + secret + "\x00\r\n" + secret + "\r\n\r\n")
	}
	d.Send("POST /free HTTP/1.1\r\nHost: apply.example.org\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + "\r\n")
	d.Send(testserver.Request("POST /_pay/webhook", "Pay-Signature: "+secret+"\r\n", `{"resource_id":"`+secret+`"}`))
	genuine := `{"webhook_message_id":"` + secret + `","resource_id":"` + secret + `"}`
	signature := "Pay-Signature: " + pay.Sign(testserver.WebhookSecret, []byte(genuine)) + "\r\n"
	d.Send(testserver.Request("POST /_pay/webhook", signature, genuine))
	d.Send(testserver.Request("POST /licences/priced?x="+secret, testserver.FormType+privateHeaders, "licence="+secret))
}

// runPrivateJourneys runs journeys with faults of Pay and of the service, and returns their tickets and addresses.
func runPrivateJourneys(t *testing.T, d *testserver.RawClient, service *scriptedService) (tickets []string) {
	t.Helper()
	hold := func(query string) testserver.RawResponse {
		return d.Send(testserver.Request("POST /licences/apply?q="+secret+query,
			testserver.FormType+privateHeaders, privateForm+query)).Answers[0]
	}
	pays := func() {
		payments := d.Pay.Payments()
		require.NoError(t, d.Pay.Pay(payments[len(payments)-1].ID, "success"))
	}
	returns := func(held testserver.RawResponse) { d.ReturnFromPay(privateHeaders + "Cookie: " + held.Ticket()) }
	get := func(target string) {
		d.Send("GET " + target + "?" + secret + " HTTP/1.1\r\nHost: apply.example.org\r\n" + privateHeaders + "\r\n")
	}

	for _, fault := range []string{"500", "429", "reset", "html", "garbage", "huge", "hostile_next_url"} {
		d.Pay.AddFault(paysim.Fault{Call: "create", Kind: fault, Times: 1})
		hold("&fault=" + fault)
	}
	for i, answer := range brokenAnswers() {
		held := hold("&n=" + strconv.Itoa(i))
		require.Equal(t, http.StatusSeeOther, held.Status)
		tickets = append(tickets, held.Ticket(), held.Header.Get("Location"))
		pays()
		service.setAnswer(answer)
		d.Send(testserver.Request("POST /free?"+secret, testserver.FormType+privateHeaders, privateForm))
		get("/free")
		get("/register/2026")
		returns(held)
	}
	service.setAnswer(testserver.PlainAnswer)
	done := hold("&good")
	pays()
	d.Pay.AddFault(paysim.Fault{Call: "get", Kind: "garbage", Times: 1})
	returns(done)
	returns(done)
	require.NoError(t, service.listener.Close())
	get("/free")
	down := hold("&down")
	pays()
	returns(down)
	return tickets
}
