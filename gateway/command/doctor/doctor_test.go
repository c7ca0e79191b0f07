package doctor_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
)

// examine returns what the doctor prints about a service with these settings.
func examine(t *testing.T, service http.HandlerFunc, settings ...string) testserver.DoctorReport {
	t.Helper()
	return testserver.NewDoctor(t, service, settings...).Run()
}

func TestDoctorFindsNothingWrong(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage("Set-Cookie", "SESSID=1; Path=/"))
	v := p.Run()
	require.Zero(t, v.Status, v.Lines)
	for about, says := range map[string]string{
		"settings":             "ok: can be used",
		"service":              "ok: answers at http://127.0.0.1",
		"service private":      "ok: has only private addresses",
		"page /licences/apply": "ok: its form may lead to GOV.UK Pay",
		"prefix":               "ok: the service has nothing of its own under /_pay",
		"cookies":              "ok: browsers will send SESSID",
		"unpaid licence":       "note: not tried",
		"public address":       "note: http://apply.example.org was not checked: its name cannot be resolved here",
		"GOV.UK Pay":           "ok: accepts the key, which is a test key",
		"clock":                "ok: agrees",
		"route licence":        "ok: addresses below /licences/apply",
		"store":                "ok: ",
		"staff listener":       "ok: 127.0.0.1:8001, tokens for 1 people",
		"webhooks":             "ok: 1 secrets; GOV.UK Pay has to call http://apply.example.org/_pay/webhook",
		"signing keys":         "ok: will be made at the first start",
		"secret files":         "ok: 0",
	} {
		require.Contains(t, v.Lines[about], says, about)
	}
	asked := p.Service.Requests(http.MethodGet)
	require.Equal(t, "apply.example.org", asked[0].Host)
	require.Equal(t, "none", asked[0].Header.Get("Paygate-Status"))
}

func TestDoctorAsksNothingIfSettingsAreInvalid(t *testing.T) {
	t.Parallel()
	p := testserver.NewDoctor(t, testserver.FormPage(), "PAYGATE_ROUTE_LICENCE_PRICE=many")
	require.Equal(t, 2, p.Run().Status)
	require.Empty(t, p.Service.Requests(http.MethodGet))
	require.Empty(t, p.Pay.Requests())
}
