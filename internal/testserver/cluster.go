package testserver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"paygate/journey/export"
	"paygate/journey/pay"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Replica is one of them. Its house has no parts: they are in another process.
type Replica struct {
	*Harness
	Program *Program
}

var ServingAt = regexp.MustCompile(`"msg":"serving","public":"([^"]+)","staff":"([^"]+)"`)

var launch = flag.String("launch", "",
	"a command that becomes the real program, put before it: to bound what a replica may use of a processor")

// Program is the real program, running.
type Program struct {
	T      testing.TB
	Cmd    *exec.Cmd
	Stdout bytes.Buffer // to be read when it has ended
	log    *LogBuffer
	Ended  chan struct{}
}

// Compile makes the binary of a package's program, as it ships: not instrumented, as the tests' own may be.
func Compile(t testing.TB, program string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "paygate")
	out, err := exec.Command("go", "build", "-o", binary, program).CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// Begin starts the program with these settings and no others. It is killed at the end of the test, if not before.
func Begin(t testing.TB, environ []string, args ...string) *Program {
	t.Helper()
	binary, err := exec.LookPath("paygate") // the launcher may have another path to search
	require.NoError(t, err)
	command := append(append(strings.Fields(*launch), binary), args...)
	return BeginAs(t, command[0], environ, command[1:]...)
}

// BeginAs does the same with another binary.
func BeginAs(t testing.TB, binary string, environ []string, args ...string) *Program {
	t.Helper()
	p := &Program{T: t, Cmd: exec.Command(binary, args...), log: &LogBuffer{}, Ended: make(chan struct{})}
	p.Cmd.Env, p.Cmd.Stdout, p.Cmd.Stderr = environ, &p.Stdout, p.log
	require.NoError(t, p.Cmd.Start())
	go func() {
		_ = p.Cmd.Wait()
		close(p.Ended)
	}()
	t.Cleanup(p.Kill)
	return p
}

func (p *Program) Kill() {
	_ = p.Cmd.Process.Kill()
	<-p.Ended
}

// Ends waits for the end, and gives the exit status.
func (p *Program) Ends() int {
	p.T.Helper()
	select {
	case <-p.Ended:
	case <-time.After(LongTimeout):
		p.T.Fatalf("the program does not end\n%s", p.Said())
	}
	return p.Cmd.ProcessState.ExitCode()
}

func (p *Program) Said() string { return p.log.String() }

// Awaits waits until the program says something.
func (p *Program) Awaits(text string) {
	p.T.Helper()
	require.Eventually(p.T, func() bool {
		select {
		case <-p.Ended:
			return true
		default:
			return strings.Contains(p.Said(), text)
		}
	}, LongTimeout, 5*time.Millisecond, "the program does not say %s", text)
	require.Contains(p.T, p.Said(), text)
}

// At is the same browser at another replica.
func (c *Citizen) At(r *Replica) *Citizen { return &Citizen{r.Harness, c.Client} }

// ComesBackInTheBackground is a return from Pay that is answered late or never.
func (c *Citizen) ComesBackInTheBackground() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	c.H.T.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		c.ComesBackWithin(ctx)
	}()
}

// Counted is one of the counts that a mop-up printed.
func (p *Program) Counted(word string) int {
	p.T.Helper()
	found := regexp.MustCompile(`(?m)^` + word + ` +([0-9]+)$`).FindStringSubmatch(p.Stdout.String())
	require.Len(p.T, found, 2, p.Stdout.String())
	n, err := strconv.Atoi(found[1])
	require.NoError(p.T, err)
	return n
}

