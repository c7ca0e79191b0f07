package match

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The service's address for Paygate's messages is refused in any spelling, with any method, and even if STRICT is off
// or the route takes no payments.
func TestNoRequestFromOutsideReachesTheAddressOfMessages(t *testing.T) {
	t.Parallel()
	for _, route := range []Route{{Strict: true}, {Strict: false}, {Free: true}} {
		route.Name, route.Match = "licence", patternOf(t, "POST /licences/apply")
		route.Tell, route.Allow = patternOf(t, "POST /paygate/events"), []Pattern{patternOf(t, "POST /paygate/events")}
		c := New(Options{Prefix: "/_pay", Routes: []Route{route}})
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			for _, target := range []string{
				"/paygate/events", "/paygate/events/", "//paygate/events", "/paygate//events", "/x/../paygate/events",
				"/paygate/./events", "/Paygate/EVENTS", "/paygate/%65vents", "/paygate%2fevents", "/paygate%252Fevents",
				"/paygate\\events", "/paygate/events;x=1", "/paygate;x/events", "/paygate/events?what=refunded",
				"/paygate/events.json", "/paygate/events/extra", "/index.php/paygate/events", "/paygate/events%20",
				"/paygate/events%00", "/paygate/events.", "/paygate/index.php/events", "/paygate/event~1",
				"/index.php?q=/paygate/events", "/?x=1&r=Paygate%2Fevents/", "/?/paygate/events",
				"/?/paygate//events?x=1",
				"/a?rest_route=%252Fpaygate%252Fevents&a", "/a%3Fq=/paygate/events", "/?x;q=/x/../paygate/events",
			} {
				request, err := http.NewRequest(method, "http://example.org/", nil)
				require.NoError(t, err)
				request.RequestURI = target
				d := c.Classify(request)
				require.Equal(t, Refuse, d.Action, "%s %s with %+v", method, target, route)
			}
			for _, target := range []string{
				"/", "/paygate", "/events", "/licences", "/paygate/other", "/paygate/eventsx",
				"/?q=events", "/?q=/paygate", "/?next=/paygate/events/7",
			} {
				request, err := http.NewRequest(method, "http://example.org/", nil)
				require.NoError(t, err)
				request.RequestURI = target
				require.Equal(t, Forward, c.Classify(request).Action, "%s %s", method, target)
			}
		}
	}
}
