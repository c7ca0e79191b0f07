package proxying

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"paygate/internal/testserver"
)

// BenchmarkHold measures holding a form and creating its payment: two durable writes and one call to Pay.
func BenchmarkHold(b *testing.B) {
	h := testserver.New(b, testserver.Confirm)
	for b.Loop() {
		c := h.Citizen()
		if p := c.Post("/licences/apply", url.Values{"name": {"Ann"}}); p.Status != http.StatusSeeOther {
			b.Fatal(p.Status)
		}
	}
}

// BenchmarkReturn measures the return of a citizen who has paid, up to the page of the service.
func BenchmarkReturn(b *testing.B) {
	h := testserver.New(b, testserver.Confirm)
	for b.Loop() {
		b.StopTimer()
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		h.EndPayment("success")
		b.StartTimer()
		if p := c.Get(c.Get("/_pay/return").Location()); !strings.Contains(p.Location(), "confirmation") {
			b.Fatal(p.Status, p.Text)
		}
	}
}
