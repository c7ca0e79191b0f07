package storage

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

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
	require.Empty(t, proofs, "rows that README does not have")
}

// readmeRows maps the first column of README's table to what proves the row.
func readmeRows() map[string]func(*testing.T) {
	refused := func(status int, locations ...string) func(*testing.T) {
		return func(t *testing.T) {
			for _, location := range locations {
				refusal(t, refuse(status, location, "name is missing"))
			}
		}
	}
	return map[string]func(*testing.T){
		"the card is declined, or the citizen cancels":        unpaid,
		"Pay cannot be reached when the payment should begin": payDownAtCreate,
		"Pay cannot be asked when the citizen comes back":     payDownAtReturn,
		"the citizen pays and never comes back":               neverReturns,
		"the service cannot be reached":                       serviceDown,
		"the service refuses the form with a 4xx status":      refused(http.StatusUnprocessableEntity, ""),
		"the service shows the form again with status 200, because something in it is wrong": refused(http.StatusOK,
			""),
		"the service redirects to its log-in, to an error page or back to the form": refused(http.StatusFound,
			"/login?next=/licences/apply", "/Error.aspx?aspxerrorpath=/licences/apply", "/licences/apply", "/"),
		"the service redirects the request itself to another address (301, 307, 308)": func(t *testing.T) {
			for _, status := range []int{301, 307, 308} {
				stuck(t, refuse(status, "/licences/confirmation", ""))
			}
		},
		"the connection to the service breaks after the request was sent, or it answers 5xx": func(t *testing.T) {
			stuck(t, testserver.HangUp.Answer)
			stuck(t, testserver.AcceptError.Answer)
		},
		"Paygate is killed":            killed,
		"PostgreSQL cannot be reached": databaseDown,
		"money arrives late, or on a payment other than the one that counts": latePayment,
	}
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
	acceptByText := testserver.SettingLine.FindAllString(blocks[2], -1)
	status, _, complained = testserver.RunCommand(t,
		append(testserver.Override(complete, acceptByText), "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION="), "check")
	require.Zero(t, status, complained)
}

// newWithReadmeSettings starts a harness with the settings of README.md, on the clock of Pay.
func newWithReadmeSettings(t *testing.T, answer http.HandlerFunc) *testserver.Harness {
	t.Helper()
	h := testserver.UseReadmeSettings(testserver.Build(t, testserver.UnlimitedPay, answer))
	h.Now = h.Pay.Now
	h.Start()
	return h
}

// newWithReadmePayment does the same, with a citizen who has paid and not returned yet.
func newWithReadmePayment(t *testing.T, answer http.HandlerFunc) (*testserver.Harness, *testserver.Citizen) {
	t.Helper()
	h := newWithReadmeSettings(t, answer)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("success")
	return h, c
}

// payWithoutName returns a citizen who has paid for a form without a name.
func payWithoutName(h *testserver.Harness) *testserver.Citizen {
	c := h.Citizen()
	require.Equal(h.T, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"name": {""}}).Status)
	h.EndPayment("success")
	return c
}

// refuse is a service that gives this answer to a form without a name, and confirms other forms.
func refuse(status int, location, text string) http.HandlerFunc {
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
