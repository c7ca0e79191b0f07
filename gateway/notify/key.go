package notify

import (
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Key is an API key of GOV.UK Notify.
type Key struct{ service, secret string }

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

var (
	uuidPattern = regexp.MustCompile(`(?i)^` + uuid + `$`)
	keyPattern  = regexp.MustCompile(`^\S+-(` + uuid + `)-(` + uuid + `)$`)
)

// ParseKey reads a key: its name, the id of the service and the secret, with hyphens between them. The error does not
// contain the text.
func ParseKey(text string) (Key, error) {
	parts := keyPattern.FindStringSubmatch(text)
	if parts == nil {
		return Key{}, errors.New("must be a whole API key from GOV.UK Notify, with its name and both UUIDs")
	}
	return Key{service: parts[1], secret: parts[2]}, nil
}

// token returns what authorises one call. Notify refuses tokens that are more than 30 seconds old.
func (k Key) token(now time.Time) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(k.secret)},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"iss": k.service, "iat": now.Unix()})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
