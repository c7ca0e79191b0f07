package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDC is an issuer of OpenID Connect, such as Entra ID, Google or Keycloak.
type OIDC struct {
	Issuer       string // as the issuer writes it in tokens, byte for byte
	ClientID     string
	ClientSecret string
	PublicURL    *url.URL // of the staff listener
	TrustEmail   bool     // the issuer's e-mail addresses count although it does not say that they are verified
	GroupsClaim  string
}

// CallbackPath is where the issuer sends people back to.
const CallbackPath = "/login/callback"

var (
	// ErrIssuer means that the issuer could not be asked.
	ErrIssuer = errors.New("the issuer cannot be asked")
	// ErrToken means that what the issuer sent does not count.
	ErrToken = errors.New("the issuer's token does not count")
	// ErrGroupsElsewhere means that the token does not contain the groups, because there are too many.
	ErrGroupsElsewhere = errors.New("the token does not contain the groups")
)

// provider asks an issuer.
type provider struct {
	*OIDC
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	found *oidc.Provider // nil until the issuer has answered once
}

func newProvider(o Options) *provider {
	if o.OIDC == nil {
		return nil
	}
	return &provider{OIDC: o.OIDC, client: &http.Client{Timeout: 10 * time.Second}, now: o.Now}
}

// discover asks where the issuer's addresses and keys are, once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.Issuer)
		if err != nil {
			return nil, fmt.Errorf("%w: %.200s", ErrIssuer, err.Error())
		}
		p.found = found
	}
	return p.found, nil
}

func (p *provider) oauth(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: p.PublicURL.JoinPath(CallbackPath).String(), Scopes: []string{
			oidc.ScopeOpenID,
			"profile", "email",
		},
	}
}

// startURL returns the issuer's address at which a person signs in.
func (p *provider) startURL(ctx context.Context, f flow) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(found).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), nil
}

// finish exchanges the code that the issuer gave for a token, and returns whose it is.
func (p *provider) finish(ctx context.Context, f flow, code string) (Person, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	answer, err := p.oauth(found).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Person{}, exchangeError(err)
	}
	text, _ := answer.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{
		ClientID: p.ClientID, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256, oidc.PS256}, Now: p.now,
	}).Verify(ctx, text)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return p.personOf(token, f)
}

var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// exchangeError tells a refusal from an issuer that does not answer. It repeats nothing but the issuer's error code.
func exchangeError(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if ok && refused.Response.StatusCode < 500 && errorCode.MatchString(refused.ErrorCode) {
		return fmt.Errorf("%w: the code was refused: %s", ErrToken, refused.ErrorCode)
	}
	if ok && refused.Response.StatusCode < 500 {
		return fmt.Errorf("%w: the code was refused", ErrToken)
	}
	return fmt.Errorf("%w: exchanging the code failed", ErrIssuer)
}

// claims are the claims of a token that matter besides those that the library checks.
type claims struct {
	AuthorizedParty   string          `json:"azp"`
	PreferredUsername string          `json:"preferred_username"`
	Email             string          `json:"email"`
	Verified          json.RawMessage `json:"email_verified"` // some issuers send it as text
	HasGroups         json.RawMessage `json:"hasgroups"`
	Elsewhere         map[string]any  `json:"_claim_names"`
}

// personOf checks what the library does not, and returns whose a token is.
func (p *provider) personOf(token *oidc.IDToken, f flow) (Person, error) {
	var c claims
	all := map[string]json.RawMessage{}
	if err := errors.Join(token.Claims(&c), token.Claims(&all)); err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	isOurs := c.AuthorizedParty == p.ClientID || c.AuthorizedParty == "" && len(token.Audience) == 1
	switch {
	case token.Issuer != p.Issuer: // the library allows Google a second way to write it
		return Person{}, fmt.Errorf("%w: it has another issuer", ErrToken)
	case !isOurs:
		return Person{}, fmt.Errorf("%w: it is for another party", ErrToken)
	case !equal(digest(token.Nonce), digest(f.Nonce)):
		return Person{}, fmt.Errorf("%w: its nonce is another one", ErrToken)
	case token.Subject == "":
		return Person{}, fmt.Errorf("%w: it has no subject", ErrToken)
	}
	person := Person{
		Name: firstName(c.PreferredUsername, c.Email, token.Subject), Subject: token.Subject, Email: c.Email,
		Verified: strings.Trim(string(c.Verified), `"`) == "true", Groups: listOf(all[p.GroupsClaim]),
	}
	_, isElsewhere := c.Elsewhere[p.GroupsClaim]
	if isElsewhere || strings.Trim(string(c.HasGroups), `"`) == "true" && all[p.GroupsClaim] == nil {
		return person, ErrGroupsElsewhere
	}
	return person, nil
}

// listOf reads a claim that is a list of texts, or one text.
func listOf(claim json.RawMessage) (list []string) {
	var one string
	if json.Unmarshal(claim, &one) == nil && one != "" {
		return []string{one}
	}
	_ = json.Unmarshal(claim, &list) // a claim of another form names no groups
	return list
}

// maxName is how long a name can be in the history, in characters.
const maxName = 100

// firstName returns the first of some names that the history can keep.
func firstName(names ...string) string {
	at := slices.IndexFunc(names, func(name string) bool {
		return strings.TrimSpace(name) != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxName &&
			!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
	})
	if at < 0 {
		return "no name"
	}
	return strings.TrimSpace(names[at])
}
