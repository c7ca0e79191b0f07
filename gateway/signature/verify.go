package signature

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// skew is how far apart the clocks of signer and verifier may be.
const skew = 60 * time.Second

// Errors of an assertion as such.
var (
	ErrMalformed = errors.New("the assertion is not a compact JWS")
	ErrAlgorithm = errors.New("the assertion's algorithm is not that of its key")
	ErrType      = errors.New("the token is of another type")
	ErrKey       = errors.New("the assertion is signed with a key that is not in the key set")
	ErrSignature = errors.New("the signature is not valid")
)

// Errors of a valid assertion on a certain request.
var (
	ErrExpired  = errors.New("the assertion has expired")
	ErrFuture   = errors.New("the assertion is from the future")
	ErrAudience = errors.New("the assertion is for another audience")
	ErrMethod   = errors.New("the assertion is for another method")
	ErrPath     = errors.New("the assertion is for another path")
	ErrQuery    = errors.New("the assertion is for another query")
	ErrBody     = errors.New("the assertion is for another body")
)

// Expectations describe the request that arrived, and the service that it arrived at.
type Expectations struct {
	Audience string // PAYGATE_AUDIENCE, else the public URL
	Method   string
	Path     string // as it was sent
	Query    string // raw, without the question mark
	Body     []byte
	Now      time.Time
}

// open returns the claims of a token that one of the keys signed. The key determines the algorithm, never the token.
func open(token string, keys jose.JSONWebKeySet) (Claims, error) {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	var algorithm *jose.ErrUnexpectedSignatureAlgorithm
	if errors.As(err, &algorithm) {
		return Claims{}, ErrAlgorithm
	}
	if err != nil || len(parsed.Signatures) != 1 {
		return Claims{}, ErrMalformed
	}
	header := parsed.Signatures[0].Protected
	typ := header.ExtraHeaders[jose.HeaderType]
	if typ != releaseType && typ != eventType {
		return Claims{}, ErrType
	}
	found := keys.Key(header.KeyID)
	if len(found) != 1 || !found[0].IsPublic() {
		return Claims{}, ErrKey
	}
	if found[0].Algorithm != header.Algorithm {
		return Claims{}, ErrAlgorithm
	}
	payload, err := parsed.Verify(found[0])
	if err != nil {
		return Claims{}, ErrSignature
	}
	var claims Claims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Claims{}, ErrMalformed
	}
	if typ != claims.tokenType() {
		return Claims{}, ErrType
	}
	return claims, nil
}

// comparison compares a request with an assertion in one respect.
type comparison struct {
	name  string
	holds bool
	wrong error
}

// compare returns everything that must hold.
func (e Expectations) compare(c Claims) []comparison {
	expires, issued := time.Unix(c.Expires, 0), time.Unix(c.IssuedAt, 0)
	return []comparison{
		{"expiry", !e.Now.After(expires.Add(skew)), ErrExpired},
		{"issued", !e.Now.Before(issued.Add(-skew)), ErrFuture},
		{"audience", e.Audience == c.Audience, ErrAudience},
		{"method", e.Method == c.Method, ErrMethod},
		{"path", e.Path == c.Path, ErrPath},
		{"query", e.Query == c.Query, ErrQuery},
		{"body", Digest(e.Body) == c.BodySHA256, ErrBody},
	}
}
