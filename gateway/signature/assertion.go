package signature

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// The types keep our tokens from being mistaken for each other, and for another kind of JWS.
	releaseType = "paygate-release+jwt"
	eventType   = "paygate-event+jwt"
	// lifetime is how long an assertion is valid.
	lifetime = 300 * time.Second
)

// Payment is what the assertion says about the payment.
type Payment struct {
	ID       string     `json:"id"`
	Ref      string     `json:"ref"`
	Amount   int64      `json:"amount"` // pence, the price
	Total    int64      `json:"total"`  // pence, with any card surcharge
	Currency string     `json:"cur"`
	State    string     `json:"state"`             // success, capturable or pending
	PaidAt   *time.Time `json:"paid_at,omitempty"` // UTC, whole seconds; nil while pending
	Live     bool       `json:"live"`

	// What Pay knows of the payer, if the route shares it.
	CardBrand string `json:"card_brand,omitempty"`
	CardLast4 string `json:"card_last4,omitempty"`
	Email     string `json:"email,omitempty"`
}

// Claims are everything that an assertion says. Their names are from RFC 7519; those for the request follow RFC 9449
// (DPoP).
type Claims struct {
	Issuer     string  `json:"iss"`
	Audience   string  `json:"aud"`
	IssuedAt   int64   `json:"iat"` // Unix seconds
	Expires    int64   `json:"exp"`
	TokenID    string  `json:"jti"` // new for each attempt
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
	Event      *Event  `json:"evt,omitempty"` // only when the service is told of something
}

// tokenType returns the type of the token with these claims.
func (c Claims) tokenType() string {
	if c.Event != nil {
		return eventType
	}
	return releaseType
}

// Sign makes the assertion, a compact JWS, with the current key. [Signer.Headers] makes the claims as well.
func (s Signer) Sign(claims Claims) (string, error) {
	key, err := s.Keys.Signing(s.Now())
	if err != nil {
		return "", err
	}
	return key.sign(claims)
}

func (k Key) sign(claims Claims) (string, error) {
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(claims.tokenType()))
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

// Digest returns the SHA-256 digest of a body, in hexadecimal, as an assertion has it.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func tokenID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return hex.EncodeToString(random[:])
}
