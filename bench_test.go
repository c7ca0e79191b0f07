package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// BenchmarkHold is a form that is held and sent to Pay: two durable writes and one call.
func BenchmarkHold(b *testing.B) {
	h := newHouse(b, confirms)
	for b.Loop() {
		c := h.citizen()
		if p := c.post("/licences/apply", url.Values{"name": {"Ann"}}); p.status != http.StatusSeeOther {
			b.Fatal(p.status)
		}
	}
}

// BenchmarkReturn is a paid citizen coming back: asked, claimed, delivered, captured, all stored, and shown.
func BenchmarkReturn(b *testing.B) {
	h := newHouse(b, confirms)
	for b.Loop() {
		b.StopTimer()
		c := h.citizen()
		c.post("/licences/apply", url.Values{"name": {"Ann"}})
		h.pays("success")
		b.StartTimer()
		if p := c.get(c.get("/_pay/return").to()); !strings.Contains(p.to(), "confirmation") {
			b.Fatal(p.status, p.text)
		}
	}
}
