package storage

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"paygate/internal/paysim"
	"paygate/internal/testpg"
	"paygate/internal/testserver"
	"paygate/journey"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readmeHouse has the settings of README, and the clock of Pay.
func readmeHouse(t *testing.T, answer http.HandlerFunc) *testserver.Harness {
	t.Helper()
	h := testserver.UseReadmeSettings(testserver.Build(t, testserver.UnlimitedPay, answer))
	h.Now = h.Pay.Now
	h.Start()
	return h
}

// annHasPaidByREADME is such a house and a citizen who has paid, and is not back yet.
func annHasPaidByREADME(t *testing.T, answer http.HandlerFunc) (*testserver.Harness, *testserver.Citizen) {
	t.Helper()
	h := readmeHouse(t, answer)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	return h, c
}

// readmeRows are the rows of README's table, by what is in their first column, and what proves them.
func readmeRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"the card is declined, or the citizen cancels":                                       nothingPaid,
		"Pay cannot be reached when the payment should begin":                                payAwayAtTheBeginning,
		"Pay cannot be asked when the citizen comes back":                                    payAwayAtTheReturn,
		"the citizen pays and never comes back":                                              neverBack,
		"the service cannot be reached":                                                      serviceAway,
		"the service refuses the form with a 4xx status":                                     refusal(answersWrong(http.StatusUnprocessableEntity, "", "name is missing")),
		"the service shows the form again with status 200, because something in it is wrong": refusal(answersWrong(http.StatusOK, "", "name is missing")),
		"the service redirects to its log-in, to an error page or back to the form": func(t *testing.T) {
			for _, place := range []string{"/login?next=/licences/apply", "/Error.aspx?aspxerrorpath=/licences/apply",
				"/licences/apply", "/"} {
				refusal(answersWrong(http.StatusFound, place, "name is missing"))(t)
			}
		},
		"the service redirects the request itself to another address (301, 307, 308)": func(t *testing.T) {
			for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect,
				http.StatusPermanentRedirect} {
				leftToAPerson(t, answersWrong(status, "/licences/confirmation", ""))
			}
		},
		"the connection to the service breaks after the request was sent, or it answers 5xx": func(t *testing.T) {
			leftToAPerson(t, testserver.HangUp.Answer)
			leftToAPerson(t, testserver.AcceptError.Answer)
		},
		"Paygate is killed":            killed,
		"PostgreSQL cannot be reached": databaseAway,
		"money arrives late, or on a payment beside the one that counts": lateMoney,
	}
}

func TestReadmeTableOfFailures(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "| what breaks | the money |")
	table, _, _ = strings.Cut(table, "\n\n")
	proofs := readmeRows()
	for _, line := range strings.Split(table, "\n")[2:] {
		row := strings.TrimSpace(strings.Split(line, "|")[1])
		proof, known := proofs[row]
		require.True(t, known, "nothing proves %q", row)
		delete(proofs, row)
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			proof(t)
		})
	}
	require.Empty(t, proofs, "README does not say so")
}

func TestReadmeSettingsLoad(t *testing.T) {
	t.Parallel()
	blocks := testserver.ReadmeBlocks(t, "Settings to go live")
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "paygate.env"), []byte(blocks[0]), 0o600))
	shell := exec.Command("sh", "-c", blocks[1]+"\nenv")
	shell.Dir, shell.Env = folder, []string{"PATH=" + os.Getenv("PATH")}
	out, err := shell.Output()
	require.NoError(t, err)
	loaded := testserver.SettingLine.FindAllString(string(out), -1)
	require.ElementsMatch(t, testserver.ReadmeSettings(t), loaded)

	complete := testserver.Override(loaded,
		[]string{"PAYGATE_PAY_API_KEY=api_live_secretkeysecretkey", "PAYGATE_SECRETS=" + testserver.Secret32(1)})
	status, said, complained := testserver.RunCommand(t, complete, "check")
	require.Zero(t, status, complained)
	require.NotContains(t, said, "warning")
	byText := testserver.SettingLine.FindAllString(blocks[2], -1)
	status, _, complained = testserver.RunCommand(t,
		append(testserver.Override(complete, byText), "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION="), "check")
	require.Zero(t, status, complained)
}

// answersWrong is a service that answers a form without a name in this way, and has a page at every address.
func answersWrong(status int, location, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			testserver.Plain(w, r)
			return
		}
		if r.FormValue("name") != "" {
			testserver.Confirm(w, r)
			return
		}
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func nothingPaid(t *testing.T) {
	for _, outcome := range []string{"declined", "cancelled"} {
		h := readmeHouse(t, testserver.Confirm)
		c := h.Citizen()
		c.Apply("Ann")
		h.EndPayment(outcome)
		require.Contains(t, c.ReturnFromPay().Text, "No money has been taken")
		require.Empty(t, h.Service.Requests(http.MethodPost))
		require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
		h.EndPayment("success")
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
		require.Contains(t, string(h.Service.Requests(http.MethodPost)[0].Body), "name=Ann")
	}
}

