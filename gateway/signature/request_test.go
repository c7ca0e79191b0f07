package signature_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

// captured returns a release as it reached the service, with the changes of a test.
func captured(t *testing.T, s signature.Signer, change func(http.Header)) []byte {
	t.Helper()
	h := headers(t, s, release())
	change(h)
	var text bytes.Buffer
	text.WriteString("POST /licences/apply?a=1;b=2&c HTTP/1.1\r\n" +
		"Host: licences.example.gov.uk\r\nContent-Length: 8\r\n")
	require.NoError(t, h.Write(&text))
	text.WriteString("\r\nname=Ada")
	return text.Bytes()
}

// bad returns the names of the checks that failed.
func bad(checks []signature.Check) []string {
	var names []string
	for _, c := range checks {
		if !c.Good {
			names = append(names, c.Name)
		}
	}
	return names
}

func TestCapturedReleasePassesEveryCheck(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	checks := signature.VerifyRequest(captured(t, s, func(http.Header) {}), s.Keys.Public(), audience, moment)
	require.Len(t, checks, 1+7+16)
	require.Empty(t, bad(checks))

	pending := release()
	pending.State = "pending"
	pending.Body = nil
	var text bytes.Buffer
	text.WriteString("POST /licences/apply?a=1;b=2&c HTTP/1.1\nHost: x\n")
	require.NoError(t, headers(t, s, pending).Write(&text))
	text.WriteString("\n")
	require.Empty(t, bad(signature.VerifyRequest(text.Bytes(), s.Keys.Public(), audience, moment)))
}

func TestClearTextHeadersMustMatchTheAssertion(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	for name := range headers(t, s, release()) {
		if name == "Paygate-Assertion" {
			continue
		}
		for how, change := range map[string]func(http.Header){
			"changed": func(h http.Header) { h.Set(name, "other") },
			"missing": func(h http.Header) { h.Del(name) },
			"twice":   func(h http.Header) { h.Add(name, h.Get(name)) },
		} {
			checks := signature.VerifyRequest(captured(t, s, change), s.Keys.Public(), audience, moment)
			require.Equal(t, []string{name}, bad(checks), "%s %s", name, how)
		}
	}
}

func TestUnsignedHeaderIsReported(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	checks := signature.VerifyRequest(captured(t, s, func(h http.Header) {
		for _, name := range []string{"Paygate_amount", "Paygate-Discount", "Paygate", "X-Paygate"} {
			h[name] = []string{"1"}
		}
	}), s.Keys.Public(), audience, moment)
	require.Equal(t, []string{"Paygate", "Paygate-Discount", "Paygate_amount"}, bad(checks))
}

func TestReportNamesEveryFault(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	good := string(captured(t, s, func(http.Header) {}))
	replaced := func(old, with string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, with, 1)
	}
	for text, wrong := range map[string][]string{
		replaced("name=Ada", "name=Eve"):   {"body"},
		replaced("POST", "PUT"):            {"method"},
		replaced("/apply", "/applY"):       {"path"},
		replaced("b=2", "b=3"):             {"query"},
		replaced("Length: 8", "Length: 9"): {"request"},
		replaced("HTTP/1.1", "HTTP"):       {"request"},
		"":                                 {"request"},
		string(captured(t, s, func(h http.Header) { h.Del("Paygate-Assertion") })):                  {"assertion"},
		string(captured(t, s, func(h http.Header) { h.Add("Paygate-Assertion", assertion(t, s)) })): {"assertion"},
		string(captured(t, s, func(h http.Header) { h.Set("Paygate-Assertion", "x.y.z") })):         {"assertion"},
	} {
		require.Equal(t, wrong, bad(signature.VerifyRequest([]byte(text), s.Keys.Public(), audience, moment)), text)
	}
	require.Equal(t, []string{"expiry"}, bad(signature.VerifyRequest([]byte(good), s.Keys.Public(), audience,
		moment.Add(time.Hour))))
	require.Equal(t, []string{"issued"}, bad(signature.VerifyRequest([]byte(good), s.Keys.Public(), audience,
		moment.Add(-time.Hour))))
	require.Equal(t, []string{"audience"}, bad(signature.VerifyRequest([]byte(good), s.Keys.Public(), "elsewhere",
		moment)))
}

func TestAnOldStackVerifiesWithOpenSSLAlone(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is not installed, and CI has to have it")
		}
		t.Skip("openssl is not installed: nothing to verify with")
	}
	s := signer(t, rsaKey)
	token := assertion(t, s)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	keyFile, bodyFile, otherBody := file("key.pem"), file("body"), file("other")
	for file, content := range map[string][]byte{
		keyFile: publicPEM(t, s.Keys[0]), bodyFile: release().Body,
		otherBody: []byte("name=Eve"),
	} {
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
	verify := func(token, body string) error {
		return exec.Command("sh", "testdata/verify.sh", token, keyFile, body).Run()
	}
	require.NoError(t, verify(token, bodyFile))
	require.Error(t, verify(token, otherBody), "another body")
	require.Error(t, verify(forged(token, 1, strings.Replace(part(t, token, 1), "2500", "2501", 1)), bodyFile),
		"another amount")
}
