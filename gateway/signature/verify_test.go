package signature_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

// part returns one of the three parts of a token, decoded.
func part(t testing.TB, token string, n int) string {
	t.Helper()
	segments := strings.Split(token, ".")
	require.Len(t, segments, 3)
	text, err := base64.RawURLEncoding.DecodeString(segments[n])
	require.NoError(t, err)
	return string(text)
}

// forged returns a token with another header or payload before an old signature.
func forged(token string, n int, text string) string {
	segments := strings.Split(token, ".")
	segments[n] = base64.RawURLEncoding.EncodeToString([]byte(text))
	return strings.Join(segments, ".")
}

func assertion(t testing.TB, s signature.Signer) string {
	t.Helper()
	return headers(t, s, release()).Get("Paygate-Assertion")
}

func TestBothAlgorithmsVerify(t *testing.T) {
	t.Parallel()
	for _, made := range []func() (signature.Key, error){rsaKey, ecKey} {
		s := signer(t, made)
		claims, err := signature.Verify(assertion(t, s), s.Keys.Public(), expected(s))
		require.NoError(t, err)
		require.EqualValues(t, 2500, claims.Payment.Amount)
	}
}

func TestAssertionIsForOneRequestOnly(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	token := assertion(t, s)
	for wrong, change := range map[error]func(*signature.Expectations){
		signature.ErrAudience: func(e *signature.Expectations) { e.Audience += "/" },
		signature.ErrMethod:   func(e *signature.Expectations) { e.Method = "PUT" },
		signature.ErrPath:     func(e *signature.Expectations) { e.Path += "/" },
		signature.ErrQuery:    func(e *signature.Expectations) { e.Query = "" },
		signature.ErrBody:     func(e *signature.Expectations) { e.Body = nil },
		signature.ErrExpired:  func(e *signature.Expectations) { e.Now = moment.Add(362 * time.Second) },
		signature.ErrFuture:   func(e *signature.Expectations) { e.Now = moment.Add(-62 * time.Second) },
	} {
		e := expected(s)
		change(&e)
		claims, err := signature.Verify(token, s.Keys.Public(), e)
		require.ErrorIs(t, err, wrong)
		require.Zero(t, claims, "no claims with an error")
	}
}

func TestClocksMayDifferSlightly(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	token := assertion(t, s)
	for _, apart := range []time.Duration{-59 * time.Second, 0, 300 * time.Second, 359 * time.Second} {
		e := expected(s)
		e.Now = moment.Add(apart)
		_, err := signature.Verify(token, s.Keys.Public(), e)
		require.NoError(t, err, apart)
	}
}

func TestEveryChangedClaimBreaksTheSignature(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	token := assertion(t, s)
	var claims map[string]any
	require.NoError(t, json.Unmarshal([]byte(part(t, token, 1)), &claims))
	pay := claims["pay"].(map[string]any)
	require.Len(t, claims, 16)
	require.Len(t, pay, 11)
	refused := func(name string) {
		text, err := json.Marshal(claims)
		require.NoError(t, err)
		_, err = signature.Verify(forged(token, 1, string(text)), s.Keys.Public(), expected(s))
		require.ErrorIs(t, err, signature.ErrSignature, name)
	}
	for _, of := range []map[string]any{claims, pay} {
		for name, value := range of {
			of[name] = nil
			refused(name)
			of[name] = value
		}
	}
}

