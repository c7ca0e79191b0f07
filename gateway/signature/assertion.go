package signature

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// tokenType keeps a token of ours from being taken for another kind of JWS.
	tokenType = "paygate-release+jwt"
	// lifetime is how long an assertion can be used.
	lifetime = 300 * time.Second
	// skew is how far the verifier's clock may be off.
	skew = 60 * time.Second
)

// Payment is what the assertion says of the payment.
type Payment struct {
	ID       string     `json:"id"`
	Ref      string     `json:"ref"`
	Amount   int64      `json:"amount"` // pence, the price
	Total    int64      `json:"total"`  // pence, with any card surcharge
	Currency string     `json:"cur"`
	State    string     `json:"state"` // success, capturable or pending
	PaidAt   *time.Time `json:"paid_at,omitempty"`
	Live     bool       `json:"live"`
}

// Claims are all that an assertion says.
type Claims struct {
	Issuer     string  `json:"iss"`
	Audience   string  `json:"aud"`
	IssuedAt   int64   `json:"iat"` // Unix seconds
	Expires    int64   `json:"exp"`
	TokenID    string  `json:"jti"` // one for each attempt
	Subject    string  `json:"sub"` // the payment's id
	Method     string  `json:"htm"`
	Path       string  `json:"htp"` // as it is sent
	Query      string  `json:"htq"` // raw
	BodySHA256 string  `json:"body_sha256"`
	Journey    string  `json:"jny"`
	Submission int     `json:"sbm"`
	Attempt    int     `json:"att"`
	Via        string  `json:"via"`
	Route      string  `json:"route"`
	Payment    Payment `json:"pay"`
}

// sign makes the compact JWS.
func (k Key) sign(claims Claims) (string, error) {
	options := (&jose.SignerOptions{}).WithType(tokenType)
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(k.Alg),
		Key:       jose.JSONWebKey{Key: k.Private, KeyID: k.ID},
	}, options)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed.CompactSerialize()
}

// What can be wrong with an assertion.
var (
	ErrMalformed = errors.New("the assertion is no token of Paygate's")
	ErrKey       = errors.New("the assertion is signed with a key that is not in the key set")
	ErrSignature = errors.New("the signature does not hold")
	ErrExpired   = errors.New("the assertion has expired, or is from the future")
	ErrAudience  = errors.New("the assertion is for another audience")
	ErrRequest   = errors.New("the assertion is for another request")
)

// Verify checks that one of the published keys signed the token, that it is of our type, and that it is for this
// audience and alive. What it says about the request is the caller's to compare; see [VerifyRequest].
func Verify(token string, keys jose.JSONWebKeySet, audience string, now time.Time) (Claims, error) {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || len(parsed.Signatures) != 1 {
		return Claims{}, ErrMalformed
	}
	header := parsed.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != tokenType {
		return Claims{}, ErrMalformed
	}
	found := keys.Key(header.KeyID)
	if len(found) != 1 || found[0].Algorithm != header.Algorithm {
		return Claims{}, ErrKey
	}
	payload, err := parsed.Verify(found[0])
	if err != nil {
		return Claims{}, ErrSignature
	}
	var claims Claims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return Claims{}, ErrMalformed
	}
	switch {
	case now.After(time.Unix(claims.Expires, 0).Add(skew)), now.Before(time.Unix(claims.IssuedAt, 0).Add(-skew)):
		return claims, ErrExpired
	case claims.Audience != audience:
		return claims, ErrAudience
	}
	return claims, nil
}

// Digest is how a body stands in an assertion.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func tokenID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return hex.EncodeToString(random[:])
}
