package staff_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"paygate/gateway/signin"
	"paygate/gateway/staff"
)

var issuerKey, _ = rsa.GenerateKey(rand.Reader, 2048)

// issuer is an issuer of OpenID Connect whose tokens a test can change.
type issuer struct {
	*httptest.Server
	t      *testing.T
	l      *listener
	asked  []string       // paths
	claims map[string]any // over the usual ones
	sign   func(text []byte) string
	at     map[string]url.Values // by code: the query at which it was given
	refuse bool
}

func newIssuer(t *testing.T, grants string, change func(*signin.Options)) (*issuer, *listener) {
	t.Helper()
	is := &issuer{t: t, claims: map[string]any{}, at: map[string]url.Values{}}
	is.sign = func(text []byte) string { return signed(t, jose.RS256, issuerKey, text) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", is.discovery)
	mux.HandleFunc("GET /authorize", is.authorize)
	mux.HandleFunc("POST /token", is.token)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		key := jose.JSONWebKey{Key: issuerKey.Public(), KeyID: "1", Use: "sig"}
		is.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
	})
	is.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is.asked = append(is.asked, r.URL.Path)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(is.Close)
	is.l = newListener(t, func(o *staff.Options) {
		o.SignIn.OIDC = &signin.OIDC{
			Issuer: is.URL, ClientID: "paygate", ClientSecret: "secret", PublicURL: &url.URL{}, GroupsClaim: "groups",
		}
		for grant := range strings.SplitSeq(grants, ",") {
			g, err := signin.ParseGrant(grant)
			require.NoError(t, err)
			o.SignIn.Roles = append(o.SignIn.Roles, g)
		}
		if change != nil {
			change(&o.SignIn)
		}
	})
	public, err := url.Parse(is.l.URL)
	require.NoError(t, err)
	*is.l.options.SignIn.OIDC.PublicURL = *public
	return is, is.l
}

func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, text []byte) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	require.NoError(t, err)
	jws, err := signer.Sign(text)
	require.NoError(t, err)
	compact, err := jws.CompactSerialize()
	require.NoError(t, err)
	return compact
}

func (is *issuer) answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func (is *issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	is.answer(w, map[string]any{
		"issuer": is.URL, "authorization_endpoint": is.URL + "/authorize", "token_endpoint": is.URL + "/token",
		"jwks_uri": is.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	})
}

func (is *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	code := rand.Text()
	is.at[code] = r.URL.Query()
	back := r.FormValue("redirect_uri") + "?" + url.Values{"code": {code}, "state": {r.FormValue("state")}}.Encode()
	http.Redirect(w, r, back, http.StatusFound)
}

