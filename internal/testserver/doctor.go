package testserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"paygate/gateway/command"
	"paygate/internal/paysim"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// DoctorSetup is what the doctor examines: a service, a simulated Pay, and settings.
type DoctorSetup struct {
	T       *testing.T
	Service *Service
	Pay     *paysim.Simulator
	payURL  string
	Environ []string
	LookUp  func(context.Context, string, string) ([]netip.Addr, error)
}

// FormPage is a service with a page and a form at the pay route's own address.
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

// NewDoctor starts a service and a simulated Pay, and returns them with settings that suit them.
func NewDoctor(t *testing.T, answer http.HandlerFunc, over ...string) *DoctorSetup {
	t.Helper()
	p := &DoctorSetup{T: t, Service: &Service{Answer: answer},
		Pay: paysim.New(paysim.Options{Keys: []string{"api_test_secretkeysecretkey"}})}
	p.LookUp = func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	t.Cleanup(p.Pay.Close)
	p.Service.Server = httptest.NewServer(p.Service)
	t.Cleanup(p.Service.Server.Close)
	payServer := httptest.NewServer(p.Pay)
	t.Cleanup(payServer.Close)
	p.payURL = payServer.URL
	p.Environ = Instead([]string{
		"PAYGATE_UPSTREAM=" + p.Service.Server.URL, "PAYGATE_PUBLIC_URL=http://apply.example", "PAYGATE_PAY_MODE=test",
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

// Instead returns settings with some of them replaced.
func Instead(environ, over []string) []string {
	return append(slices.DeleteFunc(environ, func(old string) bool {
		name, _, _ := strings.Cut(old, "=")
		return slices.ContainsFunc(over, func(setting string) bool { return strings.HasPrefix(setting, name+"=") })
	}), over...)
}

// DoctorReport is what the doctor prints, each line by what it is about.
type DoctorReport struct {
	Status int
	Out    string
	Lines  map[string]string
}

// Visit runs the doctor.
func (p *DoctorSetup) Visit(args ...string) DoctorReport {
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
	require.Empty(p.T, p.Service.Got(http.MethodPost), "a doctor only reads")
	for _, r := range p.Pay.Requests() {
		require.Equal(p.T, http.MethodGet, r.Method)
	}
	return v
}

// Types runs a command as a person would type it.
func Types(t *testing.T, environ []string, args ...string) (status int, said, complained string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = command.Run(t.Context(),
		command.Env{Environ: environ, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}, args)
	return status, out.String(), errs.String()
}

// ProbedService is a service with pay code at some addresses. It counts how often that ran.
type ProbedService struct {
	*httptest.Server
	Ran atomic.Int64
	All atomic.Int64
}

// NewProbedService runs the pay code for the requests that isPay picks out.
func NewProbedService(t *testing.T, isPay func(*http.Request) bool) *ProbedService {
	t.Helper()
	s := &ProbedService{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.All.Add(1)
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "text/html")
		switch {
		case isPay(r):
			n := s.Ran.Add(1)
			fmt.Fprintf(w, "<h1>Application received</h1><p>Thank you. Your number is %d-%x. We write to you within "+
				"ten days.</p>", 1000+n, n*7919)
		case r.URL.Path == "/" || r.URL.Path == "/index.php":
			_, _ = io.WriteString(w,
				"<h1>Fishing licences</h1><p>Apply for a licence, or renew the one that you have.</p>")
		case r.URL.Path == "/licences/apply":
			_, _ = io.WriteString(w,
				"<h1>Apply</h1><form method=post><label>Name<input name=name></label><button>Apply</button></form>")
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, "<h1>Not found</h1><p>There is nothing at %s.</p>", r.URL.Path)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *ProbedService) Environ(over ...string) []string {
	return append([]string{
		"PAYGATE_UPSTREAM=" + s.URL, "PAYGATE_PUBLIC_URL=http://apply.example", "PAYGATE_PAY_MODE=test",
		"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
		"PAYGATE_SECRETS=" + Secret32(1), "PAYGATE_SERVICE_NAME=Fishing licences", "PAYGATE_ROUTES=licence",
		"PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply", "PAYGATE_ROUTE_LICENCE_PRICE=25",
		"PAYGATE_ROUTE_LICENCE_DESCRIPTION=Fishing licence",
		"PAYGATE_ROUTE_LICENCE_ACCEPT=303", "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation",
	}, over...)
}

// Exactly is a service that knows its pay path by one name.
func Exactly(r *http.Request) bool {
	return r.Method == http.MethodPost && r.RequestURI == "/licences/apply"
}
