package storage

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
	"paygate/internal/testwire"
)

// former is a citizen whose journey began under version 1. testdata/version1 has the store that version 1 wrote, as a
// file and, by its command move, as a database.
type former struct {
	*testserver.Citizen
	Name, Path, Cookie, Payment, Reference, Outcome string
	Amount                                          int64
	Reserve, Captured                               bool
	now                                             string // the payment at the simulated Pay of this test
}

// upgrade is this version on a store of version 1.
type upgrade struct {
	*testserver.Harness
	citizens map[string]*former
}

func upgraded(t *testing.T, kind testserver.StoreKind) *upgrade {
	t.Helper()
	justAfter := func() time.Time { return time.Date(2026, 12, 1, 3, 37, 0, 0, time.UTC) }
	u := &upgrade{
		Harness:  testserver.Build(t, paysim.Options{PostLimit: -1, Now: justAfter}, testserver.Confirm),
		citizens: map[string]*former{},
	}
	u.Now = u.Pay.Now
	var all []*former
	content, err := os.ReadFile("testdata/version1/citizens.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &all))
	var ids []string
	for _, c := range all {
		u.citizens[c.Name] = c
		c.now = u.paid(c)
		ids = append(ids, c.Payment, c.now)
	}
	setting := kind.Setting(t)
	loadVersion1(t, setting)
	u.Start("PAYGATE_STORE="+setting, "PAYGATE_PAY_API_URL="+renaming(t, u.PayURL, ids),
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303", "PAYGATE_ROUTE_LICENCE_ACCEPT_TEXT=")
	for _, c := range all {
		c.Citizen = u.Citizen()
		c.Client.Jar.SetCookies(u.address(), []*http.Cookie{cookie(t, c.Cookie)})
	}
	return u
}

// paid makes the payment of a citizen at the simulated Pay, as it was when version 1 ended.
func (u *upgrade) paid(c *former) string {
	u.T.Helper()
	u.askPay("", map[string]any{
		"amount": c.Amount, "reference": c.Reference, "description": "Licence", "delayed_capture": c.Reserve,
		"return_url": "http://127.0.0.1:8700/_pay/return",
	})
	if c.Outcome != "" {
		u.EndPayment(c.Outcome)
	}
	all := u.Payments()
	id := all[len(all)-1].ID
	if c.Captured {
		u.askPay("/"+id+"/capture", map[string]any{})
	}
	return id
}

func (u *upgrade) askPay(path string, body map[string]any) {
	u.T.Helper()
	content, err := json.Marshal(body)
	require.NoError(u.T, err)
	r, err := http.NewRequest(http.MethodPost, u.PayURL+"/v1/payments"+path, bytes.NewReader(content))
	require.NoError(u.T, err)
	r.Header.Set("Authorization", "Bearer "+testserver.PayKey)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(u.T, err)
	require.NoError(u.T, answer.Body.Close())
	require.Less(u.T, answer.StatusCode, http.StatusMultipleChoices)
}

// renaming returns the address of a Pay that calls its payments as version 1 knew them.
func renaming(t *testing.T, pay string, ids []string) string {
	t.Helper()
	target, err := url.Parse(pay)
	require.NoError(t, err)
	var back []string
	for i := 0; i < len(ids); i += 2 {
		back = append(back, ids[i+1], ids[i])
	}
	there, here := strings.NewReplacer(ids...), strings.NewReplacer(back...)
	return "http://" + testwire.Serve(t, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.Path = there.Replace(r.Out.URL.Path)
		},
		ModifyResponse: func(r *http.Response) error {
			content, err := io.ReadAll(r.Body)
			text := here.Replace(string(content))
			r.Body = io.NopCloser(strings.NewReader(text))
			return err
		},
	})
}

// loadVersion1 fills an empty store with what version 1 left.
func loadVersion1(t *testing.T, setting string) {
	t.Helper()
	if path, isFile := strings.CutPrefix(setting, "bbolt:"); isFile {
		require.NoError(t, os.WriteFile(path, unzipped(t, "testdata/version1/paygate.db.gz"), 0o600))
		return
	}
	conn, err := pgx.Connect(t.Context(), setting)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), string(unzipped(t, "testdata/version1/paygate.sql.gz")))
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func unzipped(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	zipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	content, err := io.ReadAll(zipped)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return content
}