func payAwayAtTheBeginning(t *testing.T) {
	for _, kind := range []string{"500", "reset", "lost"} {
		h := readmeHouse(t, testserver.Confirm)
		c := h.Citizen()
		h.Pay.AddFault(paysim.Fault{Call: "create", Kind: kind, Times: 1})
		p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		require.Contains(t, p.Text, "No money has been taken")
		require.Empty(t, p.Location())
		require.Empty(t, h.Service.Requests(http.MethodPost))
		require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
	}
}

func payAwayAtTheReturn(t *testing.T) {
	h, c := annHasPaidByREADME(t, testserver.Confirm)
	h.Pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	p := c.ReturnFromPay()
	require.Contains(t, p.Text, "We are checking your payment")
	require.NotEmpty(t, p.Header.Get("Refresh"), "it reloads by itself")
	require.Empty(t, h.Service.Requests(http.MethodPost))
	require.Equal(t, "capturable", h.Payments()[0].Status)
	h.Pay.ClearFaults()
	h.Pay.Advance(time.Minute)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Equal(t, "success", h.Payments()[0].Status)
}

func neverBack(t *testing.T) {
	h, c := annHasPaidByREADME(t, testserver.Confirm)
	h.AdvanceMinutes(9)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	h.AdvanceMinutes(1)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "success", h.Payments()[0].Status)
	require.Equal(t, journey.StateReleased, c.State())
	h.Pay.Advance(23 * time.Hour)
	h.Sweep()
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	for _, minutes := range []int{0, 4, 31, 76, 88} {
		h := readmeHouse(t, testserver.Confirm)
		c := h.Citizen()
		c.Apply("Ann")
		h.AdvanceMinutes(minutes)
		h.EndPayment("success")
		h.AdvanceMinutes(20)
		require.Len(t, h.Service.Requests(http.MethodPost), 1, "paid after %d minutes", minutes)
		require.Equal(t, "success", h.Payments()[0].Status)
		require.Equal(t, journey.StateReleased, c.State())
	}
}

func serviceAway(t *testing.T) {
	h, c := annHasPaidByREADME(t, testserver.Confirm)
	h.Service.Server.Close()
	require.Contains(t, c.ReturnFromPay().Text, "Your payment is safe")
	require.Equal(t, "capturable", h.Payments()[0].Status)
	h.Service.Restart(t)
	h.Pay.Advance(3*time.Hour + time.Minute)
	h.Sweep()
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "success", h.Payments()[0].Status)
}

// refusal is a service that refuses a form without a name: the citizen corrects it, or the money goes back.
func refusal(answer http.HandlerFunc) func(*testing.T) {
	return func(t *testing.T) {
		h := readmeHouse(t, answer)
		corrects := h.PaysWithoutName()
		explained := corrects.ReturnFromPay()
		require.Contains(t, explained.Text, "Your payment of £25 is still valid")
		require.Regexp(t, "name is missing|the service's own page", corrects.ServicesAnswer(explained).Text)
		require.Equal(t, "capturable", h.Payments()[0].Status)
		require.Equal(t, "confirmation/RVM-0001",
			corrects.Post("/licences/apply", url.Values{"name": {"Ann"}}).Location())
		require.Len(t, h.Payments(), 1, "no second payment")
		require.Equal(t, "success", h.Payments()[0].Status)
		require.Equal(t, "2", h.Service.Requests(http.MethodPost)[1].Header.Get("Paygate-Submission"))

		reads := h.PaysWithoutName()
		reads.ReturnFromPay()
		leaves := h.PaysWithoutName()
		h.Pay.Advance(59 * time.Minute)
		h.Sweep()
		require.Equal(t, "capturable", h.Payments()[1].Status)
		h.Pay.Advance(2 * time.Minute)
		h.Sweep()
		require.Equal(t, "cancelled", h.Payments()[1].Status, "an hour after it was read")
		h.Pay.Advance(3 * time.Hour)
		h.Sweep()
		require.Equal(t, journey.StateRefused, leaves.State())
		h.Pay.Advance(19 * time.Hour)
		h.Sweep()
		require.Equal(t, "capturable", h.Payments()[2].Status)
		h.Pay.Advance(2 * time.Hour)
		h.Sweep()
		require.Equal(t, "cancelled", h.Payments()[2].Status, "a day after it began")
	}
}

