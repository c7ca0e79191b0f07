package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/journey/pay"
)

// hushed is in everything that a log must not have: queries, bodies, cookies, headers, names and addresses.
const hushed = "s3cr3t"

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
	s := &moodyService{listener: listener, answer: plainAnswer}
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
		"HTTP/1.1 " + hushed + " OK\r\n\r\n", hushed + "\r\n\r\n", "HTTP/" + hushed + " 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n" + hushed + "\r\n\r\n", "HTTP/1.1 200 OK\r\nSet-Cookie : " + hushed + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + hushed + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + hushed + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + hushed + "\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + hushed, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + hushed + "\r\nConnection: Upgrade\r\n\r\n", "HTTP/1.1 500 " + hushed + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://%zz/" + hushed + "\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 402 Pay\r\nPaygate-Price: " + hushed + "\r\nContent-Length: 0\r\n\r\n", " ",
	}
}

// TestNothingSecretIsInAnyLog goes through journeys and accidents with hostile and private input everywhere.
func TestNothingSecretIsInAnyLog(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"debug", "info"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			service := newMoodyService(t)
			d := openDoorTo(t, "http://"+service.listener.Addr().String(), "PAYGATE_LOG_LEVEL="+level, "PAYGATE_PAY_WEBHOOK_SECRETS="+webhookSecret,
				"PAYGATE_ROUTE_REGISTER_PRICE=upstream", "PAYGATE_ROUTE_LICENCE_METADATA=name={form:name}", "PAYGATE_ROUTE_LICENCE_RESUBMIT_FOR=1ms")
			private := "Cookie: sid=" + hushed + "; paygate=" + hushed + "\r\nAuthorization: Bearer " + hushed + "\r\nUser-Agent: " + hushed + "\r\nReferer: http://x/" + hushed +
				"\r\nX-Forwarded-For: " + hushed + "\r\nPaygate-Status: " + hushed + "\r\nX-" + hushed + ": " + hushed + "\r\nOrigin: http://" + hushed + "\r\n"
			form := "name=" + hushed + "&email=" + hushed + "%40example.org&action=" + hushed
			hold := func(query, more string) heard {
				return d.speak(withForm("POST /licences/apply?q="+hushed+query, formType+private+more, form+query)).answers[0]
			}
			returns := func(ticket string) {
				d.comesBack(private + "Cookie: " + ticket)
			}

			for _, line := range []string{
				"GET /" + hushed + "?" + hushed, "POST /" + hushed + "/%zz", "GET /licences//apply?" + hushed, "POST /licences//apply?" + hushed, "POST /licences/apply/" + hushed, hushed + " /", "TRACE /" + hushed,
				"GET http://" + hushed + "/", "GET /_pay/" + hushed, "GET /_pay/status?" + hushed, "POST /_pay/again?" + hushed, "GET /x?paygate-reply=" + hushed, "GET /_pay/assets/" + hushed, "GET /register/" + hushed + "?" + hushed,
				"GET /" + hushed + "\x01", "GET /" + hushed + " HTTP/9.9 ", "CONNECT " + hushed + ":443",
			} {
				d.speak(withForm(line, formType+private, form))
				d.speak(line + " HTTP/1.1\r\nHost: " + hushed + "\x00\r\n" + hushed + "\r\n\r\n")
			}
			d.speak("POST /free HTTP/1.1\r\nHost: apply.example\r\nTransfer-Encoding: chunked\r\n\r\n" + hushed + "\r\n")
			d.speak(withForm("POST /_pay/webhook", "Pay-Signature: "+hushed+"\r\n", `{"resource_id":"`+hushed+`"}`))
			genuine := `{"webhook_message_id":"` + hushed + `","resource_id":"` + hushed + `"}`
			d.speak(withForm("POST /_pay/webhook", "Pay-Signature: "+pay.Sign(webhookSecret, []byte(genuine))+"\r\n", genuine))
			d.speak(withForm("POST /licences/priced?x="+hushed, formType+private, "licence="+hushed))

			var tickets []string
			for _, fault := range []string{"500", "429", "reset", "html", "garbage", "huge", "hostile_next_url"} {
				d.pay.AddFault(paysim.Fault{Call: "create", Kind: fault, Times: 1})
				hold("&fault="+fault, "")
			}
			for i, answer := range brokenAnswers() {
				held := hold("&n="+itoa(i), "")
				require.Equal(t, http.StatusSeeOther, held.status)
				tickets = append(tickets, cookieOf(held), held.header.Get("Location"))
				payments := d.pay.Payments()
				require.NoError(t, d.pay.Pay(payments[len(payments)-1].ID, "success"))
				service.say(answer)
				d.speak(withForm("POST /free?"+hushed, formType+private, form))
				d.speak("GET /free?" + hushed + " HTTP/1.1\r\nHost: apply.example\r\n" + private + "\r\n")
				d.speak("GET /register/2026?" + hushed + " HTTP/1.1\r\nHost: apply.example\r\n" + private + "\r\n")
				returns(cookieOf(held))
			}
			service.say(plainAnswer)
			done := hold("&good", "")
			payments := d.pay.Payments()
			require.NoError(t, d.pay.Pay(payments[len(payments)-1].ID, "success"))
			d.pay.AddFault(paysim.Fault{Call: "get", Kind: "garbage", Times: 1})
			returns(cookieOf(done))
			returns(cookieOf(done))
			require.NoError(t, service.listener.Close())
			d.speak("GET /free?" + hushed + " HTTP/1.1\r\nHost: apply.example\r\n" + private + "\r\n")
			down := hold("&down", "")
			payments = d.pay.Payments()
			require.NoError(t, d.pay.Pay(payments[len(payments)-1].ID, "success"))
			returns(cookieOf(down))

			log := d.log.String()
			require.Contains(t, log, `"fact":"delivered"`)
			require.Contains(t, log, "the service does not answer")
			require.Equal(t, level == "debug", strings.Contains(log, `"level":"DEBUG"`))
			for _, secret := range append(tickets, hushed, "secretkey", "/secure/", "example.org", secret32(1), annsToken, webhookSecret) {
				_, value, _ := strings.Cut(secret, "=")
				for line := range strings.Lines(log) {
					require.NotContains(t, strings.ToLower(line), strings.ToLower(secret))
					require.False(t, len(value) > 20 && strings.Contains(line, value), line)
				}
			}
		})
	}
}
