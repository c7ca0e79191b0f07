package examples_test

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
)

// attack is a request that must be refused, and the reason that the verifier must give.
type attack struct {
	name   string
	reason string
	request
}

func attacks(t *testing.T) []attack {
	t.Helper()
	return append(forgeries(t), replays(t)...)
}

// replays returns genuine assertions with another request.
func replays(t *testing.T) []attack {
	t.Helper()
	var all []attack
	add := func(name, reason string, change func(*request)) {
		r := genuine(t)
		change(&r)
		all = append(all, attack{name, reason, r})
	}
	add("expired", "exp", func(r *request) { r.now = moment.Add(362 * time.Second) })
	add("not yet issued", "iat", func(r *request) { r.now = moment.Add(-62 * time.Second) })
	add("another audience", "aud", func(r *request) { r.audience += "/" })
	add("another path", "htp", func(r *request) { r.target = "/licences/renew?" + release().Query })
	add("a longer path", "htp", func(r *request) { r.target = "/licences/apply/?" + release().Query })
	add("another query", "htp", func(r *request) { r.target = "/licences/apply?licence=gold" })
	add("without its query", "htp", func(r *request) { r.target = "/licences/apply" })
	add("another method", "htm", func(r *request) { r.method = "PUT" })
	add("another body", "body_sha256", func(r *request) { r.body = []byte("name=Eve") })
	add("an empty body", "body_sha256", func(r *request) { r.body = []byte{} })
	unconfirmed := release()
	unconfirmed.State = "pending"
	add("not yet confirmed", `pay\.state`, func(r *request) { r.assertion = signedBy(t, key(t, "ours"), unconfirmed) })
	add("a release where an event is wanted", "typ", func(r *request) { r.typ = []string{"paygate-event+jwt"} })
	add("an event where a release is wanted", "typ", func(r *request) {
		*r = genuineEvent(t, "success")
		r.typ = nil
	})
	return all
}

// forgeries returns assertions that Paygate did not make. The reason is empty where any reason will do.
func forgeries(t *testing.T) []attack {
	t.Helper()
	ours, good := key(t, "ours"), genuine(t)
	segments := strings.Split(good.assertion, ".")
	header := func(alg, typ string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","kid":"` + ours.ID + `","typ":"` +
			typ + `"}`))
	}
	claims := func(from, to string) string {
		text, err := base64.RawURLEncoding.DecodeString(segments[1])
		require.NoError(t, err)
		require.Contains(t, string(text), from)
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), from, to, 1)))
	}
	var all []attack
	add := func(name, reason, assertion string) {
		r := good
		r.assertion = assertion
		all = append(all, attack{name, reason, r})
	}
	add("alg none, no signature", "signature", header("none", "paygate-release+jwt")+"."+segments[1]+".")
	add("alg none, the old signature", "signature",
		header("none", "paygate-release+jwt")+"."+segments[1]+"."+segments[2])
	add("HS256, the public key as its secret", "signature", foreign(t, jose.HS256, publicPEM(t, ours), segments[1]))
	add("another key", "signature", signedBy(t, key(t, "another"), release()))
	add("ES256", "signature", signedBy(t, key(t, "elliptic"), release()))
	add("RS512", "signature", foreign(t, jose.RS512, ours.Private, segments[1]))
	add("PS256", "signature", foreign(t, jose.PS256, ours.Private, segments[1]))
	for from, to := range map[string]string{
		`"amount":2500`:     `"amount":9900`,
		`"state":"success"`: `"state":"capturable"`, `"sbm":2`: `"sbm":3`,
	} {
		add("changed claim "+to, "signature", segments[0]+"."+claims(from, to)+"."+segments[2])
	}
	add("signed by us, and calls itself none", "alg",
		resigned(t, ours, header("none", "paygate-release+jwt"), segments[1]))
	add("signed by us, and calls itself HS256", "alg",
		resigned(t, ours, header("HS256", "paygate-release+jwt"), segments[1]))
	for _, typ := range []string{"JWT", "", "PAYGATE-RELEASE+JWT", "paygate-release+jwtx"} {
		add("typ "+typ, "typ", resigned(t, ours, header("RS256", typ), segments[1]))
	}
	add("signed by us, and not for success", `pay\.state`,
		resigned(t, ours, segments[0], claims(`"state":"success"`, `"state":"unsuccess"`)))
	add("signed by us, and no claims", "", resigned(t, ours, segments[0], "e30"))
	add("truncated by a character", "", good.assertion[:len(good.assertion)-1])
	add("truncated by half a signature", "signature", good.assertion[:len(good.assertion)-171])
	add("without a signature", "", segments[0]+"."+segments[1])
	add("without the dot before the signature", "", segments[0]+"."+segments[1]+segments[2])
	add("an extra segment", "", good.assertion+".x")
	add("an extra empty segment", "", good.assertion+".")
	add("an extra segment in front", "", "x."+good.assertion)
	add("empty", "", "")
	add("dots", "", "..")
	add("twice", "", good.assertion+", "+good.assertion)
	return all
}

// foreign returns a token with our claims, signed with another algorithm.
func foreign(t *testing.T, alg jose.SignatureAlgorithm, secret any, claims string) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("paygate-release+jwt")
	maker, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: secret}, options)
	require.NoError(t, err)
	payload, err := base64.RawURLEncoding.DecodeString(claims)
	require.NoError(t, err)
	require.True(t, json.Valid(payload))
	signed, err := maker.Sign(payload)
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

// resigned returns a token that our key signed over a header that Paygate never writes.
func resigned(t *testing.T, key signature.Key, header, claims string) string {
	t.Helper()
	digest := crypto.SHA256.New()
	digest.Write([]byte(header + "." + claims))
	signed, err := key.Private.Sign(nil, digest.Sum(nil), crypto.SHA256)
	require.NoError(t, err)
	return header + "." + claims + "." + base64.RawURLEncoding.EncodeToString(signed)
}
