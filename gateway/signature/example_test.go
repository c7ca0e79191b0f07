package signature_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"paygate/gateway/signature"
)

// A service verifies the assertion of a request before it treats the request as paid for. It fetches the key set from
// {prefix}/keys, and caches it.
func ExampleVerify() {
	key, _ := signature.Generate(signature.ES256, time.Now())
	keys := signature.Keys{key}
	paygate := signature.Signer{
		Keys: keys, Now: time.Now,
		Issuer: "https://licences.example.gov.uk", Audience: "https://licences.example.gov.uk",
	}
	headers, _ := paygate.Headers(signature.Release{
		PaymentID: "hu20sqlact5260q2nanm0q8u93", Reference: "LIC-7F3K", Amount: 2500, Total: 2500, State: "success",
		PaidAt: time.Now(), Route: "licence", Journey: "01JDM4Q0V3Q7J2S3", Submission: 1, Attempt: 1, Via: "return",
		Method: http.MethodPost, Path: "/apply", Body: []byte("name=Ann"),
	})

	verify := func(r *http.Request, body string) {
		claims, err := signature.Verify(r.Header.Get("Paygate-Assertion"), keys.Public(), signature.Expectations{
			Audience: "https://licences.example.gov.uk",
			Method:   r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Body: []byte(body), Now: time.Now(),
		})
		switch {
		case errors.Is(err, signature.ErrBody):
			fmt.Println("refused:", err)
		case err == nil:
			fmt.Println("paid:", claims.Payment.Amount, "pence for", claims.Payment.Ref)
		}
	}
	request := httptest.NewRequest(http.MethodPost, "/apply", nil)
	request.Header = headers
	verify(request, "name=Ann")
	verify(request, "name=Eve")
	// Output:
	// paid: 2500 pence for LIC-7F3K
	// refused: the assertion is for another body
}
