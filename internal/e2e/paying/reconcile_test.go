package paying

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/journey"
	"paygate/journey/export"
	"paygate/journey/reconcile"
)

// compared orders a comparison.
func compared(t *testing.T, h *testserver.Harness, body any) (r reconcile.Report, text string) {
	t.Helper()
	p := h.Ann().Do(http.MethodPost, "/reconcile", body)
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	require.NoError(t, json.Unmarshal([]byte(p.Text), &r))
	return r, p.Text
}

func TestStaffCompareAndAdopt(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	ann := h.Ann()
	require.Equal(t, http.StatusNotFound, ann.Do(http.MethodGet, "/reconcile", nil).Status, "nothing was compared yet")
	require.Contains(t, ann.Do(http.MethodGet, "/reconcile", nil, "Accept", testserver.AcceptHTML).Text,
		"Nothing has been compared yet")
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	c.ReturnFromPay()
	_, text := compared(t, h, nil)
	require.Contains(t, text, `"checked":1,"differences":[]}`)

	id := h.UnknownPayment(testserver.PayKey, "=LOST-1")
	created := h.Payments()[1].Created
	report, text := compared(t, h, nil)
	var shape map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(text), &shape))
	require.Len(t, shape, 4)
	require.JSONEq(t, `[{"kind":"unknown_here","account":"","payment_id":"`+id+`","journey_id":"","reference":"=LOST-1",
		"amount_pence":2500,"here":"","at_pay":"capturable","reserved_until":"`+
		created.Add(120*time.Hour).Format("2006-01-02T15:04:05Z")+`"}]`, string(shape["differences"]))
	require.Equal(t, text, ann.Do(http.MethodGet, "/reconcile", nil).Text, "the last comparison is kept")
	require.Equal(t, "1", h.Metric(t, `paygate_reconcile_differences{kind="unknown_here"}`))
	require.Equal(t, "0", h.Metric(t, `paygate_reconcile_differences{kind="state"}`))
	require.NotEmpty(t, h.Metric(t, "paygate_reconcile_last_success_seconds"))
	page := ann.Do(http.MethodGet, "/reconcile", nil, "Accept", testserver.AcceptHTML).Text
	require.Contains(t, page, "Payments that no journey here has")
	require.Contains(t, page, id)

	order := map[string]any{"payment_id": id, "reason": "restored a backup"}
	p := ann.Do(http.MethodPost, "/reconcile/adopt", order)
	require.Equal(t, http.StatusConflict, p.Status)
	require.Contains(t, p.Text, "less than three hours old")
	h.Pay.Advance(3*time.Hour + time.Minute)
	require.Equal(t, http.StatusUnprocessableEntity,
		ann.Do(http.MethodPost, "/reconcile/adopt", map[string]any{"payment_id": id}).Status, "a reason is needed")
	require.Equal(t, http.StatusNotFound, ann.Do(http.MethodPost, "/reconcile/adopt",
		map[string]any{"payment_id": "hu20sqlact5260q2nanm0q8u93", "reason": "a typing error"}).Status)
	p = ann.Do(http.MethodPost, "/reconcile/adopt", order)
	require.Equal(t, http.StatusOK, p.Status, p.Text)
	var adopted export.Whole
	require.NoError(t, json.Unmarshal([]byte(p.Text), &adopted))
	require.Equal(t, journey.StateStuck, adopted.State)
	require.Equal(t, map[string]string{"ledger": "4711"}, adopted.Metadata)
	require.Equal(t, "staff:ann", string(adopted.History[0].By))
	require.Equal(t, "restored a backup", adopted.History[0].Detail)
	require.Equal(t, http.StatusConflict, ann.Do(http.MethodPost, "/reconcile/adopt", order).Status, "once only")

	_, status, _ := ann.Order(string(adopted.ID), "settle", testserver.WithReason("as", "retry"))
	require.Equal(t, http.StatusConflict, status)
	_, status, _ = ann.Order(string(adopted.ID), "release", testserver.WithReason())
	require.Equal(t, http.StatusConflict, status)
	page = ann.Do(http.MethodGet, "/journeys/"+string(adopted.ID), nil, "Accept", testserver.AcceptHTML).Text
	require.Contains(t, page, "A person adopted a payment that only GOV.UK Pay knew")
	require.NotContains(t, page, `value="retry"`)
	settled, status, text := ann.Order(string(adopted.ID), "settle", testserver.WithReason("as", "reversed"))
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, journey.StateReversed, settled.State)
	require.Equal(t, "cancelled", h.Payments()[1].Status)
	require.Len(t, h.Service.Requests(http.MethodPost), 1, "nothing was sent for it")
	report, _ = compared(t, h, nil)
	require.Empty(t, report.Differences)
}

