package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testpg"
	"paygate/journey"
)

// readmeBlocks are the blocks of README that stand between a heading and the next.
func readmeBlocks(t testing.TB, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ := strings.Cut(after, "\n## ")
	var blocks []string
	for i, part := range strings.Split(section, "```") {
		if i%2 == 1 {
			blocks = append(blocks, strings.TrimPrefix(part, "\n"))
		}
	}
	return blocks
}

var settingLine = regexp.MustCompile(`(?m)^PAYGATE_.*$`)

// readmeSettings are the settings that README tells people to set.
func readmeSettings(t testing.TB) []string {
	t.Helper()
	return settingLine.FindAllString(readmeBlocks(t, "Settings to go live")[0], -1)
}

// byREADME lets a house have the settings of README: with the addresses and secrets of the test, and with nothing else that changes what
// happens.
func byREADME(h *house) *house {
	settings := readmeSettings(h.t)
	h.usual = func(store string) []string {
		return instead(slices.Clone(settings), []string{
			"PAYGATE_UPSTREAM=" + h.service.server.URL, "PAYGATE_PUBLIC_URL=" + h.url, "PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
			"PAYGATE_SECRETS=" + secret32(1), "PAYGATE_PAY_MODE=test", "PAYGATE_PAY_API_URL=" + h.payURL, "PAYGATE_PAY_CARD_ORIGINS=" + h.payURL,
			"PAYGATE_STORE=bbolt:" + store, "PAYGATE_STAFF_TOKENS=ann:" + annsToken,
		})
	}
	return h
}

// readmeHouse has the settings of README, and the clock of Pay.
func readmeHouse(t *testing.T, answer http.HandlerFunc) *house {
	t.Helper()
	h := byREADME(build(t, usual, answer))
	h.now = h.pay.Now
	h.moveIn()
	return h
}

// annHasPaidByREADME is such a house and a citizen who has paid, and is not back yet.
func annHasPaidByREADME(t *testing.T, answer http.HandlerFunc) (*house, *citizen) {
	t.Helper()
	h := readmeHouse(t, answer)
	c := h.citizen()
	c.apply("Ann")
	h.pays("success")
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
			for _, place := range []string{"/login?next=/licences/apply", "/Error.aspx?aspxerrorpath=/licences/apply", "/licences/apply", "/"} {
				refusal(answersWrong(http.StatusFound, place, "name is missing"))(t)
			}
		},
		"the service redirects the request itself to another address (301, 307, 308)": func(t *testing.T) {
			for _, status := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
				leftToAPerson(t, answersWrong(status, "/licences/confirmation", ""))
			}
		},
		"the connection to the service breaks after the request was sent, or it answers 5xx": func(t *testing.T) {
			leftToAPerson(t, breaksStill.answer)
			leftToAPerson(t, failsDone.answer)
		},
		"Paygate is killed":            killed,
		"PostgreSQL cannot be reached": databaseAway,
		"money arrives late, or on a payment beside the one that counts": lateMoney,
	}
}

func TestEachRowOfREADMEsTableIsTrueWithItsSettings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
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

func TestTheSettingsOfREADMECanBeLoaded(t *testing.T) {
	t.Parallel()
	blocks := readmeBlocks(t, "Settings to go live")
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "paygate.env"), []byte(blocks[0]), 0o600))
	shell := exec.Command("sh", "-c", blocks[1]+"\nenv")
	shell.Dir, shell.Env = folder, []string{"PATH=" + os.Getenv("PATH")}
	out, err := shell.Output()
	require.NoError(t, err)
	loaded := settingLine.FindAllString(string(out), -1)
	require.ElementsMatch(t, readmeSettings(t), loaded)

	complete := instead(loaded, []string{"PAYGATE_PAY_API_KEY=api_live_secretkeysecretkey", "PAYGATE_SECRETS=" + secret32(1)})
	status, said, complained := types(t, complete, "check")
	require.Zero(t, status, complained)
	require.NotContains(t, said, "warning")
	byText := settingLine.FindAllString(blocks[2], -1)
	status, _, complained = types(t, append(instead(complete, byText), "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION="), "check")
	require.Zero(t, status, complained)
}

// answersWrong is a service that answers a form without a name in this way, and has a page at every address.
func answersWrong(status int, location, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			plain(w, r)
			return
		}
		if r.FormValue("name") != "" {
			confirms(w, r)
			return
		}
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// paysWithoutName is a citizen who has paid for a form in which the name is missing.
func (h *house) paysWithoutName() *citizen {
	c := h.citizen()
	require.Equal(h.t, http.StatusSeeOther, c.post("/licences/apply", url.Values{"name": {""}}).status)
	h.pays("success")
	return c
}

