package paying

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
	"paygate/internal/testserver"
	"paygate/journey/pay"
)

func TestMetricsOfContract(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_WEBHOOK_SECRETS=a-webhook-secret")
	c := h.Citizen()
	c.Get("/page")
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	c.Post("/fines/pay", url.Values{})
	h.EndPayment("success")
	c.ReturnFromPay()
	id := c.Journeys()[0].ID
	_, status, _ := h.Ann().Order(id, "refund", testserver.WithReason("amount_pence", 500))
	require.Equal(t, http.StatusOK, status)
	h.Ann().Do(http.MethodPost, "/mopup", nil)
	body := []byte(`{"resource_id":"nobody"}`)
	c.Do(http.MethodPost, "/_pay/webhook", bytes.NewReader(body), "Pay-Signature", "00")
	c.Do(http.MethodPost, "/_pay/webhook", bytes.NewReader(body), "Pay-Signature", pay.Sign("a-webhook-secret", body))
	c.Post("/licences/apply/%2e%2e/apply", url.Values{})

	for name, wanted := range map[string]string{
		`paygate_journeys_total{route="licence",state="released"}`:                 "1",
		`paygate_journeys_total{route="licence",state="held"}`:                     "1",
		`paygate_journeys_total{route="immediate",state="confirmed"}`:              "1",
		`paygate_journeys_open{state="paying"}`:                                    "0",
		`paygate_stuck`:                                                            "0",
		`paygate_damaged`:                                                          "0",
		`paygate_oldest_due_seconds`:                                               "0",
		`paygate_money_pence_total{route="licence",what="taken"}`:                  "2500",
		`paygate_money_pence_total{route="immediate",what="taken"}`:                "3000",
		`paygate_money_pence_total{route="immediate",what="returned"}`:             "500",
		`paygate_mopup_total{result="visited"}`:                                    "0",
		`paygate_deliveries_total{by="return",route="licence",verdict="accepted"}`: "1",
		`paygate_pay_requests_total{account="default",call="create",code="201"}`:   "2",
		`paygate_pay_requests_total{account="default",call="capture",code="204"}`:  "1",
		`paygate_pay_requests_total{account="default",call="refund",code="202"}`:   "1",
		`paygate_upstream_seconds_count`:                                           "2",
		`paygate_requests_total{kind="pay"}`:                                       "2",
		`paygate_requests_total{kind="refused"}`:                                   "1",
		`paygate_webhooks_total{result="bad_signature"}`:                           "1",
		`paygate_webhooks_total{result="unknown"}`:                                 "1",
	} {
		require.Equal(t, wanted, h.Metric(t, name), name)
	}
	metrics := h.Ann().Do(http.MethodGet, "/metrics", nil).Text
	results := regexp.MustCompile(`paygate_webhooks_total\{result="([a-z_]+)"`)
	for _, result := range results.FindAllStringSubmatch(metrics, -1) {
		require.Contains(t, []string{"accepted", "duplicate", "unknown", "ignored", "bad_signature", "malformed"},
			result[1])
	}
	require.NotEmpty(t, h.Metric(t, `paygate_requests_total{kind="pass_through"}`))
	require.NotEmpty(t, h.Metric(t, `paygate_requests_total{kind="own"}`))
	require.NotEmpty(t, h.Metric(t, `paygate_pay_request_seconds_count`))
}

// TestAlertRules runs the tests of the rules with promtool.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		testenv.Missing(t, "promtool is not installed (Debian package prometheus)")
		return
	}
	for _, args := range [][]string{
		{"check", "rules", "paygate.rules.yaml"},
		{"test", "rules", "paygate.rules.test.yaml"},
	} {
		command := exec.CommandContext(t.Context(), promtool, args...)
		command.Dir = "../../../examples/prometheus"
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// TestAlertRulesUseExistingMetrics: an alert on an unknown metric never fires. Each alert needs a silent and a firing
// test.
func TestAlertRulesUseExistingMetrics(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	rules, err := os.ReadFile("../../../examples/prometheus/paygate.rules.yaml")
	require.NoError(t, err)
	c.ReturnFromPay()
	h.App.Identify("2.0.0", "unknown") // as the command does
	compared(t, h, nil)                // its age is known from the first comparison on
	text := h.Ann().Do(http.MethodGet, "/metrics", nil).Text
	names := regexp.MustCompile(`paygate_[a-z_]+`).FindAllString(string(rules), -1)
	require.Greater(t, len(names), 8)
	for _, name := range names {
		require.Contains(t, text, "# TYPE "+name+" ", name)
	}
	for line := range strings.Lines(string(rules)) {
		if alert, is := strings.CutPrefix(strings.TrimSpace(line), "- alert: "); is {
			tests, err := os.ReadFile("../../../examples/prometheus/paygate.rules.test.yaml")
			require.NoError(t, err)
			require.GreaterOrEqual(t, strings.Count(string(tests), "alertname: "+alert), 2,
				"%s is tested silent and firing", alert)
		}
	}
}

// TestDashboardAsksForWhatExists checks each query of the Grafana dashboard with promtool, and its metrics and labels
// against those of a running Paygate.
func TestDashboardAsksForWhatExists(t *testing.T) {
	t.Parallel()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		testenv.Missing(t, "promtool is not installed (Debian package prometheus)")
		return
	}
	text, err := os.ReadFile("../../../examples/grafana/paygate.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	h, c := testserver.NewWithPayment(t, testserver.Confirm)
	h.App.Identify("2.0.0", "unknown") // as the command does
	c.ReturnFromPay()
	compared(t, h, nil)
	metrics := h.Ann().Do(http.MethodGet, "/metrics", nil).Text

	rules, queries := "groups:\n- name: dashboard\n  rules:\n", 0
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			queries++
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			rules += fmt.Sprintf("  - {record: q%d, expr: %q}\n", queries, expr)
			for _, name := range regexp.MustCompile(`paygate_[a-z_]+`).FindAllString(expr, -1) {
				require.Regexp(t, `(?m)^`+name+`[{ ]`, metrics, "%s: %s", p.Title, name)
			}
			for _, labels := range regexp.MustCompile(`by \((.*?)\)`).FindAllStringSubmatch(expr, -1) {
				require.Contains(t, labels[1], "job, namespace", "%s: one service must not hide another", p.Title)
			}
			for _, label := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(target.LegendFormat, -1) {
				require.Contains(t, expr, label[1], p.Title)
			}
		}
	}
	require.Greater(t, queries, 15)
	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	require.NoError(t, os.WriteFile(file, []byte(rules), 0o600))
	out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
