// Package metrics counts what Paygate does, for Prometheus, under the names that dashboards and alerts rely on. Other
// packages report through hooks. What is open, due and stuck is read from the store when Prometheus asks.
package metrics

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"paygate/journey"
)

// Store is the part of a store that is read when Prometheus asks.
type Store interface {
	// CountOpen counts the journeys that are not at rest, by state.
	CountOpen(context.Context) (map[journey.State]int, error)
	// OldestDue returns the due time of the journey that has been due longest. It reports false if there is none.
	OldestDue(context.Context) (time.Time, bool, error)
	// OwedBack lists journeys whose citizens wait for their money, the longest waiting first.
	OwedBack(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error)
	// DueToTell lists journeys with messages that wait, the longest waiting first.
	DueToTell(ctx context.Context, until time.Time, after journey.Due, limit int) ([]journey.Due, error)
	// Damaged lists the journeys that were set aside because they are damaged.
	Damaged(context.Context) ([]journey.ID, error)
}

// Metrics counts what Paygate does. Its methods are hooks for other packages, and are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	entered    *prometheus.CounterVec
	money      *prometheus.CounterVec
	swept      *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	service    prometheus.Histogram
	payCalls   *prometheus.CounterVec
	payTime    prometheus.Histogram
	requests   *prometheus.CounterVec
	answers    *prometheus.CounterVec
	answerTime *prometheus.HistogramVec
	inFlight   prometheus.Gauge
	webhooks   *prometheus.CounterVec
	lost       *prometheus.CounterVec
	shadowed   *prometheus.CounterVec
	messages   *prometheus.CounterVec
}

// seconds are the buckets of the histograms: from a fast answer to the longest timeout.
var seconds = []float64{.005, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// New returns Metrics for these routes and accounts, with a registry of their own.
func New(store Store, routes, accounts []string, now func() time.Time) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "paygate_" + name, Help: help}, labels)
	}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "paygate_" + name, Help: help, Buckets: seconds})
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		entered:  counter("journeys_total", "Journeys that entered a state.", "route", "state"),
		money: counter("money_pence_total",
			"Pence that moved: taken, returned, returned beyond what was taken, and what was not after all.",
			"route", "what"),
		swept:      counter("mopup_total", "Journeys visited by sweeps, by result.", "result"),
		deliveries: counter("deliveries_total", "Requests sent to the service, by verdict.", "route", "verdict", "by"),
		service:    histogram("upstream_seconds", "How long the service took for a delivery."),
		payCalls: counter("pay_requests_total",
			"Requests to GOV.UK Pay, by status or Pay's code.", "account", "call", "code"),
		payTime:  histogram("pay_request_seconds", "How long GOV.UK Pay took."),
		requests: counter("requests_total", "Requests to the public listener.", "kind"),
		answers: counter("http_requests_total",
			"Requests to the public listener, by kind and status; 0: the client got no answer.", "kind", "code"),
		answerTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "paygate_http_request_seconds", Help: "How long requests to the public listener took.",
			Buckets: seconds,
		}, []string{"kind"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "paygate_http_in_flight", Help: "Requests to the public listener that are being answered.",
		}),
		webhooks: counter("webhooks_total", "Messages from GOV.UK Pay.", "result"),
		shadowed: counter("shadow_total",
			"Requests on routes in shadow mode, by what would have happened.", "route", "what"),
		messages: counter("messages_total", "Attempts to tell somebody something, by recipient.", "kind", "result"),
		lost: counter("collections_failed_total",
			"Payments confirmed by GOV.UK Pay that it could not collect although the service was given.", "route"),
	}
	m.registry.MustRegister(
		m.entered, m.money, m.swept, m.deliveries, m.service, m.payCalls, m.payTime, m.requests, m.webhooks,
		m.answers, m.answerTime, m.inFlight,
		m.lost, m.shadowed, m.messages, newFromStore(store, now),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.startAtZero(routes, accounts)
	return m
}

// startAtZero creates the counters of known label values, so that their first count is an increase.
func (m *Metrics) startAtZero(routes, accounts []string) {
	for _, result := range []string{"accepted", "duplicate", "unknown", "ignored", "bad_signature", "malformed"} {
		m.webhooks.WithLabelValues(result)
	}
	for _, kind := range []string{"pass_through", "pay", "own", "refused"} {
		m.requests.WithLabelValues(kind)
		m.answerTime.WithLabelValues(kind)
		for _, code := range []string{"200", "303", "402", "422", "429", "500", "502", "503", "504"} {
			m.answers.WithLabelValues(kind, code)
		}
	}
	for _, to := range journey.Recipients() {
		for _, result := range []string{"sent", "failed", "given_up"} {
			m.messages.WithLabelValues(string(to), result)
		}
	}
	for _, account := range accounts {
		m.startCallsAtZero(account)
	}
	for _, result := range []string{
		"visited", "released", "captured", "returned", "abandoned", "waiting", "stuck", "failed",
	} {
		m.swept.WithLabelValues(result)
	}
	for _, route := range routes {
		m.startJourneysAtZero(route)
		for _, what := range movements() {
			m.money.WithLabelValues(route, what)
		}
		m.lost.WithLabelValues(route)
		for _, what := range []string{"held", "priced", "refused"} {
			m.shadowed.WithLabelValues(route, what)
		}
	}
}