// Days are days in the United Kingdom. In JSON the last one is not included, on the page it is; one day is that day.
func TestComparedDays(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	id := h.UnknownPayment(testserver.PayKey, "LOST-1")
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	day := func(n int) string { return h.Payments()[0].Created.In(london).AddDate(0, 0, n).Format(time.DateOnly) }
	require.NoError(t, h.Pay.Correct(id, "success", ""))
	h.Pay.Advance(40 * 24 * time.Hour)
	found := func(from, to string) int {
		r, _ := compared(t, h, map[string]any{"from": from, "to": to})
		return len(r.Differences)
	}
	require.Equal(t, 1, found(day(0), day(0)))
	require.Equal(t, 1, found(day(0), day(1)))
	require.Equal(t, 0, found(day(-1), day(0)))
	require.Equal(t, 0, found(day(1), ""))
	require.Equal(t, 0, found("", ""), "the last 8 days")

	form := url.Values{"from": {day(-1)}, "to": {day(0)}}.Encode()
	p := h.Ann().Do(http.MethodPost, "/reconcile", form,
		"Content-Type", "application/x-www-form-urlencoded", "Accept", testserver.AcceptHTML)
	require.Equal(t, http.StatusSeeOther, p.Status, p.Text)
	require.Contains(t, h.Ann().Do(http.MethodGet, "/reconcile", nil).Text, id)
	require.Equal(t, http.StatusUnprocessableEntity,
		h.Ann().Do(http.MethodPost, "/reconcile", "from", "Content-Type", "text/plain").Status)
	for _, wrong := range []string{
		`{"from":"yesterday"}`, `{"from":"2026-11-22","to":"2026-11-20"}`, `{"until":"2026-11-22"}`,
		`{"account":"parking"}`,
	} {
		require.Equal(t, http.StatusUnprocessableEntity, h.Ann().Do(http.MethodPost, "/reconcile", wrong).Status, wrong)
	}
}

func TestEachAccountIsCompared(t *testing.T) {
	t.Parallel()
	h := newWithAccounts(t)
	first := h.UnknownPayment(testserver.PayKey, "LOST-1")
	second := h.UnknownPayment(finesKey, "LOST-2")
	for account, ids := range map[string][]string{"": {first, second}, "default": {first}, "fines": {second}} {
		order := map[string]any{}
		if account != "" {
			order["account"] = account
		}
		r, _ := compared(t, h, order)
		var found []string
		for _, d := range r.Differences {
			found = append(found, d.PaymentID)
		}
		require.Equal(t, ids, found, account)
	}
}

func TestDailyComparisonTellsStaff(t *testing.T) {
	t.Parallel()
	channel := testserver.NewChannel(t)
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_ALERT_WEBHOOK="+channel.Server.URL)
	h.UnknownPayment(testserver.PayKey, "SECRET-REFERENCE")
	require.NoError(t, h.App.Reconcile(t.Context()))
	require.ErrorIs(t, h.App.Reconcile(t.Context()), reconcile.ErrNotDue)
	require.NoError(t, h.App.Alert(t.Context()))
	require.Len(t, channel.Messages(), 1)
	require.Contains(t, channel.Messages()[0],
		"The comparison with GOV.UK Pay found 1 difference at the default account.")
	require.NotContains(t, channel.Messages()[0], "SECRET-REFERENCE")
	require.Contains(t, h.Ann().Do(http.MethodGet, "/", nil, "Accept", testserver.AcceptHTML).Text,
		"The last daily comparison found 1 difference<")
	require.Equal(t, "1", h.Metric(t, `paygate_reconcile_differences{kind="unknown_here"}`))
	h.RestartUnchanged()
	require.Equal(t, "1", h.Metric(t, `paygate_reconcile_differences{kind="unknown_here"}`), "the result is kept")
	h.Pay.Advance(24 * time.Hour)
	require.NoError(t, h.App.Reconcile(t.Context()))
	require.NotContains(t, h.Log.String(), "SECRET-REFERENCE")
}

func TestNoDailyComparison(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm, "PAYGATE_RECONCILE_AT=off")
	require.Empty(t, h.Metric(t, `paygate_reconcile_differences{kind="state"}`))
	compared(t, h, nil)
}

// Citizens pay and come back, and staff refund, while Paygate compares: that makes no differences.
func TestComparisonDuringPayments(t *testing.T) {
	t.Parallel()
	h := testserver.NewWithPay(t, testserver.UnlimitedPay, testserver.Confirm)
	var citizens sync.WaitGroup
	for n := range 4 {
		citizens.Go(func() {
			for range 8 {
				c := h.Citizen()
				c.Post([]string{"/licences/apply", "/fines/pay"}[n%2], url.Values{"name": {"Ann"}})
				began := c.Journeys()[0]
				i := slices.IndexFunc(h.Payments(),
					func(p paysim.PaymentView) bool { return p.Reference == began.Reference })
				if err := h.Pay.Pay(h.Payments()[i].ID, []string{"success", "declined"}[n/3]); err != nil {
					t.Error(err)
				}
				c.ReturnFromPay()
				if n < 2 {
					h.Ann().Order(began.ID, "refund", testserver.WithReason("amount_pence", 500))
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { citizens.Wait(); close(done) }()
	for comparing := true; comparing; {
		select {
		case <-done:
			comparing = false
		default:
		}
		report, _ := compared(t, h, nil)
		require.Empty(t, report.Differences)
	}
	require.Len(t, h.Payments(), 32)
}
