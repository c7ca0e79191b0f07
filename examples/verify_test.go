package examples_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
	"paygate/internal/testenv"
)

const audience = "https://licences.example.gov.uk"

var moment = time.Date(2026, 11, 22, 10, 41, 9, 500, time.UTC)

func clock() time.Time { return moment }

// keys are generated once, because RSA keys take time.
var keys = sync.OnceValues(func() (map[string]signature.Key, error) {
	made := map[string]signature.Key{}
	for name, alg := range map[string]string{
		"ours": signature.RS256, "another": signature.RS256,
		"elliptic": signature.ES256,
	} {
		key, err := signature.Generate(alg, moment)
		if err != nil {
			return nil, err
		}
		made[name] = key
	}
	return made, nil
})

func key(t *testing.T, name string) signature.Key {
	t.Helper()
	made, err := keys()
	require.NoError(t, err)
	return made[name]
}

// release returns a release that is hard for a careless reader of JSON: quotation marks, backslashes, escapes, text
// that looks like another claim, and letters outside ASCII.
func release() signature.Release {
	return signature.Release{
		PaymentID: "hu20sqlact5260q2nanm0q8u93", Reference: `Môn \"<&>\\ "aud":"x"`, Amount: 2500, Total: 2560,
		PaidAt: moment, State: "success", Live: true, Route: "licence", Journey: "01JDM4Q0V3Q7J2S3", Submission: 2,
		Attempt: 3, Via: "return",
		Method: "POST", Path: "/licences/apply", Query: `a=1;b=2&c=<x>&d="htm":"PUT",`,
		Body: []byte("name=Ada&\x00\xff"),
	}
}

// signedBy returns Paygate's assertion for a release.
func signedBy(t *testing.T, key signature.Key, r signature.Release) string {
	t.Helper()
	s := signature.Signer{Keys: signature.Keys{key}, Issuer: audience, Audience: audience, Now: clock}
	h, err := s.Headers(r)
	require.NoError(t, err)
	return h.Get("Paygate-Assertion")
}

// request is what a verifier checks.
type request struct {
	audience, method, target string
	body                     []byte // nil: there is no raw body
	assertion                string
	now                      time.Time
	typ                      []string // if it is not a release
}

func genuine(t *testing.T) request {
	t.Helper()
	r := release()
	return request{audience, r.Method, r.Path + "?" + r.Query, r.Body, signedBy(t, key(t, "ours"), r), moment, nil}
}

// genuineLine is what every verifier prints for a good assertion.
const genuineLine = `01JDM4Q0V3Q7J2S3 2 2500 Môn \"<&>\\ "aud":"x"` + "\n"

// verifier is a way to run one of the verifiers.
type verifier struct {
	name    string
	needs   []string // programs
	usable  []string // a command that succeeds where the verifier can run
	prepare func(t *testing.T, folder string) []string
	command []string // if nothing has to be prepared
}

var verifiers = []verifier{
	{
		name: "PHP", needs: []string{"php"},
		usable:  []string{"php", "-r", "exit(function_exists('openssl_verify') ? 0 : 1);"},
		command: []string{"php", "verify/php/main.php"},
	},
	{
		name: "Python with cryptography", needs: []string{"python3"},
		usable:  []string{"python3", "-c", "import cryptography"},
		command: []string{"python3", "-B", "verify/python/main.py"},
	},
	{
		name: "Python with openssl", needs: []string{"python3", "openssl"},
		command: []string{"python3", "-B", "-S", "verify/python/main.py"},
	},
	{name: "Node", needs: []string{"node"}, command: []string{"node", "verify/node/main.js"}},
	{name: "Java", needs: []string{"java", "javac"}, prepare: compileJava},
	{
		name: "Ruby", needs: []string{"ruby"}, usable: []string{"ruby", "-ropenssl", "-rjson", "-e", "0"},
		command: []string{"ruby", "verify/ruby/main.rb"},
	},
	{
		name: "Perl", needs: []string{"perl", "openssl"},
		usable:  []string{"perl", "-MJSON::PP", "-MDigest::SHA", "-e", "0"},
		command: []string{"perl", "verify/perl/main.pl"},
	},
	{name: "Go", needs: []string{"go"}, prepare: buildGo},
}

func compileJava(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.Command("javac", "-encoding", "UTF-8", "-d", folder,
		"verify/java/PaygateVerify.java").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return []string{"java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", folder, "PaygateVerify"}
}

func buildGo(t *testing.T, folder string) []string {
	t.Helper()
	program := filepath.Join(folder, "verify")
	out, err := exec.Command("go", "build", "-o", program, "./verify/go").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return []string{program}
}

