package testserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/internal/paysim"
)

// DoctorSetup is what the doctor examines.
type DoctorSetup struct {
	T       *testing.T
	Service *Service
	Pay     *paysim.Simulator
	payURL  string
	Environ []string
	LookUp  func(context.Context, string, string) ([]netip.Addr, error)
}

// NewDoctor starts a service and a simulated Pay, and returns them with settings that suit them.
func NewDoctor(t *testing.T, answer http.HandlerFunc, over ...string) *DoctorSetup {
	t.Helper()
	p := &DoctorSetup{
		T: t, Service: &Service{Answer: answer},
		Pay: paysim.New(paysim.Options{Keys: []string{"api_test_secretkeysecretkey"}}),
	}
	p.LookUp = func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	t.Cleanup(p.Pay.Close)
	p.Service.Server = httptest.NewServer(p.Service)
	t.Cleanup(p.Service.Server.Close)
	payServer := httptest.NewServer(p.Pay)
	t.Cleanup(payServer.Close)
	p.payURL = payServer.URL
	p.Environ = Override([]string{
		"PAYGATE_UPSTREAM=" + p.Service.Server.URL, "PAYGATE_PUBLIC_URL=http://apply.example.org",
		"PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_URL=" + p.payURL, "PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
		"PAYGATE_SECRETS=" + Secret32(1),
		"PAYGATE_STAFF_TOKENS=ann:" + AnnsToken, "PAYGATE_STORE=bbolt:" + filepath.Join(t.TempDir(), "paygate.db"),
		"PAYGATE_SERVICE_NAME=Licences",
		"PAYGATE_PAY_WEBHOOK_SECRETS=webhook_test_secretkey", "PAYGATE_ROUTES=licence",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
	}, over)
	return p
}

// DoctorReport is what the doctor prints. Lines are its findings by subject.
type DoctorReport struct {
	Status int
	Out    string
	Lines  map[string]string
}

// Run runs the doctor.
func (p *DoctorSetup) Run(args ...string) DoctorReport {
	p.T.Helper()
	var out, errs bytes.Buffer
	w := command.Env{Environ: p.Environ, Stdout: &out, Stderr: &errs, LookUp: p.LookUp}
	status := command.Run(p.T.Context(), w, append([]string{"doctor"}, args...))
	v := DoctorReport{Status: status, Lines: map[string]string{}}
	for _, secret := range []string{"secretkey", Secret32(1), AnnsToken} {
		require.NotContains(p.T, out.String()+errs.String(), secret)
	}
	v.Out = out.String()
	_, findings, _ := strings.Cut(v.Out, "\n\n")
	for line := range strings.Lines(findings) {
		if len(line) > 30 && !strings.HasPrefix(line, "0 wrong") {
			about := strings.TrimSpace(line[9:30])
			v.Lines[about] += strings.TrimSpace(line[:9]) + ": " + strings.TrimSpace(line[30:])
		}
	}
	require.Empty(p.T, p.Service.Requests(http.MethodPost), "a doctor only reads")
	for _, r := range p.Pay.Requests() {
		require.Equal(p.T, http.MethodGet, r.Method)
	}
	return v
}

// FormPage is a service with a form at the address of the pay route.
func FormPage(header ...string) http.HandlerFunc { return FormPageWith("", header...) }

// FormPageWith is FormPage with more in the head of the page.
func FormPageWith(head string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/" && r.URL.Path != "/licences/apply" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		_, _ = io.WriteString(w,
			"<html><head>"+head+
				"<title>Apply</title></head><body><form method=post><button>Apply</button></form></body></html>")
	}
}
