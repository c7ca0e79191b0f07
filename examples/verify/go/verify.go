// Command go checks a Paygate-Assertion with the standard library alone: an example to copy, for services written
// in Go. The function to paste is in verify.go; main.go is a command line around it.
package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// verify checks a Paygate-Assertion and returns its claims. Go 1.18 or later, only the standard library.
//
// key is Paygate's public key (x509.ParsePKIXPublicKey of the PEM block); uri is path and query as they were sent,
// RequestURI; raw is the raw body, or nil if it is not available (an empty one is not nil); now is time.Now().Unix().
// typ is "paygate-release+jwt", or "paygate-event+jwt" where the service hears what happened later.
func verify(key *rsa.PublicKey, typ, aud, verb, uri string, raw []byte, jws string, now int64) (map[string]any, error) {
	// A fourth part stays in the signature, which it makes invalid.
	part, code := append(strings.SplitN(jws, ".", 3), "", ""), base64.RawURLEncoding
	sum := sha256.Sum256([]byte(part[0] + "." + part[1]))
	// The key decides how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
	if s, err := code.DecodeString(part[2]); err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], s) != nil {
		return nil, errors.New("Paygate-Assertion: signature")
	}
	var h, c map[string]any // header and claims; what cannot be read stays empty, and is refused below
	_ = json.NewDecoder(base64.NewDecoder(code, strings.NewReader(part[0]))).Decode(&h)
	_ = json.NewDecoder(base64.NewDecoder(code, strings.NewReader(part[1]))).Decode(&c)
	exp, _ := c["exp"].(float64)
	iat, _ := c["iat"].(float64)
	p, _ := c["pay"].(map[string]any)
	for name, good := range map[string]bool{
		"alg": h["alg"] == "RS256", "htm": c["htm"] == verb, "exp": now <= int64(exp)+60, "iat": now >= int64(iat)-60,
		"pay.state":   typ == "paygate-event+jwt" || p["state"] == "success" || p["state"] == "capturable",
		"body_sha256": raw == nil || c["body_sha256"] == fmt.Sprintf("%x", sha256.Sum256(raw)), "aud": c["aud"] == aud,
		"htp": c["htq"] == "" && c["htp"] == uri || fmt.Sprint(c["htp"], "?", c["htq"]) == uri, "typ": h["typ"] == typ,
	} {
		if !good {
			return nil, errors.New("Paygate-Assertion: " + name)
		}
	}
	return c, nil
}
