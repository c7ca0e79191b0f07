package signature

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"paygate/gateway/headers"
)

// Check is one check of a captured request.
type Check struct {
	Name   string
	Good   bool
	Detail string
}

// VerifyRequest checks a captured request, in the bytes that reached the service: the assertion, what it says about
// method, path, query and body, and that the headers in clear text say the same. It checks everything that it can, so
// that a report on yesterday's request names only its expiry. If the signature is not valid, it compares nothing.
func VerifyRequest(captured []byte, keys jose.JSONWebKeySet, audience string, now time.Time) []Check {
	request, body, err := readRequest(captured)
	if err != nil {
		return []Check{{"request", false, err.Error()}}
	}
	tokens := request.Header.Values(assertionHeader)
	if len(tokens) != 1 {
		return []Check{{"assertion", false, fmt.Sprintf("there are %d of them instead of one", len(tokens))}}
	}
	claims, err := open(tokens[0], keys)
	if err != nil {
		return []Check{{"assertion", false, err.Error()}}
	}
	path, query, _ := strings.Cut(request.RequestURI, "?")
	expected := Expectations{Audience: audience, Method: request.Method, Path: path, Query: query, Body: body, Now: now}
	checks := []Check{{"assertion", true, claims.tokenType() + ", signed by " + claims.Issuer}}
	for _, c := range expected.compare(claims) {
		checks = append(checks, c.check())
	}
	return append(append(checks, compareHeaders(request.Header, claims)...), unsignedHeaders(request.Header, claims)...)
}

func readRequest(captured []byte) (*http.Request, []byte, error) {
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(captured)))
	if err != nil {
		return nil, nil, errors.New("it is not an HTTP request")
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, nil, errors.New("its body breaks off")
	}
	return request, body, nil
}

func (c comparison) check() Check {
	if !c.holds {
		return Check{c.name, false, c.wrong.Error()}
	}
	return Check{c.name, true, "as signed"}
}

// compareHeaders compares each header in clear text with the assertion. A header that came twice is not what was
// signed.
func compareHeaders(h http.Header, c Claims) []Check {
	var checks []Check
	for _, line := range clearText(c) {
		came := strings.Join(h.Values(line.name), ", ")
		if came == "" && line.value == "" {
			continue
		}
		check := Check{line.name, came == line.value, "as signed"}
		if !check.Good {
			check.Detail = fmt.Sprintf("%q came, %q was signed", came, line.value)
		}
		checks = append(checks, check)
	}
	return checks
}

// unsignedHeaders finds headers that a careless reader would take for ours and that the assertion does not cover.
func unsignedHeaders(h http.Header, c Claims) []Check {
	signed := []string{assertionHeader}
	for _, line := range clearText(c) {
		signed = append(signed, line.name)
	}
	var checks []Check
	for name := range h {
		if headers.IsOurs(name) && !slices.Contains(signed, name) {
			checks = append(checks, Check{name, false, "is not one of the signed headers"})
		}
	}
	slices.SortFunc(checks, func(a, b Check) int { return strings.Compare(a.Name, b.Name) })
	return checks
}
