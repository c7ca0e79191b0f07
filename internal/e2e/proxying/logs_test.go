package proxying

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey/pay"

	"github.com/stretchr/testify/require"
)

// moodyService answers with bytes that are changed in the course of a test.
type moodyService struct {
	listener net.Listener
	mu       sync.Mutex
	answer   string
}

func newMoodyService(t *testing.T) *moodyService {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &moodyService{listener: listener, answer: testserver.PlainAnswer}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				buffer := make([]byte, 16<<10)
				_, _ = conn.Read(buffer)
				_, _ = io.WriteString(conn, s.say(""))
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	return s
}

// say changes the answer, where one is given, and tells what it is.
func (s *moodyService) say(answer string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer != "" {
		s.answer = answer
	}
	return s.answer
}

// brokenAnswers are what net/http quotes in its errors.
func brokenAnswers() []string {
	return []string{
		"HTTP/1.1 " + testserver.Sensitive + " OK\r\n\r\n", testserver.Sensitive + "\r\n\r\n",
		"HTTP/" + testserver.Sensitive + " 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n" + testserver.Sensitive + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nSet-Cookie : " + testserver.Sensitive + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + testserver.Sensitive + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + testserver.Sensitive + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + testserver.Sensitive + "\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + testserver.Sensitive,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + testserver.Sensitive + "\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 500 " + testserver.Sensitive + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://%zz/" + testserver.Sensitive + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 402 Pay\r\nPaygate-Price: " + testserver.Sensitive + "\r\nContent-Length: 0\r\n\r\n", " ",
	}
}

