package signature

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Check is one thing that was looked at in a captured request.
type Check struct {
	Name   string
	Good   bool
	Detail string
}

// VerifyRequest checks a captured request, bytes as they reached the service: the assertion, what it says of method,
// path, query and body, and that the headers in clear text say the same.
func VerifyRequest(captured []byte, keys jose.JSONWebKeySet, audience string, now time.Time) []Check {
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(captured)))
	if err != nil {
		return []Check{{"request", false, "it is no HTTP request"}}
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return []Check{{"request", false, "its body breaks off"}}
	}
	tokens := request.Header.Values("Paygate-Assertion")
	if len(tokens) != 1 {
		return []Check{{"assertion", false, fmt.Sprintf("there are %d of them instead of one", len(tokens))}}
	}
	claims, err := Verify(tokens[0], keys, audience, now)
	if err != nil && claims.Issuer == "" {
		return []Check{{"assertion", false, err.Error()}}
	}
	checks := []Check{{"assertion", err == nil, detail(err, "signed by "+claims.Issuer)}}
	path, query, _ := strings.Cut(request.RequestURI, "?")
	checks = append(checks,
		same("method", request.Method, claims.Method), same("path", path, claims.Path), same("query", query, claims.Query),
		same("body", Digest(body), claims.BodySHA256))
	return append(checks, clearText(request.Header, claims)...)
}

// clearText compares the headers beside the assertion with what it says.
func clearText(h http.Header, c Claims) []Check {
	wanted := map[string]string{
		"Paygate-Payment-Id": c.Payment.ID, "Paygate-Reference": asciiOf(c.Payment.Ref),
		"Paygate-Amount": strconv.FormatInt(c.Payment.Amount, 10), "Paygate-Total": strconv.FormatInt(c.Payment.Total, 10),
		"Paygate-Currency": c.Payment.Currency, "Paygate-Mode": mode(c.Payment.Live), "Paygate-Route": c.Route,
		"Paygate-Journey": c.Journey, "Paygate-Submission": strconv.Itoa(c.Submission),
		"Paygate-Attempt": strconv.Itoa(c.Attempt), "Paygate-Via": c.Via, "Paygate-Status": "success", "Paygate-Paid-At": "",
	}
	if c.Payment.PaidAt != nil {
		wanted["Paygate-Paid-At"] = c.Payment.PaidAt.Format(time.RFC3339)
	}
	if c.Payment.State == "pending" {
		wanted["Paygate-Status"] = "pending"
	}
	all := Check{Name: "headers", Good: true, Detail: "they say what the assertion says"}
	for name, value := range wanted {
		if strings.Join(h.Values(name), ", ") != value {
			all = Check{"headers", false, name + " differs from the assertion"}
		}
	}
	return []Check{all}
}

func same(name, got, signed string) Check {
	if got == signed {
		return Check{name, true, "is the signed one"}
	}
	return Check{name, false, ErrRequest.Error()}
}

func detail(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}
