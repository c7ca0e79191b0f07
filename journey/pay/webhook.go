package pay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Sign returns the Pay-Signature of a webhook's raw body: HMAC-SHA-256 in lower-case hexadecimal, with the secret's
// text as the key (FACTS 7.5).
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Signed reports, in constant time, whether the signature of a webhook's raw body was made with one of the secrets.
func Signed(secrets []string, body []byte, signature string) bool {
	given, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	good := false
	for _, secret := range secrets {
		wanted, _ := hex.DecodeString(Sign(secret, body))
		good = hmac.Equal(wanted, given) || good
	}
	return good
}