func (m *Metrics) startJourneysAtZero(route string) {
	for _, state := range journey.States() {
		m.entered.WithLabelValues(route, string(state))
	}
	for _, verdict := range []journey.Verdict{
		journey.VerdictAccepted, journey.VerdictRefused, journey.VerdictNotSent, journey.VerdictUnknown,
	} {
		for _, by := range []string{"return", "webhook", "mopup", "staff", "pass"} {
			m.deliveries.WithLabelValues(route, string(verdict), by)
		}
	}
}

// startCallsAtZero creates the counters that alerts look for: Pay does as it is asked, refuses all calls of an account,
// is down for maintenance (P0999), or does not answer.
func (m *Metrics) startCallsAtZero(account string) {
	for call, done := range map[string]string{
		"create": "201", "get": "200", "capture": "204", "cancel": "204", "refund": "202", "search": "200",
	} {
		for _, code := range append(journey.AccountRefusals(), "P0999", "unreachable", "500", "502",
			"503", "504", done) {
			m.payCalls.WithLabelValues(account, call, code)
		}
	}
}

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// Applied counts a state that a journey entered, and money that moved.
func (m *Metrics) Applied(a journey.Applied) {
	route := a.After.Terms.Route
	if a.Before.State != a.After.State {
		m.entered.WithLabelValues(route, string(a.After.State)).Inc()
	}
	if a.After.CollectionFailed && !a.Before.CollectionFailed {
		m.lost.WithLabelValues(route).Inc()
	}
	m.countMessage(a)
	pence := moved(a.Before, a.After)
	for _, what := range movements() {
		m.money.WithLabelValues(route, what).Add(float64(pence[what]))
	}
}

// countMessage counts an attempt to tell somebody something.
func (m *Metrics) countMessage(a journey.Applied) {
	id, result := "", ""
	switch f := a.Fact.(type) {
	case journey.MessageSent:
		id, result = f.ID, "sent"
	case journey.MessageFailed:
		id, result = f.ID, "failed"
	case journey.MessageGivenUp:
		id, result = f.ID, "given_up"
	}
	if message, found := a.Before.Message(id); found {
		m.messages.WithLabelValues(string(message.To), result).Inc()
	}
}

// movements are the ways in which money moves. What was counted as taken and could not be collected counts as
// uncollected as well; what was counted as returned by a refund that failed later, as refund_failed.
func movements() []string {
	return []string{"taken", "returned", "uncollected", "refund_failed", "over_refunded"}
}

// moved returns the money that was taken and given back in a step, and what turned out not to have been. Reserved money
// is neither.
func moved(before, after journey.Journey) map[string]int64 {
	known, pence := map[string]journey.Payment{}, map[string]int64{}
	for _, p := range before.Payments {
		known[p.ID] = p
	}
	for _, p := range after.Payments {
		was := known[p.ID]
		switch taken := p.Status == journey.StatusSuccess; {
		case taken && was.Status != journey.StatusSuccess:
			pence["taken"] += p.Total
		case !taken && was.Status == journey.StatusSuccess:
			pence["uncollected"] += was.Total
		}
		pence["returned"] += max(0, p.Refunded-was.Refunded)
		pence["refund_failed"] += max(0, was.Refunded-p.Refunded)
		pence["over_refunded"] += max(0, p.OverRefunded()-was.OverRefunded())
	}
	return pence
}

// Swept counts what a sweep did, by the names of its counts.
func (m *Metrics) Swept(counts map[string]int) {
	for result, n := range counts {
		m.swept.WithLabelValues(result).Add(float64(n))
	}
}

// Delivered counts a delivery.
func (m *Metrics) Delivered(route, via string, verdict journey.Verdict, took time.Duration) {
	m.deliveries.WithLabelValues(route, string(verdict), via).Inc()
	m.service.Observe(took.Seconds())
}

// PayCalled counts a request to GOV.UK Pay for an account.
func (m *Metrics) PayCalled(account, call, code string, took time.Duration) {
	m.payCalls.WithLabelValues(account, call, code).Inc()
	m.payTime.Observe(took.Seconds())
}

// RequestBegan counts a request to the public listener.
func (m *Metrics) RequestBegan(kind string) {
	m.requests.WithLabelValues(kind).Inc()
	m.inFlight.Inc()
}

// RequestEnded counts how a request to the public listener was answered; a status of 0 means that it was not.
func (m *Metrics) RequestEnded(kind string, status int, took time.Duration) {
	m.inFlight.Dec()
	m.answers.WithLabelValues(kind, strconv.Itoa(status)).Inc()
	m.answerTime.WithLabelValues(kind).Observe(took.Seconds())
}

// Shadowed counts what would have happened to a request on a route in shadow mode.
func (m *Metrics) Shadowed(route, what string) { m.shadowed.WithLabelValues(route, what).Inc() }

// WebhookReceived counts a message from GOV.UK Pay.
func (m *Metrics) WebhookReceived(result string) { m.webhooks.WithLabelValues(result).Inc() }