// Tries asks for something, in the background too.
func (c *Citizen) Tries(method, target string, form url.Values, header ...string) (Page, error) {
	if strings.HasPrefix(target, "/") {
		target = c.H.URL + target
	}
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return Page{}, err
	}
	r.Host = cmp.Or(c.H.Host, r.Host)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Client.Do(r)
	if err != nil {
		return Page{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return Page{answer.StatusCode, answer.Header, string(text)}, err
}

func (r *Replica) Ready() int {
	p, _ := r.Citizen().Tries(http.MethodGet, r.Staff.URL+"/readyz", nil)
	return p.Status
}

// AnswersTruly asks for everything at once while the database is away, since each answer may take as long as Paygate
// waits for the database.
func (r *Replica) AnswersTruly(paid *Citizen, paymentID string) {
	r.T.Helper()
	stranger := r.Citizen()
	message := `{"webhook_message_id":"m-` + paymentID + `","resource_id":"` + paymentID +
		`","event_type":"card_payment_succeeded"}`
	questions := []struct {
		who            *Citizen
		method, target string
		form           url.Values
		header         []string
		status         int
		says           string
	}{
		{stranger, http.MethodGet, "/page", nil, nil, 200, "the service's own page"},
		{paid, http.MethodGet, "/page?a=1;b=2", nil, nil, 200, "the service's own page"},
		{stranger, http.MethodGet, "/_pay/keys", nil, nil, 200, `"kty"`},
		{stranger, http.MethodPost, "/licences/apply", url.Values{"name": {"Dan"}}, nil, 503,
			"No money has been taken, and nothing has been sent to the service."},
		{stranger, http.MethodPost, "/licences/apply", url.Values{"name": {"Eve"}},
			[]string{"Accept", "application/json"}, 503, "application/problem+json"},
		{paid, http.MethodPost, "/fines/pay", url.Values{"case": {"1"}}, nil, 503, "nothing is lost"},
		{stranger, http.MethodGet, "/register/2026", nil, nil, 503, "No money has been taken"},
		{paid, http.MethodGet, "/_pay/return", nil, nil, 503,
			"If you have already paid, your payment is recorded and nothing is lost."},
		{paid, http.MethodGet, "/_pay/status", nil, nil, 503, "nothing is lost"},
		{stranger, http.MethodPost, "/_pay/webhook", nil,
			[]string{"Pay-Signature", pay.Sign(WebhookSecret, []byte(message))}, 503, ""},
		{stranger, http.MethodGet, r.Staff.URL + "/healthz", nil, nil, 200, "alive"},
		{stranger, http.MethodGet, r.Staff.URL + "/readyz", nil, nil, 503, "PostgreSQL"},
		{stranger, http.MethodGet, r.Staff.URL + "/metrics", nil, nil, 200, "paygate_requests_total"},
		{stranger, http.MethodGet, r.Staff.URL + "/journeys", nil, []string{"Authorization", "Bearer " + AnnsToken},
			503, "The store cannot be used just now"},
	}
	answers, errs := make([]Page, len(questions)), make([]error, len(questions))
	var all sync.WaitGroup
	for i, q := range questions {
		all.Go(func() {
			if q.target == "/_pay/webhook" {
				answers[i], errs[i] = q.who.sends(message, q.header...)
				return
			}
			answers[i], errs[i] = q.who.Tries(q.method, q.target, q.form, q.header...)
		})
	}
	all.Wait()
	for i, q := range questions {
		require.NoError(r.T, errs[i], q.target)
		require.Equal(r.T, q.status, answers[i].Status, "%s %s: %s", q.method, q.target, answers[i].Text)
		if q.says == "application/problem+json" {
			require.Equal(r.T, q.says, answers[i].Header.Get("Content-Type"))
			continue
		}
		require.Contains(r.T, answers[i].Text, q.says, q.target)
	}
}

// sends sends a webhook.
func (c *Citizen) sends(message string, header ...string) (Page, error) {
	r, err := http.NewRequest(http.MethodPost, c.H.URL+"/_pay/webhook", strings.NewReader(message))
	if err != nil {
		return Page{}, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Client.Do(r)
	if err != nil {
		return Page{}, err
	}
	return Page{Status: answer.StatusCode}, answer.Body.Close()
}

// Finds lists journeys at the staff door.
func (r *Replica) Finds(query string) []export.Record {
	r.T.Helper()
	var list struct{ Journeys []export.Record }
	p := r.Ann().Do(http.MethodGet, "/journeys?limit=500&"+query, nil)
	require.Equal(r.T, http.StatusOK, p.Status, p.Text)
	require.NoError(r.T, json.Unmarshal([]byte(p.Text), &list))
	return list.Journeys
}