func TestTokenCannotChooseItsAlgorithm(t *testing.T) {
	t.Parallel()
	s := signer(t, rsaKey)
	token := assertion(t, s)
	kid := s.Keys[0].ID
	const kind = "paygate-release+jwt"
	const base64url = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	unsigned := forged(token, 0, `{"alg":"none","kid":"`+kid+`","typ":"paygate-release+jwt"}`)
	none := strings.TrimRight(unsigned, base64url)
	require.True(t, strings.HasSuffix(none, "."))

	der, err := x509.MarshalPKIXPublicKey(s.Keys[0].Private.Public())
	require.NoError(t, err)
	ec := signer(t, ecKey)
	for name, forgery := range map[string]string{
		"none":                       none,
		"None":                       forged(token, 0, `{"alg":"None","kid":"`+kid+`","typ":"paygate-release+jwt"}`),
		"HS256 with the public PEM":  signedWith(t, jose.HS256, publicPEM(t, s.Keys[0]), kid, kind),
		"HS256 with the public DER":  signedWith(t, jose.HS256, der, kid, kind),
		"PS256 with the right key":   signedWith(t, jose.PS256, s.Keys[0].Private, kid, kind),
		"RS512 with the right key":   signedWith(t, jose.RS512, s.Keys[0].Private, kid, kind),
		"ES256 for an RS256 key":     signedWith(t, jose.ES256, ec.Keys[0].Private, kid, kind),
		"RS256 text, ES256 key's id": signedWith(t, jose.RS256, s.Keys[0].Private, ec.Keys[0].ID, kind),
	} {
		_, err := signature.Verify(forgery, append(s.Keys, ec.Keys...).Public(), expected(s))
		require.ErrorIs(t, err, signature.ErrAlgorithm, name)
	}
}

func TestOtherTokensAreRefused(t *testing.T) {
	t.Parallel()
	s, other := signer(t, ecKey), signer(t, rsaKey)
	key := s.Keys[0]
	for _, kind := range []string{"", "JWT", "paygate-release", "PAYGATE-RELEASE+JWT"} {
		_, err := signature.Verify(signedWith(t, jose.ES256, key.Private, key.ID, kind), s.Keys.Public(), expected(s))
		require.ErrorIs(t, err, signature.ErrType, kind)
	}
	for _, text := range []string{"", ".", "a.b.c", "{}", assertion(t, s) + ".x", `{"payload":"","signatures":[]}`} {
		_, err := signature.Verify(text, s.Keys.Public(), expected(s))
		require.ErrorIs(t, err, signature.ErrMalformed, text)
	}
	_, err := signature.Verify(signedWith(t, jose.ES256, key.Private, key.ID, "paygate-release+jwt"), s.Keys.Public(),
		expected(s))
	require.ErrorIs(t, err, signature.ErrMalformed, "signed, and no claims")
	_, err = signature.Verify(assertion(t, s), other.Keys.Public(), expected(s))
	require.ErrorIs(t, err, signature.ErrKey)
	_, err = signature.Verify(assertion(t, s), jose.JSONWebKeySet{}, expected(s))
	require.ErrorIs(t, err, signature.ErrKey)

	impostor, err := signature.Generate(signature.ES256, moment)
	require.NoError(t, err)
	set := signature.Keys{impostor}.Public()
	set.Keys[0].KeyID = key.ID
	_, err = signature.Verify(assertion(t, s), set, expected(s))
	require.ErrorIs(t, err, signature.ErrSignature)
}

func TestKeySetWithAPrivateKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := signer(t, ecKey)
	key := s.Keys[0]
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Private, KeyID: key.ID, Algorithm: key.Alg}}}
	_, err := signature.Verify(assertion(t, s), set, expected(s))
	require.ErrorIs(t, err, signature.ErrKey)
}

// signedWith makes a token as a forger would, with a text for claims.
func signedWith(t *testing.T, alg jose.SignatureAlgorithm, key any, kid, kind string) string {
	t.Helper()
	if private, ok := key.(crypto.Signer); ok {
		key = private
	}
	options := &jose.SignerOptions{}
	if kind != "" {
		options = options.WithType(jose.ContentType(kind))
	}
	maker, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, options)
	require.NoError(t, err)
	signed, err := maker.Sign([]byte("no claims"))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

func FuzzAssertion(f *testing.F) {
	s := signer(f, ecKey)
	token, keys := assertion(f, s), s.Keys.Public()
	captured := "POST /licences/apply?a=1;b=2&c HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nPaygate-Assertion: "
	f.Add(token)
	f.Add("eyJhbGciOiJub25lIn0..")
	f.Add(token + "\r\nPaygate-Status: success")
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := signature.Verify(text, keys, expected(s))
		if err == nil && part(t, text, 1) != part(t, token, 1) {
			t.Fatalf("a forged assertion was believed: %+v", claims)
		}
		checks := signature.VerifyRequest([]byte(captured+text+"\r\n\r\nname=Ada"), keys, audience, moment)
		if len(checks) == 0 {
			t.Fatal("a report with nothing in it looks like a good one")
		}
	})
}
