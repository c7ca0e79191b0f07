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
	atPay, here := y.sumsAtPay(), y.sumsHere()
	for name := range atPay {
		require.NotEmpty(y.t, atPay[name], name)
		require.Equal(y.t, atPay[name], here[name], name)
	}
	require.Equal(y.t, here["refunds made"], here["refunded, by journey"])
}

// sumsHere adds up the finance files of each day.
func (y *year) sumsHere() map[string]sums {
	here := map[string]sums{}
	for name, c := range map[string]struct{ address, column string }{
		"captured":             {"/export.csv?by=captured", "taken_pence"},
		"settled":              {"/export.csv?by=settled", "taken_pence"},
		"net of what settled":  {"/export.csv?by=settled", "net_pence"},
		"refunds made":         {"/refunds.csv?units=pence", "amount_pence"},
		"refunds settled":      {"/refunds.csv?by=settled", "amount_pence"},
		"refunded, by journey": {"/export.csv?by=refunded", "refunded_pence"},
	} {
		here[name] = sums{}
		for at := y.began; at.Before(y.h.Now().Add(48 * time.Hour)); at = at.AddDate(0, 0, 1) {
			day := at.In(y.london).Format(time.DateOnly)
			for _, row := range y.file(c.address, day) {
				if row["status"] != "error" {
					here[name].add(row["account"], day, pence(row[c.column]))
				}
			}
		}
	}
	return here
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

// sumsAtPay adds up what the searches of Pay list: by Pay's own days, and those of refunds by days in the United
// Kingdom.
func (y *year) sumsAtPay() map[string]sums {
	captured, settled, net, made, paidOut := sums{}, sums{}, sums{}, sums{}, sums{}
	for account := range payKeys {
		var payments struct {
			Results []struct {
				Amount     int64 `json:"amount"`
				Total      int64 `json:"total_amount"`
				Net        int64 `json:"net_amount"`
				Settlement struct {
					Captured string `json:"captured_date"`
					Settled  string `json:"settled_date"`
				} `json:"settlement_summary"`
			}
		}
		y.search(account, "/v1/payments?state=success", &payments)
		for _, p := range payments.Results {
			captured.add(account, p.Settlement.Captured, max(p.Amount, p.Total))
			settled.add(account, p.Settlement.Settled, max(p.Amount, p.Total))
			net.add(account, p.Settlement.Settled, p.Net)
		}
		var refunds struct {
			Results []struct {
				Amount     int64     `json:"amount"`
				Status     string    `json:"status"`
				Created    time.Time `json:"created_date"`
				Settlement struct {
					Settled string `json:"settled_date"`
				} `json:"settlement_summary"`
			}
		}
		y.search(account, "/v1/refunds?page=1", &refunds)
		for _, r := range refunds.Results {
			if r.Status != "error" {
				made.add(account, r.Created.In(y.london).Format(time.DateOnly), r.Amount)
				paidOut.add(account, r.Settlement.Settled, r.Amount)
			}
		}
	}
	return map[string]sums{
		"captured": captured, "settled": settled, "net of what settled": net, "refunds made": made,
		"refunds settled": paidOut,
	}
}

func (y *year) search(account, address string, into any) {
	p := y.h.Citizen().Get(y.h.PayURL+address, "Authorization", "Bearer "+payKeys[account])
	require.Equal(y.t, http.StatusOK, p.Status, p.Text)
	require.NoError(y.t, json.Unmarshal([]byte(p.Text), into))
}
