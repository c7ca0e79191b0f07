// Command go checks a Paygate-Assertion with the standard library alone: an example to paste from, in a service written
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

// verify checks a Paygate-Assertion and returns its claims. Go 1.18 or later, nothing but the standard library.
//
// key is Paygate's public key (x509.ParsePKIXPublicKey of the PEM block); target is path and query as they were sent,
// RequestURI; body is the raw body, or nil where it is not at hand (an empty one is not nil); now is time.Now().Unix().
func verify(key *rsa.PublicKey, audience, method, target string, body []byte, assertion string,
	now int64) (map[string]any, error) {
	part := append(strings.SplitN(assertion, ".", 3), "", "") // a fourth part stays in the signature, which it spoils
	digest := sha256.Sum256([]byte(part[0] + "." + part[1]))
	// The key says how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
	if signature, err := base64.RawURLEncoding.DecodeString(part[2]); err != nil ||
		rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil {
		return nil, errors.New("Paygate-Assertion: signature")
	}
	var header, claims map[string]any // what cannot be read stays empty, and is refused below
	_ = json.NewDecoder(base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(part[0]))).Decode(&header)
	_ = json.NewDecoder(base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(part[1]))).Decode(&claims)
	exp, _ := claims["exp"].(float64)
	iat, _ := claims["iat"].(float64)
	pay, _ := claims["pay"].(map[string]any)
	for name, good := range map[string]bool{
		"alg": header["alg"] == "RS256", "typ": header["typ"] == "paygate-release+jwt",
		"aud": claims["aud"] == audience, "htm": claims["htm"] == method,
		"exp": now <= int64(exp)+60, "iat": now >= int64(iat)-60,
		"pay.state": pay["state"] == "success" || pay["state"] == "capturable",
		"htp": claims["htq"] == "" && claims["htp"] == target ||
			fmt.Sprint(claims["htp"], "?", claims["htq"]) == target,
		"body_sha256": body == nil || claims["body_sha256"] == fmt.Sprintf("%x", sha256.Sum256(body)),
	} {
		if !good {
			return nil, errors.New("Paygate-Assertion: " + name)
		}
	}
	return claims, nil
}