// ready returns the command line of a verifier without its arguments.
func (v verifier) ready(t *testing.T, folder string) []string {
	t.Helper()
	for _, program := range v.needs {
		if _, err := exec.LookPath(program); err != nil {
			testenv.Missing(t, program+" is not installed")
		}
	}
	if len(v.usable) > 0 && exec.Command(v.usable[0], v.usable[1:]...).Run() != nil {
		testenv.Missing(t, v.name+": a library is not installed")
	}
	if v.prepare != nil {
		return v.prepare(t, folder)
	}
	return v.command
}

// outcome is the result of one check.
type outcome struct {
	status     int
	out, error string
}

// check runs a verifier with our key.
func check(t *testing.T, command []string, folder string, r request) outcome {
	t.Helper()
	body := "-"
	if r.body != nil {
		file, err := os.CreateTemp(folder, "body")
		require.NoError(t, err)
		_, err = file.Write(r.body)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		body = file.Name()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	arguments := []string{
		filepath.Join(folder, "ours.pem"), r.audience, r.method, r.target, body, r.assertion,
		fmt.Sprint(r.now.Unix()),
	}
	arguments = append(arguments, r.typ...)
	process := exec.CommandContext(ctx, command[0], append(command[1:len(command):len(command)], arguments...)...)
	process.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var out, errors bytes.Buffer
	process.Stdout, process.Stderr = &out, &errors
	err := process.Run()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		require.NoError(t, err)
	}
	return outcome{process.ProcessState.ExitCode(), out.String(), errors.String()}
}

// keyFolder returns a folder with our public key.
func keyFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ours.pem"), publicPEM(t, key(t, "ours")), 0o600))
	return folder
}

func publicPEM(t *testing.T, key signature.Key) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Private.Public())
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestVerifiersAcceptGenuineAssertions(t *testing.T) {
	t.Parallel()
	for _, v := range verifiers {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			folder := keyFolder(t)
			command := v.ready(t, folder)
			for name, r := range acceptable(t) {
				got := check(t, command, folder, r)
				require.Equal(t, outcome{0, genuineLine, ""}, got, name)
			}
		})
	}
}

// acceptable returns requests that must be accepted.
func acceptable(t *testing.T) map[string]request {
	t.Helper()
	all := map[string]request{}
	add := func(name string, change func(*request)) {
		r := genuine(t)
		change(&r)
		all[name] = r
	}
	add("unchanged", func(*request) {})
	add("without a raw body", func(r *request) { r.body = nil })
	add("with a clock 59 s behind", func(r *request) { r.now = moment.Add(-59 * time.Second) })
	add("at the last moment", func(r *request) { r.now = moment.Add(359 * time.Second) })
	plain := release()
	plain.State, plain.Query, plain.Body = "capturable", "", []byte{}
	add("reserved money, no query, an empty body", func(r *request) {
		r.target, r.body, r.assertion = plain.Path, plain.Body, signedBy(t, key(t, "ours"), plain)
	})
	all["an event"] = genuineEvent(t, "cancelled")
	return all
}

// genuineEvent is a request that tells the service of something, about a payment in that state.
func genuineEvent(t *testing.T, state string) request {
	t.Helper()
	r := release()
	r.State, r.Path, r.Query = state, "/paygate/events", ""
	s := signature.Signer{Keys: signature.Keys{key(t, "ours")}, Issuer: audience, Audience: audience, Now: clock}
	h, body, err := s.Event(r, signature.Event{
		ID: "re1", What: "returned", Amount: 2500, RefundedTotal: 2500,
		At: moment,
	})
	require.NoError(t, err)
	return request{
		audience, r.Method, r.Path, body, h.Get("Paygate-Assertion"), moment, []string{"paygate-event+jwt"},
	}
}

func TestJavaVerifierRunsFromSource(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("java"); err != nil {
		testenv.Missing(t, "java is not installed")
	}
	got := check(t, []string{"java", "verify/java/PaygateVerify.java"}, keyFolder(t), genuine(t))
	require.Equal(t, outcome{0, genuineLine, ""}, got)
}

func TestVerifiersRejectForgeriesAndReplays(t *testing.T) {
	t.Parallel()
	for _, v := range verifiers {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			folder := keyFolder(t)
			command := v.ready(t, folder)
			for _, a := range attacks(t) {
				got := check(t, command, folder, a.request)
				require.Equal(t, 1, got.status, "%s: %v", a.name, got)
				require.Empty(t, got.out, a.name)
				require.Regexp(t, regexp.MustCompile(`(?i)`+a.reason), got.error, a.name)
			}
		})
	}
}
