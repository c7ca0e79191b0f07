package paying

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// sums are pence by account and day.
type sums map[string]int64

func (s sums) add(account, day string, pence int64) {
	if pence != 0 {
		s[strings.TrimSpace(account+" "+day)] += pence
	}
}

func (y *year) compare() {
	compared := y.h.Ann().Do(http.MethodPost, "/reconcile", map[string]string{
		"from": y.began.Format(time.DateOnly), "to": y.h.Now().AddDate(0, 0, 1).Format(time.DateOnly),
	})
	require.Equal(y.t, http.StatusOK, compared.Status, compared.Text)
	// What waits for a person is left.
	for _, kind := range []string{"unknown_here", "unknown_at_pay", "amount", "state", "refund"} {
		require.NotContains(y.t, compared.Text, `"kind":"`+kind+`"`)
	}
	taken, refunded := y.takenAtPay(), y.refundedAtPay()
	require.NotEmpty(y.t, taken)
	require.NotEmpty(y.t, refunded)
	takenHere, refundedHere, byRefund := sums{}, sums{}, sums{}
	for at := y.began; at.Before(y.h.Now().Add(48 * time.Hour)); at = at.AddDate(0, 0, 1) {
		day := at.In(y.london).Format(time.DateOnly)
		for _, row := range y.file("/export.csv?by=captured", day) {
			takenHere.add(row["account"], day, pence(row["taken_pence"]))
		}
		for _, row := range y.file("/refunds.csv?units=pence", day) {
			if row["status"] != "error" {
				refundedHere.add(row["account"], day, pence(row["amount_pence"]))
			}
		}
		for _, row := range y.file("/export.csv?by=refunded", day) {
			byRefund.add(row["account"], day, pence(row["refunded_pence"]))
		}
	}
	require.Equal(y.t, taken, takenHere)
	require.Equal(y.t, refunded, refundedHere)
	require.Equal(y.t, refunded, byRefund)
}

func pence(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// file returns the rows of a finance file for one day, by the names of the columns.
func (y *year) file(address, day string) (rows []map[string]string) {
	at, err := time.Parse(time.DateOnly, day)
	require.NoError(y.t, err)
	next := at.AddDate(0, 0, 1).Format(time.DateOnly)
	p := y.h.Ann().Do(http.MethodGet, address+"&from="+day+"&to="+next, nil)
	require.Equal(y.t, http.StatusOK, p.Status, p.Text)
	lines, err := csv.NewReader(strings.NewReader(p.Text)).ReadAll()
	require.NoError(y.t, err)
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// takenAtPay adds up what Pay's search lists as collected, by Pay's own days.
func (y *year) takenAtPay() sums {
	all := sums{}
	for account := range payKeys {
		var found struct {
			Results []struct {
				Amount     int64 `json:"amount"`
				Total      int64 `json:"total_amount"`
				Settlement struct {
					Captured string `json:"captured_date"`
				} `json:"settlement_summary"`
			}
		}
		y.search(account, "/v1/payments?state=success", &found)
		for _, p := range found.Results {
			require.NotEmpty(y.t, p.Settlement.Captured)
			all.add(account, p.Settlement.Captured, max(p.Amount, p.Total))
		}
	}
	return all
}

// refundedAtPay adds up the refunds that Pay's search lists, by days in the United Kingdom.
func (y *year) refundedAtPay() sums {
	all := sums{}
	for account := range payKeys {
		var found struct {
			Results []struct {
				Amount  int64     `json:"amount"`
				Status  string    `json:"status"`
				Created time.Time `json:"created_date"`
			}
		}
		y.search(account, "/v1/refunds?page=1", &found)
		for _, r := range found.Results {
			if r.Status != "error" {
				all.add(account, r.Created.In(y.london).Format(time.DateOnly), r.Amount)
			}
		}
	}
	return all
}

func (y *year) search(account, address string, into any) {
	p := y.h.Citizen().Get(y.h.PayURL+address, "Authorization", "Bearer "+payKeys[account])
	require.Equal(y.t, http.StatusOK, p.Status, p.Text)
	require.NoError(y.t, json.Unmarshal([]byte(p.Text), into))
}
