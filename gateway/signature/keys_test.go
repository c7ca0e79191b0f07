package signature_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

const day = 24 * time.Hour

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8(t *testing.T, private any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return der
}

func publicPEM(t *testing.T, key signature.Key) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Private.Public())
	require.NoError(t, err)
	return block("PUBLIC KEY", der)
}

func TestParsePEMReadsTheUsualFormats(t *testing.T) {
	t.Parallel()
	rs, ec := signer(t, rsaKey).Keys[0], signer(t, ecKey).Keys[0]
	sec1, err := x509.MarshalECPrivateKey(ec.Private.(*ecdsa.PrivateKey))
	require.NoError(t, err)
	pkcs1 := x509.MarshalPKCS1PrivateKey(rs.Private.(*rsa.PrivateKey))
	parameters := block("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7})
	for name, c := range map[string]struct {
		text []byte
		want signature.Key
	}{
		"PKCS #1":               {block("RSA PRIVATE KEY", pkcs1), rs},
		"PKCS #8 of RSA":        {block("PRIVATE KEY", pkcs8(t, rs.Private)), rs},
		"PKCS #8 of ECDSA":      {block("PRIVATE KEY", pkcs8(t, ec.Private)), ec},
		"SEC 1":                 {block("EC PRIVATE KEY", sec1), ec},
		"SEC 1 as openssl does": {append(parameters, block("EC PRIVATE KEY", sec1)...), ec},
		"text before":           {append([]byte("Key of 2026\n\n"), block("PRIVATE KEY", pkcs8(t, rs.Private))...), rs},
	} {
		key, err := signature.ParsePEM(c.text)
		require.NoError(t, err, name)
		require.Equal(t, c.want.ID, key.ID, name)
		require.Equal(t, c.want.Alg, key.Alg, name)
	}
}

func TestParsePEMRefusesOtherKeys(t *testing.T) {
	t.Parallel()
	rs := signer(t, rsaKey).Keys[0]
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	encrypted := &pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: []byte("noise"),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"},
	}
	for name, c := range map[string]struct {
		text []byte
		why  string
	}{
		"nothing":            {nil, "no PEM block"},
		"no PEM":             {[]byte("secret"), "no PEM block"},
		"parameters alone":   {block("EC PARAMETERS", []byte{6, 0}), "no PEM block"},
		"public":             {publicPEM(t, rs), "does not contain a private key"},
		"certificate":        {block("CERTIFICATE", []byte("x")), "does not contain a private key"},
		"encrypted PKCS #8":  {block("ENCRYPTED PRIVATE KEY", []byte("x")), "encrypted"},
		"encrypted PKCS #1":  {pem.EncodeToMemory(encrypted), "encrypted"},
		"damaged":            {block("PRIVATE KEY", []byte("x")), "cannot be read"},
		"weak RSA":           {block("PRIVATE KEY", pkcs8(t, weak)), "2048 bits"},
		"another curve":      {block("PRIVATE KEY", pkcs8(t, curve)), "P-256"},
		"another algorithm":  {block("PRIVATE KEY", pkcs8(t, edwards)), "RSA, or ECDSA on P-256"},
		"mislabelled PKCS 8": {block("EC PRIVATE KEY", pkcs8(t, rs.Private)), "cannot be read"},
	} {
		_, err := signature.ParsePEM(c.text)
		require.ErrorContains(t, err, c.why, name)
	}
	_, err = signature.Generate("HS256", moment)
	require.ErrorContains(t, err, "HS256")
}

func TestKeyIsMadeOnceAndStored(t *testing.T) {
	t.Parallel()
	none, err := signature.Unmarshal(nil)
	require.NoError(t, err)
	made, err := none.Rotate(signature.ES256, moment)
	require.NoError(t, err)
	stored, err := made.Marshal()
	require.NoError(t, err)
	again, err := signature.Unmarshal(stored)
	require.NoError(t, err)
	require.Equal(t, made, again)
	same, err := again.Rotate(signature.ES256, moment.Add(1000*day))
	require.NoError(t, err)
	require.Equal(t, made, same)

	for _, damaged := range []string{"", "{", `[{"pkcs8":"AAAA"}]`} {
		_, err := signature.Unmarshal([]byte(damaged))
		require.Error(t, err, damaged)
	}
}

func TestOldKeyStaysPublishedSevenDays(t *testing.T) {
	t.Parallel()
	old := signer(t, rsaKey).Keys
	rotated, err := old.Rotate(signature.ES256, moment)
	require.NoError(t, err)
	require.Len(t, rotated.Public().Keys, 2)
	require.Zero(t, old[0].RetiredAt, "the keys in use are not touched")

	takesOver := moment.Add(10 * time.Minute)
	still, err := rotated.Signing(takesOver.Add(-time.Second))
	require.NoError(t, err)
	require.Equal(t, old[0].ID, still.ID, "verifiers learn of the new one first")
	signing, err := rotated.Signing(takesOver)
	require.NoError(t, err)
	require.Equal(t, signature.ES256, signing.Alg)
	s := signer(t, rsaKey)
	_, err = signature.Verify(assertion(t, s), rotated.Public(), expected(s))
	require.NoError(t, err, "what the old key signed still verifies")

	nearly, err := rotated.Rotate(signature.ES256, takesOver.Add(7*day-time.Second))
	require.NoError(t, err)
	require.Len(t, nearly, 2)
	after, err := rotated.Rotate(signature.ES256, takesOver.Add(7*day))
	require.NoError(t, err)
	require.Equal(t, signature.Keys{signing}, after)
}