// TestLogsContainNoSecrets goes through journeys and accidents with hostile and private input everywhere.
func TestLogsContainNoSecrets(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"debug", "info"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			service := newMoodyService(t)
			d := testserver.StartRawFor(t, "http://"+service.listener.Addr().String(), "PAYGATE_LOG_LEVEL="+level,
				"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret,
				"PAYGATE_ROUTE_REGISTER_PRICE=upstream", "PAYGATE_ROUTE_LICENCE_METADATA=name={form:name}",
				"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
			private := "Cookie: sid=" + testserver.Sensitive + "; paygate=" + testserver.Sensitive +
				"\r\nAuthorization: Bearer " + testserver.Sensitive + "\r\nUser-Agent: " + testserver.Sensitive +
				"\r\nReferer: http://x/" + testserver.Sensitive +
				"\r\nX-Forwarded-For: " + testserver.Sensitive + "\r\nPaygate-Status: " + testserver.Sensitive + "\r\nX-" +
				testserver.Sensitive + ": " + testserver.Sensitive + "\r\nOrigin: http://" + testserver.Sensitive + "\r\n"
			form := "name=" + testserver.Sensitive + "&email=" + testserver.Sensitive + "%40example.org&action=" +
				testserver.Sensitive
			hold := func(query, more string) testserver.RawResponse {
				return d.Send(testserver.Request("POST /licences/apply?q="+testserver.Sensitive+query,
					testserver.FormType+private+more, form+query)).Answers[0]
			}
			returns := func(ticket string) {
				d.ReturnFromPay(private + "Cookie: " + ticket)
			}

			for _, line := range []string{
				"GET /" + testserver.Sensitive + "?" + testserver.Sensitive, "POST /" + testserver.Sensitive + "/%zz",
				"GET /licences//apply?" + testserver.Sensitive, "POST /licences//apply?" + testserver.Sensitive,
				"POST /licences/apply/" + testserver.Sensitive, testserver.Sensitive + " /", "TRACE /" + testserver.Sensitive,
				"GET http://" + testserver.Sensitive + "/", "GET /_pay/" + testserver.Sensitive,
				"GET /_pay/status?" + testserver.Sensitive, "POST /_pay/again?" + testserver.Sensitive,
				"GET /x?paygate-reply=" + testserver.Sensitive, "GET /_pay/assets/" + testserver.Sensitive,
				"GET /register/" + testserver.Sensitive + "?" + testserver.Sensitive,
				"GET /" + testserver.Sensitive + "\x01", "GET /" + testserver.Sensitive + " HTTP/9.9 ",
				"CONNECT " + testserver.Sensitive + ":443",
			} {
				d.Send(testserver.Request(line, testserver.FormType+private, form))
				d.Send(line + " HTTP/1.1\r\nHost: " + testserver.Sensitive + "\x00\r\n" + testserver.Sensitive + "\r\n\r\n")
			}
			d.Send("POST /free HTTP/1.1\r\nHost: apply.example\r\nTransfer-Encoding: chunked\r\n\r\n" +
				testserver.Sensitive + "\r\n")
			d.Send(testserver.Request("POST /_pay/webhook", "Pay-Signature: "+testserver.Sensitive+"\r\n",
				`{"resource_id":"`+testserver.Sensitive+`"}`))
			genuine := `{"webhook_message_id":"` + testserver.Sensitive + `","resource_id":"` + testserver.Sensitive + `"}`
			d.Send(testserver.Request("POST /_pay/webhook",
				"Pay-Signature: "+pay.Sign(testserver.WebhookSecret, []byte(genuine))+"\r\n", genuine))
			d.Send(testserver.Request("POST /licences/priced?x="+testserver.Sensitive, testserver.FormType+private,
				"licence="+testserver.Sensitive))

			var tickets []string
			for _, fault := range []string{"500", "429", "reset", "html", "garbage", "huge", "hostile_next_url"} {
				d.Pay.AddFault(paysim.Fault{Call: "create", Kind: fault, Times: 1})
				hold("&fault="+fault, "")
			}
			for i, answer := range brokenAnswers() {
				held := hold("&n="+testserver.Itoa(i), "")
				require.Equal(t, http.StatusSeeOther, held.Status)
				tickets = append(tickets, testserver.CookieOf(held), held.Header.Get("Location"))
				payments := d.Pay.Payments()
				require.NoError(t, d.Pay.Pay(payments[len(payments)-1].ID, "success"))
				service.say(answer)
				d.Send(testserver.Request("POST /free?"+testserver.Sensitive, testserver.FormType+private, form))
				d.Send("GET /free?" + testserver.Sensitive + " HTTP/1.1\r\nHost: apply.example\r\n" + private + "\r\n")
				d.Send("GET /register/2026?" + testserver.Sensitive + " HTTP/1.1\r\nHost: apply.example\r\n" + private +
					"\r\n")
				returns(testserver.CookieOf(held))
			}
			service.say(testserver.PlainAnswer)
			done := hold("&good", "")
			payments := d.Pay.Payments()
			require.NoError(t, d.Pay.Pay(payments[len(payments)-1].ID, "success"))
			d.Pay.AddFault(paysim.Fault{Call: "get", Kind: "garbage", Times: 1})
			returns(testserver.CookieOf(done))
			returns(testserver.CookieOf(done))
			require.NoError(t, service.listener.Close())
			d.Send("GET /free?" + testserver.Sensitive + " HTTP/1.1\r\nHost: apply.example\r\n" + private + "\r\n")
			down := hold("&down", "")
			payments = d.Pay.Payments()
			require.NoError(t, d.Pay.Pay(payments[len(payments)-1].ID, "success"))
			returns(testserver.CookieOf(down))

			log := d.Log.String()
			require.Contains(t, log, `"fact":"delivered"`)
			require.Contains(t, log, "the service does not answer")
			require.Equal(t, level == "debug", strings.Contains(log, `"level":"DEBUG"`))
			for _, secret := range append(tickets, testserver.Sensitive, "secretkey", "/secure/", "example.org",
				testserver.Secret32(1), testserver.AnnsToken, testserver.WebhookSecret) {
				_, value, _ := strings.Cut(secret, "=")
				for line := range strings.Lines(log) {
					require.NotContains(t, strings.ToLower(line), strings.ToLower(secret))
					require.False(t, len(value) > 20 && strings.Contains(line, value), line)
				}
			}
		})
	}
}