func cookie(t *testing.T, pair string) *http.Cookie {
	t.Helper()
	parsed, err := http.ParseCookie(pair)
	require.NoError(t, err)
	return parsed[0]
}

func (u *upgrade) address() *url.URL {
	u.T.Helper()
	address, err := url.Parse(u.URL)
	require.NoError(u.T, err)
	return address
}

// states returns the state of each citizen's journey.
func (u *upgrade) states() map[string]string {
	u.T.Helper()
	states := map[string]string{}
	for name, c := range u.citizens {
		states[name] = string(c.State())
	}
	return states
}

// money returns the state of each citizen's payment at Pay.
func (u *upgrade) money() map[string]string {
	u.T.Helper()
	money := map[string]string{}
	for _, p := range u.Payments() {
		for name, c := range u.citizens {
			if c.now == p.ID {
				money[name] = p.Status
			}
		}
	}
	return money
}

// Journeys that version 1 left in its store are found, opened by their citizens' cookies, and finished by the terms
// that they began with.
func TestJourneysOfVersion1AreFinished(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		u := upgraded(t, kind)
		require.Equal(t, map[string]string{
			"at the card page": "paying", "paid and gone": "paying", "fined and gone": "paying", "refused": "refused",
			"no clear answer": "stuck", "delivered": "released", "declined": "unpaid", "holder of a pass": "released",
			"paid while the service was down": "confirmed",
		}, u.states())

		require.NoError(t, u.Pay.Pay(u.citizens["at the card page"].now, "success"))
		u.citizens["at the card page"].ReturnFromPay()
		u.Service.SetAnswer(testserver.Plain) // version 1 took any 2xx for a yes
		u.citizens["paid while the service was down"].ReturnFromPay()
		u.Service.SetAnswer(testserver.Confirm)
		again := u.citizens["declined"]
		require.Equal(t, http.StatusSeeOther,
			again.Post("/_pay/again", url.Values{"journey": {again.Journeys()[0].ID}}).Status)
		u.EndPayment("success")
		again.ReturnFromPay()
		require.Len(t, u.Service.Requests(http.MethodPost), 3)
		pass := u.citizens["holder of a pass"].Get("/register/2026?format=csv")
		require.Equal(t, http.StatusOK, pass.Status, "a pass of version 1 is for every query")

		u.AdvanceMinutes(20)
		require.Len(t, u.Service.Requests(http.MethodPost), 3, "version 1 had no early delivery")
		u.Pay.Advance(4 * time.Hour)
		u.Sweep()
		stuck := u.citizens["no clear answer"]
		_, status, text := u.Ann().Order(stuck.Journeys()[0].ID, "settle", testserver.WithReason("as", "reversed"))
		require.Equal(t, http.StatusOK, status, text)

		require.Equal(t, map[string]string{
			"at the card page": "released", "paid and gone": "released", "fined and gone": "released",
			"refused": "reversed", "no clear answer": "reversed", "delivered": "released", "declined": "released",
			"holder of a pass": "released", "paid while the service was down": "released",
		}, u.states())
		require.Equal(t, map[string]string{
			"at the card page": "success", "paid and gone": "success", "fined and gone": "success",
			"refused": "cancelled", "no clear answer": "cancelled", "delivered": "success", "declined": "failed",
			"holder of a pass": "success", "paid while the service was down": "success",
		}, u.money())
		require.Len(t, u.Service.Requests(http.MethodPost), 5)
	})
}

// Staff find the journeys of version 1, and the finance file has them.
func TestJourneysOfVersion1AreFound(t *testing.T) {
	t.Parallel()
	testserver.OnEachStore(t, func(t *testing.T, kind testserver.StoreKind) {
		u := upgraded(t, kind)
		for _, c := range u.citizens {
			for _, query := range []string{
				c.Reference, strings.ToLower(c.Reference[:5] + "-" + c.Reference[5:]),
				c.Payment,
			} {
				p := u.Ann().Do(http.MethodGet, "/journeys?find="+query, nil)
				require.Contains(t, p.Text, c.Reference, query)
			}
		}
		p := u.Ann().Do(http.MethodGet, "/export.csv?from=2026-12-01&to=2026-12-02", nil)
		require.Equal(t, 10, strings.Count(p.Text, "\n"), p.Text)
	})
}