func TestNextKeyIsPublishedBeforeItSigns(t *testing.T) {
	t.Parallel()
	s := signer(t, rsaKey)
	from := moment.Add(day)
	keys, err := s.Keys.Announce(signature.ES256, moment, from)
	require.NoError(t, err)
	stored, err := keys.Marshal()
	require.NoError(t, err)
	keys, err = signature.Unmarshal(stored)
	require.NoError(t, err)
	require.Len(t, keys.Public().Keys, 2)

	before, err := keys.Signing(from.Add(-time.Second))
	require.NoError(t, err)
	require.Equal(t, signature.RS256, before.Alg)
	after, err := keys.Signing(from)
	require.NoError(t, err)
	require.Equal(t, signature.ES256, after.Alg)

	s.Keys = keys
	require.Contains(t, part(t, assertion(t, s), 0), "RS256")
	s.Now = func() time.Time { return from }
	require.Contains(t, part(t, assertion(t, s), 0), "ES256")

	rotated, err := keys.Rotate(signature.ES256, from.Add(7*day-time.Second))
	require.NoError(t, err)
	require.Len(t, rotated, 2)
	rotated, err = keys.Rotate(signature.ES256, from.Add(7*day))
	require.NoError(t, err)
	require.Len(t, rotated, 1)
}

func TestKeyRetiresWhenItsSuccessorSigns(t *testing.T) {
	t.Parallel()
	late, err := signer(t, ecKey).Keys.Announce(signature.ES256, moment, moment.Add(10*day))
	require.NoError(t, err)
	early, err := late.Announce(signature.ES256, moment, moment.Add(day))
	require.NoError(t, err)
	require.Equal(t, moment.Add(day), early[1].RetiredAt)
	require.Equal(t, moment.Add(day), early[2].RetiredAt)
	later, err := early.Announce(signature.ES256, moment, moment.Add(5*day))
	require.NoError(t, err)
	require.Equal(t, moment.Add(5*day), later[1].RetiredAt)
	require.Equal(t, moment.Add(day), later[2].RetiredAt, "what retired stays so")
}

func TestTheKeySetIsServed(t *testing.T) {
	t.Parallel()
	rs, ec := signer(t, rsaKey).Keys[0], signer(t, ecKey).Keys[0]
	server := httptest.NewServer(signature.NewRing(signature.Keys{ec, rs, ec}, nil).Handler())
	defer server.Close()

	answer, err := http.Get(server.URL)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	require.Equal(t, "public, max-age=300", answer.Header.Get("Cache-Control"))
	require.Equal(t, "yes", answer.Header.Get("Paygate-Answer"))
	var set jose.JSONWebKeySet
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&set))
	require.Len(t, set.Keys, 2, "each once")
	for i, key := range []signature.Key{ec, rs} {
		require.Equal(t, key.ID, set.Keys[i].KeyID)
		require.Equal(t, key.Alg, set.Keys[i].Algorithm)
		require.Equal(t, "sig", set.Keys[i].Use)
		require.True(t, set.Keys[i].IsPublic(), "never the private half")
	}

	head, err := http.Head(server.URL)
	require.NoError(t, err)
	head.Body.Close()
	require.Equal(t, http.StatusOK, head.StatusCode)

	post, err := http.Post(server.URL, "", nil)
	require.NoError(t, err)
	post.Body.Close()
	require.Equal(t, http.StatusMethodNotAllowed, post.StatusCode)
	require.Equal(t, "GET, HEAD", post.Header.Get("Allow"))
	require.Equal(t, "no-store", post.Header.Get("Cache-Control"))
	require.Equal(t, "yes", post.Header.Get("Paygate-Answer"))
}

// A machine's clock is ahead at the first start, and is then set right.
func TestKeyMadeInTheFutureSigns(t *testing.T) {
	t.Parallel()
	now := time.Now()
	keys, err := signature.Keys(nil).Rotate(signature.ES256, now.Add(365*day))
	require.NoError(t, err)
	key, err := keys.Signing(now)
	require.NoError(t, err)
	require.Equal(t, keys[0].ID, key.ID)

	keys, err = keys.Announce(signature.ES256, now.Add(366*day), now.Add(367*day))
	require.NoError(t, err)
	again, err := keys.Signing(now)
	require.NoError(t, err)
	require.Equal(t, key.ID, again.ID, "verifiers have known it longest")
}
