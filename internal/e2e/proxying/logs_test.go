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
		"HTTP/1.1 " + testserver.Hushed + " OK\r\n\r\n", testserver.Hushed + "\r\n\r\n",
		"HTTP/" + testserver.Hushed + " 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n" + testserver.Hushed + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nSet-Cookie : " + testserver.Hushed + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + testserver.Hushed + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + testserver.Hushed + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + testserver.Hushed + "\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + testserver.Hushed,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + testserver.Hushed + "\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 500 " + testserver.Hushed + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://%zz/" + testserver.Hushed + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 402 Pay\r\nPaygate-Price: " + testserver.Hushed + "\r\nContent-Length: 0\r\n\r\n", " ",
	}
}

// TestLogsContainNoSecrets goes through journeys and accidents with hostile and private input everywhere.
func TestLogsContainNoSecrets(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"debug", "info"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			service := newMoodyService(t)
			d := testserver.OpenRawTo(t, "http://"+service.listener.Addr().String(), "PAYGATE_LOG_LEVEL="+level,
				"PAYGATE_PAY_WEBHOOK_SECRETS="+testserver.WebhookSecret,
				"PAYGATE_ROUTE_REGISTER_PRICE=upstream", "PAYGATE_ROUTE_LICENCE_METADATA=name={form:name}",
				"PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
			private := "Cookie: sid=" + testserver.Hushed + "; paygate=" + testserver.Hushed +
				"\r\nAuthorization: Bearer " + testserver.Hushed + "\r\nUser-Agent: " + testserver.Hushed +
				"\r\nReferer: http://x/" + testserver.Hushed +
				"\r\nX-Forwarded-For: " + testserver.Hushed + "\r\nPaygate-Status: " + testserver.Hushed + "\r\nX-" +
				testserver.Hushed + ": " + testserver.Hushed + "\r\nOrigin: http://" + testserver.Hushed + "\r\n"
			form := "name=" + testserver.Hushed + "&email=" + testserver.Hushed + "%40example.org&action=" +
				testserver.Hushed
			hold := func(query, more string) testserver.RawResponse {
				return d.Speak(testserver.WithForm("POST /licences/apply?q="+testserver.Hushed+query,
					testserver.FormType+private+more, form+query)).Answers[0]
			}
			returns := func(ticket string) {
				d.ComesBack(private + "Cookie: " + ticket)
			}

			for _, line := range []string{
				"GET /" + testserver.Hushed + "?" + testserver.Hushed, "POST /" + testserver.Hushed + "/%zz",
				"GET /licences//apply?" + testserver.Hushed, "POST /licences//apply?" + testserver.Hushed,
				"POST /licences/apply/" + testserver.Hushed, testserver.Hushed + " /", "TRACE /" + testserver.Hushed,
				"GET http://" + testserver.Hushed + "/", "GET /_pay/" + testserver.Hushed,
				"GET /_pay/status?" + testserver.Hushed, "POST /_pay/again?" + testserver.Hushed,
				"GET /x?paygate-reply=" + testserver.Hushed, "GET /_pay/assets/" + testserver.Hushed,
				"GET /register/" + testserver.Hushed + "?" + testserver.Hushed,
				"GET /" + testserver.Hushed + "\x01", "GET /" + testserver.Hushed + " HTTP/9.9 ",
				"CONNECT " + testserver.Hushed + ":443",
			} {
				d.Speak(testserver.WithForm(line, testserver.FormType+private, form))
				d.Speak(line + " HTTP/1.1\r\nHost: " + testserver.Hushed + "\x00\r\n" + testserver.Hushed + "\r\n\r\n")
			}
			d.Speak("POST /free HTTP/1.1\r\nHost: apply.example\r\nTransfer-Encoding: chunked\r\n\r\n" +
				testserver.Hushed + "\r\n")
			d.Speak(testserver.WithForm("POST /_pay/webhook", "Pay-Signature: "+testserver.Hushed+"\r\n",
				`{"resource_id":"`+testserver.Hushed+`"}`))
			genuine := `{"webhook_message_id":"` + testserver.Hushed + `","resource_id":"` + testserver.Hushed + `"}`
			d.Speak(testserver.WithForm("POST /_pay/webhook",
				"Pay-Signature: "+pay.Sign(testserver.WebhookSecret, []byte(genuine))+"\r\n", genuine))
			d.Speak(testserver.WithForm("POST /licences/priced?x="+testserver.Hushed, testserver.FormType+private,
				"licence="+testserver.Hushed))

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
				d.Speak(testserver.WithForm("POST /free?"+testserver.Hushed, testserver.FormType+private, form))
				d.Speak("GET /free?" + testserver.Hushed + " HTTP/1.1\r\nHost: apply.example\r\n" + private + "\r\n")
				d.Speak("GET /register/2026?" + testserver.Hushed + " HTTP/1.1\r\nHost: apply.example\r\n" + private +
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
			d.Speak("GET /free?" + testserver.Hushed + " HTTP/1.1\r\nHost: apply.example\r\n" + private + "\r\n")
			down := hold("&down", "")
			payments = d.Pay.Payments()
			require.NoError(t, d.Pay.Pay(payments[len(payments)-1].ID, "success"))
			returns(testserver.CookieOf(down))

			log := d.Log.String()
			require.Contains(t, log, `"fact":"delivered"`)
			require.Contains(t, log, "the service does not answer")
			require.Equal(t, level == "debug", strings.Contains(log, `"level":"DEBUG"`))
			for _, secret := range append(tickets, testserver.Hushed, "secretkey", "/secure/", "example.org",
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