func (is *issuer) token(w http.ResponseWriter, r *http.Request) {
	asked := is.at[r.FormValue("code")]
	delete(is.at, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if asked == nil || is.refuse || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"ann@example.gov.uk"}`))
		return
	}
	claims := map[string]any{
		"iss": is.URL, "aud": "paygate", "sub": "s1", "nonce": asked.Get("nonce"), "email": "Ann@Example.gov.uk",
		"email_verified": true, "preferred_username": "ann.smith",
		"exp": is.l.now().Add(time.Hour).Unix(), "iat": is.l.now().Unix(),
	}
	for name, value := range is.claims {
		claims[name] = value
	}
	text, err := json.Marshal(claims)
	require.NoError(is.t, err)
	is.answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": is.sign(text)})
}

// signIn signs in with the issuer, and returns the last answer.
func (is *issuer) signIn(b browser) (*http.Response, string) {
	return b.do("/login/start?to=%2Fjourneys%3Fstate%3Dstuck", nil)
}

func TestOpenIDConnectSignsIn(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "ann@example.gov.uk=refund", nil)
	require.Empty(t, is.asked, "the issuer is asked at the first sign-in")
	b := l.browser(t)
	_, text := b.do("/login", nil)
	require.Contains(t, text, "Sign in with your organisation’s account")
	require.Empty(t, is.asked)
	answer, _ := is.signIn(b)
	require.Equal(t, http.StatusOK, answer.StatusCode, "the browser does not send a Strict cookie after a redirect")
	require.Equal(t, "/login/callback", answer.Request.URL.Path)
	require.Equal(t, "0; url=/journeys?state=stuck", answer.Header.Get("Refresh"))
	_, text = b.do("/journeys?state=stuck", nil)
	require.Contains(t, text, "Signed in as ann.smith")
	answer, _ = b.do("/backup", nil)
	require.Equal(t, http.StatusForbidden, answer.StatusCode, "the role is refund")
	for _, cookie := range answer.Cookies() {
		require.NotContains(t, cookie.Value, "ann")
	}
}

// signedWith makes the issuer sign with another algorithm or key.
func signedWith(t *testing.T, algorithm jose.SignatureAlgorithm, key any) func(*issuer) {
	return func(is *issuer) {
		is.sign = func(token []byte) string { return signed(t, algorithm, key, token) }
	}
}

func TestTokensThatDoNotCount(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	hmacKey := []byte(strings.Repeat("secret", 8))
	for name, spoil := range map[string]func(*issuer){
		"wrong issuer":        func(is *issuer) { is.claims["iss"] = is.URL + "/" },
		"wrong audience":      func(is *issuer) { is.claims["aud"] = "another" },
		"another party":       func(is *issuer) { is.claims["azp"] = "another" },
		"several, no party":   func(is *issuer) { is.claims["aud"] = []string{"paygate", "another"} },
		"several, other azp":  func(is *issuer) { is.claims["aud"], is.claims["azp"] = []string{"paygate", "b"}, "b" },
		"expired":             func(is *issuer) { is.claims["exp"] = t0.Unix() },
		"another nonce":       func(is *issuer) { is.claims["nonce"] = "n" },
		"no nonce":            func(is *issuer) { is.claims["nonce"] = "" },
		"no subject":          func(is *issuer) { is.claims["sub"] = "" },
		"another key":         signedWith(t, jose.RS256, other),
		"RS512":               signedWith(t, jose.RS512, issuerKey),
		"HS256":               signedWith(t, jose.HS256, hmacKey),
		"none":                func(is *issuer) { is.sign = unsigned },
		"no token":            func(is *issuer) { is.sign = func([]byte) string { return "" } },
		"the code is refused": func(is *issuer) { is.refuse = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			is, l := newIssuer(t, "ann@example.gov.uk=refund", nil)
			spoil(is)
			b := l.browser(t)
			answer, text := is.signIn(b)
			require.Equal(t, http.StatusUnauthorized, answer.StatusCode, text)
			require.NotContains(t, text, "ann@")
			require.False(t, b.isIn())
		})
	}
	is, l := newIssuer(t, "ann@example.gov.uk=refund", nil)
	is.claims["aud"], is.claims["azp"] = []string{"paygate", "another"}, "paygate"
	b := l.browser(t)
	is.signIn(b)
	require.True(t, b.isIn(), "several audiences and we are the party")
}

func unsigned(text []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(text) + "."
}

func TestASignInCountsOnceInItsBrowserWithinTenMinutes(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "ann@example.gov.uk=refund", nil)
	at, err := url.Parse(l.URL)
	require.NoError(t, err)
	loginAt := at.JoinPath("/login/callback")
	start := func(b browser) (callback string, cookies []*http.Cookie) {
		b.at.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == "/login/callback" {
				callback = r.URL.RequestURI()
				return http.ErrUseLastResponse
			}
			return nil
		}
		is.signIn(b)
		return callback, b.at.Jar.Cookies(loginAt)
	}
	stale := func(b browser, callback string) {
		t.Helper()
		answer, text := b.do(callback, nil)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, text)
		require.False(t, b.isIn())
	}
	b := l.browser(t)
	callback, _ := start(b)
	stale(l.browser(t), callback) // another browser
	stale(b, strings.Replace(callback, "state=", "state=x", 1))
	b = l.browser(t)
	callback, cookies := start(b)
	answer, _ := b.do(callback, nil)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	again := l.browser(t)
	again.at.Jar.SetCookies(loginAt, cookies)
	stale(again, callback)

	late := l.browser(t)
	callback, _ = start(late)
	l.pass(10 * time.Minute)
	stale(late, callback)
	other := l.browser(t)
	callback, _ = start(other)
	stale(other, callback+"&iss=https%3A%2F%2Fevil.example")
}

func TestRolesOfPeople(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grants, claims string
		want           signin.Role // of the address that can be reached
		trust          bool
	}{
		"e-mail":                {"ANN@example.gov.uk=refund", `{}`, signin.Refund, false},
		"domain":                {"*@EXAMPLE.gov.uk=view", `{}`, signin.View, false},
		"subject":               {"sub:s1=admin", `{"email":""}`, signin.Admin, false},
		"group":                 {"group:fin=refund", `{"groups":["a","fin"]}`, signin.Refund, false},
		"one group as text":     {"group:fin=refund", `{"groups":"fin"}`, signin.Refund, false},
		"the highest":           {"group:fin=admin,*@example.gov.uk=view", `{"groups":["fin"]}`, signin.Admin, false},
		"verified as text":      {"*@example.gov.uk=view", `{"email_verified":"true"}`, signin.View, false},
		"not verified":          {"*@example.gov.uk=view", `{"email_verified":false}`, signin.NoRole, false},
		"not said":              {"*@example.gov.uk=view", `{"email_verified":null}`, signin.NoRole, false},
		"trusted":               {"*@example.gov.uk=view", `{"email_verified":null}`, signin.View, true},
		"subdomain":             {"*@gov.uk=view", `{}`, signin.NoRole, false},
		"other domain's suffix": {"*@ample.gov.uk=view", `{}`, signin.NoRole, false},
		"after the last @": {
			"*@example.gov.uk=view", `{"email":"ann@example.gov.uk@evil.example"}`, signin.NoRole,
			false,
		},
		"user name": {
			"ann@example.gov.uk=admin", `{"email":"","preferred_username":"ann@example.gov.uk"}`,
			signin.NoRole, false,
		},
		"name of a subject":     {"sub:S1=admin", `{}`, signin.NoRole, false},
		"group in another case": {"group:FIN=admin", `{"groups":["fin"]}`, signin.NoRole, false},
		"unicode look-alike": {
			"kim@example.gov.uk=admin", "{\"email\":\"\u212Aim@example.gov.uk\"}", signin.NoRole,
			false,
		},
		"nobody": {"bob@example.gov.uk=admin", `{}`, signin.NoRole, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			is, l := newIssuer(t, c.grants, func(o *signin.Options) { o.OIDC.TrustEmail = c.trust })
			require.NoError(t, json.Unmarshal([]byte(c.claims), &is.claims))
			b := l.browser(t)
			answer, text := is.signIn(b)
			if c.want == signin.NoRole {
				require.Equal(t, http.StatusForbidden, answer.StatusCode)
				require.Contains(t, text, "you have no role here")
				require.False(t, b.isIn())
				return
			}
			require.Equal(t, http.StatusOK, answer.StatusCode, text)
			answer, text = b.do("/backup", nil)
			if c.want < signin.Admin {
				require.Contains(t, text, "You have the role "+c.want.String())
			} else {
				require.Equal(t, http.StatusNotFound, answer.StatusCode, "this store has no backups")
			}
		})
	}
}

func TestGroupsHoldForTheSessionAndSettingsAtOnce(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "group:fin=refund", nil)
	is.claims["groups"] = []string{"fin"}
	b := l.browser(t)
	is.signIn(b)
	is.claims["groups"] = []string{}
	require.True(t, b.isIn())
	b.do("/logout", url.Values{})
	answer, _ := is.signIn(b)
	require.Equal(t, http.StatusForbidden, answer.StatusCode, "the group was taken away")

	is.claims["groups"] = []string{"fin"}
	is.signIn(b)
	changed := l.options.SignIn
	changed.Roles = nil
	at, err := url.Parse(l.URL)
	require.NoError(t, err)
	request, err := http.NewRequest(http.MethodGet, "/", nil)
	require.NoError(t, err)
	for _, cookie := range b.at.Jar.Cookies(at) {
		request.AddCookie(cookie)
	}
	_, err = signin.NewGate(changed).MemberOf(request)
	require.ErrorAs(t, err, &signin.NoRoleError{})
	changed.OIDC = nil
	_, err = signin.NewGate(changed).MemberOf(request)
	require.ErrorIs(t, err, signin.ErrUnknown)
}

func TestGroupsThatAreElsewhereAreExplained(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "group:fin=refund,*@example.gov.uk=view", nil)
	is.claims["_claim_names"] = map[string]string{"groups": "src1"}
	is.claims["_claim_sources"] = map[string]any{"src1": map[string]string{"endpoint": "https://graph.example/x"}}
	answer, text := is.signIn(l.browser(t))
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	require.Contains(t, text, "PAYGATE_STAFF_OIDC_GROUPS_CLAIM")
	is.claims = map[string]any{"hasgroups": true}
	_, text = is.signIn(l.browser(t))
	require.Contains(t, text, "PAYGATE_STAFF_OIDC_GROUPS_CLAIM")
}

func TestAnIssuerThatDoesNotAnswerHidesNothingElse(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "group:fin=refund", nil)
	is.Close()
	b := l.browser(t)
	answer, text := is.signIn(b)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Contains(t, text, "does not answer")
	b.signIn(annsToken)
}

func TestNamesThatTheHistoryCannotKeep(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "sub:s1=view", nil)
	for _, name := range []string{"", "a\nb", strings.Repeat("x", 101), "a\u202eb", "\x00"} {
		is.claims["preferred_username"] = name
		b := l.browser(t)
		is.signIn(b)
		_, text := b.do("/journeys", nil)
		require.Contains(t, text, "Signed in as Ann@Example.gov.uk")
	}
}

func TestSigningInWithTheIssuerEndsTheEarlierSession(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "ann@example.gov.uk=view", nil)
	b := l.browser(t)
	is.signIn(b)
	at, err := url.Parse(l.URL)
	require.NoError(t, err)
	copied := b.at.Jar.Cookies(at)
	is.signIn(b)
	require.True(t, b.isIn())
	thief := l.browser(t)
	thief.at.Jar.SetCookies(at, copied)
	require.False(t, thief.isIn())
}

func TestAPersonWhoChangesTheirNameIsNotASecondPerson(t *testing.T) {
	t.Parallel()
	is, l := newIssuer(t, "*@example.gov.uk=refund", nil)
	l.options.Runner.SecondPersonFrom = 1500
	id := string(l.addTaken(t, "LIC1"))
	signInAs := func(name, subject string) browser {
		is.claims["preferred_username"], is.claims["sub"] = name, subject
		is.claims["email"] = subject + "@example.gov.uk"
		b := l.browser(t)
		is.signIn(b)
		return b
	}
	order := func(b browser, order string, fields url.Values) int {
		answer, _ := b.do("/journeys/"+id+"/"+order, fields, "Accept", "application/json")
		return answer.StatusCode
	}
	agreed := url.Values{"amount": {"15"}}
	refund := url.Values{"amount": {"15"}, "reason": {"goodwill"}}
	require.Equal(t, http.StatusAccepted, order(signInAs("ann.smith", "s1"), "refund", refund))
	require.Equal(t, http.StatusConflict, order(signInAs("bob.jones", "s1"), "approve", agreed))
	require.Equal(t, http.StatusConflict, order(signInAs("Ann.Smith@example.gov.uk", "s2"), "approve", agreed))
	require.Empty(t, l.pay.refunded)
	require.Equal(t, http.StatusOK, order(signInAs("bob.jones", "s2"), "approve", agreed))
	require.Equal(t, []int64{1500}, l.pay.refunded)
}
