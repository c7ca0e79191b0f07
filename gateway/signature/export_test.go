package signature

import "github.com/go-jose/go-jose/v4"

// Verify does what a service does: it checks that one of the published keys signed the token, that it is of the type of
// releases and valid now, and that it is for this audience and request. It returns the first error that applies, or the
// claims.
func Verify(token string, keys jose.JSONWebKeySet, expected Expectations) (Claims, error) {
	return verify(token, keys, expected, releaseType)
}

// VerifyEvent is [Verify] for a request that tells the service what happened later.
func VerifyEvent(token string, keys jose.JSONWebKeySet, expected Expectations) (Claims, error) {
	return verify(token, keys, expected, eventType)
}

func verify(token string, keys jose.JSONWebKeySet, expected Expectations, wanted string) (Claims, error) {
	claims, err := open(token, keys)
	if err == nil && claims.tokenType() != wanted {
		err = ErrType
	}
	if err != nil {
		return Claims{}, err
	}
	for _, c := range expected.compare(claims) {
		if !c.holds {
			return Claims{}, c.wrong
		}
	}
	return claims, nil
}