func nothingPaid(t *testing.T) {
	for _, outcome := range []string{"declined", "cancelled"} {
		h := readmeHouse(t, confirms)
		c := h.citizen()
		c.apply("Ann")
		h.pays(outcome)
		require.Contains(t, c.comesBack().text, "No money has been taken")
		require.Empty(t, h.service.got(http.MethodPost))
		require.Equal(t, http.StatusSeeOther, c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}}).status)
		h.pays("success")
		require.Contains(t, c.comesBack().text, "the service's own page")
		require.Contains(t, string(h.service.got(http.MethodPost)[0].body), "name=Ann")
	}
}

func payAwayAtTheBeginning(t *testing.T) {
	for _, kind := range []string{"500", "reset", "lost"} {
		h := readmeHouse(t, confirms)
		c := h.citizen()
		h.pay.AddFault(paysim.Fault{Call: "create", Kind: kind, Times: 1})
		p := c.post("/licences/apply", url.Values{"name": {"Ann"}})
		require.Contains(t, p.text, "No money has been taken")
		require.Empty(t, p.to())
		require.Empty(t, h.service.got(http.MethodPost))
		require.Equal(t, http.StatusSeeOther, c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}}).status)
	}
}

func payAwayAtTheReturn(t *testing.T) {
	h, c := annHasPaidByREADME(t, confirms)
	h.pay.AddFault(paysim.Fault{Call: "get", Kind: "500"})
	p := c.comesBack()
	require.Contains(t, p.text, "We are checking your payment")
	require.NotEmpty(t, p.header.Get("Refresh"), "it reloads by itself")
	require.Empty(t, h.service.got(http.MethodPost))
	require.Equal(t, "capturable", h.payments()[0].Status)
	h.pay.ClearFaults()
	h.pay.Advance(time.Minute)
	require.Contains(t, c.comesBack().text, "the service's own page")
	require.Equal(t, "success", h.payments()[0].Status)
}

func neverBack(t *testing.T) {
	h, c := annHasPaidByREADME(t, confirms)
	h.inMinutes(9)
	require.Empty(t, h.service.got(http.MethodPost))
	h.inMinutes(1)
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.Equal(t, "success", h.payments()[0].Status)
	require.Equal(t, journey.StateReleased, c.state())
	h.pay.Advance(23 * time.Hour)
	h.sweeps()
	require.Contains(t, c.comesBack().text, "the service's own page")
	for _, minutes := range []int{0, 4, 31, 76, 88} {
		h := readmeHouse(t, confirms)
		c := h.citizen()
		c.apply("Ann")
		h.inMinutes(minutes)
		h.pays("success")
		h.inMinutes(20)
		require.Len(t, h.service.got(http.MethodPost), 1, "paid after %d minutes", minutes)
		require.Equal(t, "success", h.payments()[0].Status)
		require.Equal(t, journey.StateReleased, c.state())
	}
}

func serviceAway(t *testing.T) {
	h, c := annHasPaidByREADME(t, confirms)
	h.service.server.Close()
	require.Contains(t, c.comesBack().text, "Your payment is safe")
	require.Equal(t, "capturable", h.payments()[0].Status)
	h.service.restart(t)
	h.pay.Advance(3*time.Hour + time.Minute)
	h.sweeps()
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.Equal(t, "success", h.payments()[0].Status)
}

// refusal is a service that refuses a form without a name: the citizen corrects it, or the money goes back.
func refusal(answer http.HandlerFunc) func(*testing.T) {
	return func(t *testing.T) {
		h := readmeHouse(t, answer)
		corrects := h.paysWithoutName()
		explained := corrects.comesBack()
		require.Contains(t, explained.text, "Your payment of £25 is still valid")
		require.Regexp(t, "name is missing|the service's own page", corrects.ownAnswer(explained).text)
		require.Equal(t, "capturable", h.payments()[0].Status)
		require.Equal(t, "confirmation/RVM-0001", corrects.post("/licences/apply", url.Values{"name": {"Ann"}}).to())
		require.Len(t, h.payments(), 1, "no second payment")
		require.Equal(t, "success", h.payments()[0].Status)
		require.Equal(t, "2", h.service.got(http.MethodPost)[1].header.Get("Paygate-Submission"))

		reads := h.paysWithoutName()
		reads.comesBack()
		leaves := h.paysWithoutName()
		h.pay.Advance(59 * time.Minute)
		h.sweeps()
		require.Equal(t, "capturable", h.payments()[1].Status)
		h.pay.Advance(2 * time.Minute)
		h.sweeps()
		require.Equal(t, "cancelled", h.payments()[1].Status, "an hour after it was read")
		h.pay.Advance(3 * time.Hour)
		h.sweeps()
		require.Equal(t, journey.StateRefused, leaves.state())
		h.pay.Advance(19 * time.Hour)
		h.sweeps()
		require.Equal(t, "capturable", h.payments()[2].Status)
		h.pay.Advance(2 * time.Hour)
		h.sweeps()
		require.Equal(t, "cancelled", h.payments()[2].Status, "a day after it began")
	}
}