// leftToAPerson is a service of which nobody knows whether it took the form.
func leftToAPerson(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	h := readmeHouse(t, answer)
	c := h.PaysWithoutName()
	p := c.ReturnFromPay()
	require.Contains(t, p.Text, "We are looking into your payment")
	require.Contains(t, p.Text, h.Payments()[0].Reference)
	require.Equal(t, journey.StateStuck, c.State())
	h.Pay.Advance(3*time.Hour + time.Minute)
	h.Sweep()
	c.ReturnFromPay()
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
	require.Equal(t, "capturable", h.Payments()[0].Status)
}

func killed(t *testing.T) {
	var held atomic.Bool
	came := make(chan struct{}, 1)
	w := NewClusterOn(t, "bbolt:"+filepath.Join(t.TempDir(), "paygate.db"),
		func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && held.Load() {
				came <- struct{}{}
				<-r.Context().Done()
				return
			}
			testserver.Confirm(w, r)
		})
	testserver.UseReadmeSettings(w.common)
	r := w.startsByREADME()
	pays, waits := r.Citizen(), r.Citizen()
	pays.Apply("Ann")
	r.Program.Kill()
	r = w.startsByREADME()
	r.EndPayment("success")
	require.Contains(t, pays.At(r).ReturnFromPay().Text, "the service's own page")

	waits.At(r).Apply("Ben")
	r.EndPayment("success")
	held.Store(true)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() { waits.At(r).ReturnUntil(ctx); close(gone) }()
	<-came
	r.Program.Kill()
	leave()
	<-gone
	held.Store(false)
	r = w.startsByREADME()
	require.Equal(t, journey.StateStuck, waits.At(r).State())
	require.Contains(t, waits.At(r).ReturnFromPay().Text, "We are looking into your payment")
	require.Len(t, w.service.Requests(http.MethodPost), 2)
	require.Equal(t, "capturable", w.pay.Payments()[1].Status)
}

// startsByREADME starts the real program.
func (w *Cluster) startsByREADME() *testserver.Replica {
	return w.serving(testserver.StartProgram(w.t,
		append(w.common.Environ(""), "PAYGATE_STORE="+w.database, "PAYGATE_LISTEN=127.0.0.1:0",
			"PAYGATE_STAFF_LISTEN=127.0.0.1:0"), "serve"))
}

func databaseAway(t *testing.T) {
	server := testpg.Own(t)
	w := NewClusterOn(t, server.Database(t), testserver.Confirm)
	testserver.UseReadmeSettings(w.common)
	r := w.startsByREADME()
	c := r.Citizen()
	c.Apply("Ann")
	r.EndPayment("success")
	server.Stop(t)
	require.Contains(t, r.Citizen().Get("/page").Text, "the service's own page")
	require.Contains(t, c.Get("/_pay/return").Text, "your payment is recorded and nothing is lost")
	require.Contains(t, r.Citizen().Post("/licences/apply", url.Values{"name": {"Ben"}}).Text,
		"No money has been taken")
	require.Len(t, r.Payments(), 1)
	require.Equal(t, "capturable", r.Payments()[0].Status)
	server.Launch(t)
	require.Eventually(t, func() bool { return r.Ready() == http.StatusOK }, testserver.LongTimeout,
		50*time.Millisecond)
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	require.Len(t, w.service.Requests(http.MethodPost), 1)
}

func lateMoney(t *testing.T) {
	h := readmeHouse(t, testserver.Confirm)
	late := h.Citizen()
	late.Apply("Ann")
	h.EndPayment("declined")
	for range 2 {
		h.Pay.Advance(4 * time.Hour)
		h.Sweep()
	}
	require.Equal(t, journey.StateAbandoned, late.State())
	require.NoError(t, h.Pay.Correct(h.Payments()[0].ID, "success", ""))
	for range 3 {
		h.Pay.Advance(25 * time.Hour)
		h.Sweep()
	}
	require.EqualValues(t, 2500, h.Payments()[0].Refunded)
	require.Empty(t, h.Service.Requests(http.MethodPost))

	twice := h.Citizen()
	twice.Apply("Ben")
	h.EndPayment("declined")
	twice.ReturnFromPay()
	require.Equal(t, http.StatusSeeOther,
		twice.Post("/_pay/again", url.Values{"journey": {twice.Journeys()[0].ID}}).Status)
	h.EndPayment("success")
	twice.ReturnFromPay()
	require.NoError(t, h.Pay.Correct(h.Payments()[1].ID, "success", ""))
	for range 3 {
		h.Pay.Advance(25 * time.Hour)
		h.Sweep()
	}
	require.EqualValues(t, 2500, h.Payments()[1].Refunded)
	require.Zero(t, h.Payments()[2].Refunded)
	require.Len(t, h.Service.Requests(http.MethodPost), 1)
}
