package signature_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

const audience = "https://licences.example.gov.uk"

var moment = time.Date(2026, 11, 22, 10, 41, 9, 500, time.UTC)

// rsaKey and ecKey are made once, because making RSA keys takes time.
var (
	rsaKey = sync.OnceValues(func() (signature.Key, error) { return signature.Generate(signature.RS256, moment) })
	ecKey  = sync.OnceValues(func() (signature.Key, error) { return signature.Generate(signature.ES256, moment) })
)

func signer(t testing.TB, made func() (signature.Key, error)) signature.Signer {
	t.Helper()
	key, err := made()
	require.NoError(t, err)
	return signature.Signer{
		Keys: signature.Keys{key}, Issuer: "https://licences.example.gov.uk", Audience: audience,
		Now: func() time.Time { return moment },
	}
}

func release() signature.Release {
	return signature.Release{
		PaymentID: "hu20sqlact5260q2nanm0q8u93", Reference: "LIC-7F3K-22", Amount: 2500, Total: 2560,
		PaidAt: time.Date(2026, 11, 22, 11, 41, 7, 999, time.FixedZone("CET", 3600)), State: "success", Live: true,
		Route: "licence", Journey: "01JDM4Q0V3Q7J2S3", Submission: 1, Attempt: 2, Via: "return",
		CardBrand: "Visa", CardLast4: "1111", PayerEmail: "ada@example.org",
		Method: "POST", Path: "/licences/apply", Query: "a=1;b=2&c", Body: []byte("name=Ada"),
	}
}

func expected(s signature.Signer) signature.Expectations {
	r := release()
	return signature.Expectations{
		Audience: s.Audience, Method: r.Method, Path: r.Path, Query: r.Query, Body: r.Body,
		Now: moment,
	}
}

func headers(t testing.TB, s signature.Signer, r signature.Release) http.Header {
	t.Helper()
	h, err := s.Headers(r)
	require.NoError(t, err)
	return h
}

func TestHeadersFollowTheContract(t *testing.T) {
	t.Parallel()
	h := headers(t, signer(t, rsaKey), release())
	require.Equal(t, 2, strings.Count(h.Get("Paygate-Assertion"), "."))
	delete(h, "Paygate-Assertion")
	require.Equal(t, http.Header{
		"Paygate-Status":     {"success"},
		"Paygate-Payment-Id": {"hu20sqlact5260q2nanm0q8u93"},
		"Paygate-Reference":  {"LIC-7F3K-22"},
		"Paygate-Amount":     {"2500"},
		"Paygate-Total":      {"2560"},
		"Paygate-Currency":   {"GBP"},
		"Paygate-Paid-At":    {"2026-11-22T10:41:07Z"},
		"Paygate-Mode":       {"live"},
		"Paygate-Route":      {"licence"},
		"Paygate-Journey":    {"01JDM4Q0V3Q7J2S3"},
		"Paygate-Submission": {"1"},
		"Paygate-Attempt":    {"2"},
		"Paygate-Via":        {"return"},

		"Paygate-Card-Brand":  {"Visa"},
		"Paygate-Card-Last4":  {"1111"},
		"Paygate-Payer-Email": {"ada@example.org"},
	}, h)
}

func TestUnknownPayerIsLeftOut(t *testing.T) {
	t.Parallel()
	r := release()
	r.CardBrand, r.CardLast4, r.PayerEmail = "", "", ""
	h := headers(t, signer(t, ecKey), r)
	for _, name := range []string{"Paygate-Card-Brand", "Paygate-Card-Last4", "Paygate-Payer-Email"} {
		require.NotContains(t, h, name)
	}
	require.NotRegexp(t, "card_|email", part(t, h.Get("Paygate-Assertion"), 1))
}