// leftToAPerson is a service of which nobody knows whether it took the form.
func leftToAPerson(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	h := readmeHouse(t, answer)
	c := h.paysWithoutName()
	p := c.comesBack()
	require.Contains(t, p.text, "We are looking into your payment")
	require.Contains(t, p.text, h.payments()[0].Reference)
	require.Equal(t, journey.StateStuck, c.state())
	h.pay.Advance(3*time.Hour + time.Minute)
	h.sweeps()
	c.comesBack()
	require.Len(t, h.service.got(http.MethodPost), 1)
	require.Equal(t, "capturable", h.payments()[0].Status)
}

func killed(t *testing.T) {
	var held atomic.Bool
	came := make(chan struct{}, 1)
	w := newTownOn(t, "bbolt:"+filepath.Join(t.TempDir(), "paygate.db"), func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && held.Load() {
			came <- struct{}{}
			<-r.Context().Done()
			return
		}
		confirms(w, r)
	})
	byREADME(w.common)
	r := w.startsByREADME()
	pays, waits := r.citizen(), r.citizen()
	pays.apply("Ann")
	r.program.kill()
	r = w.startsByREADME()
	r.pays("success")
	require.Contains(t, pays.at(r).comesBack().text, "the service's own page")

	waits.at(r).apply("Ben")
	r.pays("success")
	held.Store(true)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() { waits.at(r).comesBackWithin(ctx); close(gone) }()
	<-came
	r.program.kill()
	leave()
	<-gone
	held.Store(false)
	r = w.startsByREADME()
	require.Equal(t, journey.StateStuck, waits.at(r).state())
	require.Contains(t, waits.at(r).comesBack().text, "We are looking into your payment")
	require.Len(t, w.service.got(http.MethodPost), 2)
	require.Equal(t, "capturable", w.pay.Payments()[1].Status)
}

// startsByREADME starts the real program.
func (w *town) startsByREADME() *replica {
	return w.serving(begin(w.t, append(w.common.environ(""), "PAYGATE_STORE="+w.database, "PAYGATE_LISTEN=127.0.0.1:0", "PAYGATE_STAFF_LISTEN=127.0.0.1:0"), "serve"))
}

func databaseAway(t *testing.T) {
	server := testpg.Own(t)
	w := newTownOn(t, server.Database(t), confirms)
	byREADME(w.common)
	r := w.startsByREADME()
	c := r.citizen()
	c.apply("Ann")
	r.pays("success")
	server.Stop(t)
	require.Contains(t, r.citizen().get("/page").text, "the service's own page")
	require.Contains(t, c.get("/_pay/return").text, "your payment is recorded and nothing is lost")
	require.Contains(t, r.citizen().post("/licences/apply", url.Values{"name": {"Ben"}}).text, "No money has been taken")
	require.Len(t, r.payments(), 1)
	require.Equal(t, "capturable", r.payments()[0].Status)
	server.Launch(t)
	require.Eventually(t, func() bool { return r.ready() == http.StatusOK }, soon, 50*time.Millisecond)
	require.Contains(t, c.comesBack().text, "the service's own page")
	require.Len(t, w.service.got(http.MethodPost), 1)
}

func lateMoney(t *testing.T) {
	h := readmeHouse(t, confirms)
	late := h.citizen()
	late.apply("Ann")
	h.pays("declined")
	for range 2 {
		h.pay.Advance(4 * time.Hour)
		h.sweeps()
	}
	require.Equal(t, journey.StateAbandoned, late.state())
	require.NoError(t, h.pay.Correct(h.payments()[0].ID, "success", ""))
	for range 3 {
		h.pay.Advance(25 * time.Hour)
		h.sweeps()
	}
	require.EqualValues(t, 2500, h.payments()[0].Refunded)
	require.Empty(t, h.service.got(http.MethodPost))

	twice := h.citizen()
	twice.apply("Ben")
	h.pays("declined")
	twice.comesBack()
	require.Equal(t, http.StatusSeeOther, twice.post("/_pay/again", url.Values{"journey": {twice.status()[0].ID}}).status)
	h.pays("success")
	twice.comesBack()
	require.NoError(t, h.pay.Correct(h.payments()[1].ID, "success", ""))
	for range 3 {
		h.pay.Advance(25 * time.Hour)
		h.sweeps()
	}
	require.EqualValues(t, 2500, h.payments()[1].Refunded)
	require.Zero(t, h.payments()[2].Refunded)
	require.Len(t, h.service.got(http.MethodPost), 1)
}
