package doctor_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/notifysim"
	"paygate/internal/testserver"
)

// examineEmails returns what the doctor says about e-mails that go to a Notify.
func examineEmails(t *testing.T, atNotify http.Handler) string {
	t.Helper()
	server := httptest.NewServer(atNotify)
	t.Cleanup(server.Close)
	settings := append(notifysim.Settings(server.URL), "PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL={form:email}")
	return examine(t, testserver.FormPage(), settings...).Lines["e-mails"]
}

func TestDoctorAsksNotifyForEachTemplate(t *testing.T) {
	t.Parallel()
	require.Empty(t, examine(t, testserver.FormPage()).Lines["e-mails"])
	sim := notifysim.New(notifysim.Options{})
	require.Contains(t, examineEmails(t, sim), "ok: GOV.UK Notify accepts the key and has the 6 templates")
	sim.Break(notifysim.FaultTemplate, notifysim.Templates()[3].ID)
	require.Contains(t, examineEmails(t, sim), "wrong: PAYGATE_NOTIFY_TEMPLATE_RETURNED_CY: GOV.UK Notify has no such")
	sim.Break(notifysim.FaultKey, "")
	require.Contains(t, examineEmails(t, sim), "wrong: GOV.UK Notify: status 403, AuthError: is PAYGATE_NOTIFY_API_KEY")
}

func TestDoctorFindsTemplatesThatNotifyWouldRefuse(t *testing.T) {
	t.Parallel()
	for body, fault := range map[string]string{
		"Dear ((name)), ((Amount)) ((re_ference)) ((contact??yes))": "has ((name)), which",
		"((amount)) ((due date??soon)) ((amount))":                  "has ((due date??soon)), which",
	} {
		says := examineEmails(t, templates("email", body))
		require.Contains(t, says, "wrong: PAYGATE_NOTIFY_TEMPLATE_")
		require.Contains(t, says, fault)
	}
	require.Contains(t, examineEmails(t, templates("email", "Re ((SERVICE)) (see ((contact)))")), "ok: ")
	require.Contains(t, examineEmails(t, templates("sms", "((amount))")), "is not a template for e-mails")
	require.Contains(t, examineEmails(t, http.NotFoundHandler()), "wrong: ")
}

// templates is a Notify whose templates are all the same.
func templates(kind, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"type": kind, "subject": "((service))", "body": body})
	})
}
