package demo

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

// TestStoryOfACitizenWhoDoesNotComeBack follows one payment from the citizen's form to finance's file: the citizen pays
// and closes the browser, the form is delivered, an e-mail says so, staff refund a part, and the service hears of it.
func TestStoryOfACitizenWhoDoesNotComeBack(t *testing.T) {
	t.Parallel()
	port := startDemo(t, "-empty")
	v := newVisitor(t, port, testserver.BinaryContent(20_000))
	v.submitForm("Ann Other")
	v.payAndClose(addressOf(port + 2))

	a := adviser{browser.Open(t, addressOf(port+1)), t, addressOf(port + 1), addressOf(port + 2)}
	a.skip()
	require.Equal(t, 1, v.received("POST", "/licences/apply"), "it was delivered without the citizen")
	a.skip()
	a.requireEmail("ann@example.org", "£6.00")
	a.logIn()
	a.refund("Ann Other", "5.00")
	a.skip()
	a.requireEmail("£5.00")
	a.VisitPage(addressOf(port) + "/told")
	require.Contains(t, a.Text("main"), "refunded")
	require.Contains(t, a.Text("main"), "£5.00")
	a.Look("demo-told")
	a.agreeWithPay()
}

// payAndClose pays at the bank's page, and never follows the way back.
func (v visitor) payAndClose(pay string) {
	v.t.Helper()
	payments := paymentsAt(v.t, pay)
	answer, err := http.Post(pay+"/control/payments/"+payments[0].ID+"/pay", "application/json",
		strings.NewReader(`{"card":"4444333322221111"}`))
	require.NoError(v.t, err)
	require.NoError(v.t, answer.Body.Close())
	require.Equal(v.t, http.StatusOK, answer.StatusCode)
	v.Close()
}

func paymentsAt(t *testing.T, pay string) (all []paysim.PaymentView) {
	t.Helper()
	answer, err := http.Get(pay + "/control/payments")
	require.NoError(t, err)
	defer answer.Body.Close()
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&all))
	return all
}

// token is the one that the guide shows.
const token = "for-the-demo-only"

// adviser is a member of staff of the demo.
type adviser struct {
	browser.Tab
	t          *testing.T
	staff, pay string // the addresses of the staff listener and the simulated Pay
}

// skip presses the guide's button that skips 20 minutes.
func (a adviser) skip() {
	a.t.Helper()
	a.VisitPage("/guide")
	a.Do(browser.Click(`button[value="20m"]`), browser.See("#skipped"))
}

// requireEmail sees an e-mail with these words at the top of the inbox.
func (a adviser) requireEmail(words ...string) {
	a.t.Helper()
	a.VisitPage(a.pay + "/inbox")
	for _, word := range words {
		require.Contains(a.t, a.Text("main article"), word)
	}
	a.Look("demo-inbox")
}

func (a adviser) logIn() {
	a.VisitPage("/")
	a.Do(browser.Fill("#token", token), browser.Click("main button"), browser.See("nav"))
}

// refund finds the journey by the name that the citizen typed, and gives a part of the money back.
func (a adviser) refund(name, pounds string) {
	a.VisitPage("/journeys")
	a.Do(browser.Fill("#find", name), browser.Click("form[role=search] button"), browser.See(".paygate-timeline"),
		browser.Click("main a[href$='/refund']"), browser.See("#amount"),
		browser.Fill("#amount", pounds), browser.Fill("#reason", "the season was half over"),
		browser.Click("form[action$='/refund'] button"), browser.See(".govuk-warning-text"),
		browser.Click("form[action$='/refund'] button"), browser.See(".govuk-notification-banner"))
	require.Contains(a.t, a.Text("main"), "£"+pounds+" has been refunded")
}

// agreeWithPay compares finance's files with what the simulated Pay has, to the penny.
func (a adviser) agreeWithPay() {
	taken := a.sum("/export.csv?by=paid&from=2020-01-01&to=2099-01-01", "total_pence")
	refunded := a.sum("/refunds.csv?from=2020-01-01&to=2099-01-01", "amount_pence")
	var atPay, backAtPay int64
	for _, p := range paymentsAt(a.t, a.pay) {
		atPay, backAtPay = atPay+p.Total, backAtPay+p.Refunded
	}
	require.Equal(a.t, []int64{600, 500}, []int64{taken, refunded})
	require.Equal(a.t, []int64{taken, refunded}, []int64{atPay, backAtPay})
}

// sum adds up a column of a file that staff download.
func (a adviser) sum(address, column string) (sum int64) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.staff+address, nil)
	require.NoError(a.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(a.t, err)
	defer answer.Body.Close()
	rows, err := csv.NewReader(answer.Body).ReadAll()
	require.NoError(a.t, err)
	for i, name := range rows[0] {
		for _, row := range rows[1:] {
			if name == column {
				pence, err := strconv.ParseInt(row[i], 10, 64)
				require.NoError(a.t, err)
				sum += pence
			}
		}
	}
	return sum
}