func TestClaimsFollowTheContract(t *testing.T) {
	t.Parallel()
	s := signer(t, rsaKey)
	token := headers(t, s, release()).Get("Paygate-Assertion")
	require.JSONEq(t, `{"alg":"RS256","kid":"`+s.Keys[0].ID+`","typ":"paygate-release+jwt"}`, part(t, token, 0))

	claims, err := signature.Verify(token, s.Keys.Public(), expected(s))
	require.NoError(t, err)
	require.Len(t, claims.TokenID, 32)
	require.JSONEq(t, `{
		"iss": "https://licences.example.gov.uk", "aud": "https://licences.example.gov.uk",
		"iat": 1795344069, "exp": 1795344369, "jti": "`+claims.TokenID+`", "sub": "hu20sqlact5260q2nanm0q8u93",
		"htm": "POST", "htp": "/licences/apply", "htq": "a=1;b=2&c",
		"body_sha256": "`+signature.Digest([]byte("name=Ada"))+`",
		"jny": "01JDM4Q0V3Q7J2S3", "sbm": 1, "att": 2, "via": "return", "route": "licence",
		"pay": {"id": "hu20sqlact5260q2nanm0q8u93", "ref": "LIC-7F3K-22", "amount": 2500, "total": 2560, "cur": "GBP",
			"state": "success", "paid_at": "2026-11-22T10:41:07Z", "live": true,
			"card_brand": "Visa", "card_last4": "1111", "email": "ada@example.org"}
	}`, part(t, token, 1))
}

func TestEachAttemptHasItsOwnToken(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	first, err := signature.Verify(headers(t, s, release()).Get("Paygate-Assertion"), s.Keys.Public(), expected(s))
	require.NoError(t, err)
	second, err := signature.Verify(headers(t, s, release()).Get("Paygate-Assertion"), s.Keys.Public(), expected(s))
	require.NoError(t, err)
	require.NotEqual(t, first.TokenID, second.TokenID)
}

func TestPendingHasNoTimeOfPayment(t *testing.T) {
	t.Parallel()
	s, r := signer(t, ecKey), release()
	r.State, r.Live = "pending", false
	h := headers(t, s, r)
	require.Equal(t, "pending", h.Get("Paygate-Status"))
	require.Equal(t, "test", h.Get("Paygate-Mode"))
	require.NotContains(t, h, "Paygate-Paid-At")
	require.NotContains(t, part(t, h.Get("Paygate-Assertion"), 1), "paid_at")
	require.Contains(t, part(t, h.Get("Paygate-Assertion"), 1), `"state":"pending"`)
}

func TestReservedMoneyIsPaidForTheService(t *testing.T) {
	t.Parallel()
	s, r := signer(t, ecKey), release()
	r.State = "capturable"
	h := headers(t, s, r)
	require.Equal(t, "success", h.Get("Paygate-Status"))
	require.Contains(t, part(t, h.Get("Paygate-Assertion"), 1), `"state":"capturable"`)
}

func TestUnconfirmedPaymentIsNotSigned(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	for _, state := range []string{"", "created", "started", "submitted", "failed", "cancelled", "error", "Success"} {
		r := release()
		r.State = state
		h, err := s.Headers(r)
		require.ErrorIs(t, err, signature.ErrUnpaid, state)
		require.Nil(t, h)
	}
	r := release()
	r.PaidAt = time.Time{}
	_, err := s.Headers(r)
	require.ErrorIs(t, err, signature.ErrUndated)

	s.Keys = nil
	_, err = s.Headers(release())
	require.ErrorIs(t, err, signature.ErrNoKey)
}

func TestReferenceCannotBreakTheHeader(t *testing.T) {
	t.Parallel()
	s, r := signer(t, ecKey), release()
	r.Reference = " Trwydded Môn\r\nPaygate-Status: x "
	h := headers(t, s, r)
	require.Equal(t, "Trwydded M?n??Paygate-Status: x", h.Get("Paygate-Reference"))
	claims, err := signature.Verify(h.Get("Paygate-Assertion"), s.Keys.Public(), expected(s))
	require.NoError(t, err)
	require.Equal(t, r.Reference, claims.Payment.Ref, "the assertion has the text itself")
}

func BenchmarkHeaders(b *testing.B) {
	for _, made := range []func() (signature.Key, error){rsaKey, ecKey} {
		s, r := signer(b, made), release()
		b.Run(s.Keys[0].Alg, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Headers(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
