package paying

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

func TestReleaseUsesCookiesOfHeldAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ held, atReturn, atHeld, sent string }{
		"two of one name": {
			"JSESSIONID=A; JSESSIONID=B", "JSESSIONID=B", "JSESSIONID=A; JSESSIONID=B",
			"JSESSIONID=A; JSESSIONID=B",
		},
		"a new value": {
			"JSESSIONID=A; JSESSIONID=B", "JSESSIONID=B", "JSESSIONID=C; JSESSIONID=B",
			"JSESSIONID=C; JSESSIONID=B",
		},
		"a new cookie":                     {"a=1", "evil=1", "a=1; b=2", "a=1; b=2"},
		"strict cookies stay":              {"a=1; strict=2", "a=7", "a=1", "a=1; strict=2"},
		"only ours":                        {"a=1", "a=2", "", "a=1"},
		"those of the return do not count": {"a=1", "a=2; b=3", "a=1", "a=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := testserver.New(t, testserver.Confirm)
			ann := h.Citizen()
			applyAndPay(ann, "/licences/apply", url.Values{"name": {"Ann"}}, c.held)
			back := ann.Get("/_pay/return", "Cookie", c.atReturn)
			require.Empty(t, h.Service.Requests(http.MethodPost), "the return address itself delivers nothing")
			require.Equal(t, "capturable", h.Payments()[0].Status)
			require.Equal(t, journey.StateConfirmed, ann.State())
			ann.Follow(ann.Get(back.Location(), "Cookie", c.atHeld))
			posts := h.Service.Requests(http.MethodPost)
			require.Len(t, posts, 1)
			require.Equal(t, c.sent, posts[0].Header.Get("Cookie"))
		})
	}
}

func TestPriceCookieIsNotReplacedAtRelease(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	applyAndPay(c, "/licences/priced", url.Values{"licence": {"1-day"}}, "a=1; licence=1-day")
	c.Follow(c.Get(c.Get("/_pay/return").Location(), "Cookie", "a=2; licence=8-day"))
	require.Equal(t, "a=2; licence=1-day", h.Service.Requests(http.MethodPost)[0].Header.Get("Cookie"))
}

func TestReplyAddressKeepsHeldQuery(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, refuseWithoutName, "PAYGATE_ROUTE_LICENCE_MATCH=POST /index.php?page=apply",
		"PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/index.php")
	c := h.Citizen()
	applyAndPay(c, "/index.php?page=apply&id=123", url.Values{"name": {""}}, "")
	marked := c.Get("/_pay/return").Location()
	id := c.Journeys()[0].ID
	require.Equal(t, "/index.php?page=apply&id=123&paygate-reply="+id, marked)
	require.Contains(t, c.Get(marked).Text+c.Get(marked+".service").Text, `<form method="post">`)
	require.Contains(t, c.Get("/_pay/status").Text, `href="/index.php?page=apply&amp;id=123&amp;paygate-reply=`+id)
	require.Equal(t, "/index.php?page=apply&id=123", h.Service.Requests(http.MethodPost)[0].Target)

	corrected := c.Post(marked, url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusFound, corrected.Status, corrected.Text)
	require.Equal(t, "/index.php?page=apply&id=123#done", corrected.Location())
	require.Len(t, h.Payments(), 1, "corrected on the same payment")
	posts := h.Service.Requests(http.MethodPost)
	require.Len(t, posts, 2)
	require.Equal(t, "/index.php?page=apply&id=123", posts[1].Target)
	require.Equal(t, journey.StateReleased, c.State())
	require.Equal(t, "/index.php?page=apply&id=123#done", c.Get(marked).Location(),
		"the stored reply leads there too")
}

func TestReplyMarkerNeverReachesService(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Plain, "PAYGATE_ROUTE_LICENCE_MATCH=POST /licences/apply")
	c := h.Citizen()
	for _, target := range []string{
		"/free?paygate-reply=X", "/free?a=1&paygate-reply=X", "/free?paygate-reply=X&a=1;b=2",
		"/free?a=1;PAYGATE-REPLY=X", "/free?paygate%2dreply=X", "/free?%2570aygate-reply",
	} {
		c.Post(target, url.Values{"a": {"1"}}, "Referer", h.URL+"/licences/apply?page=1&paygate-reply=X",
			"HX-Current-URL", h.URL+"/x?paygate-reply=X#reply", "Turbolinks-Referrer", h.URL+"/x?paygate-reply=X")
		c.Get(target)
		c.Do(http.MethodDelete, target, nil)
		c.Do(http.MethodOptions, target, nil)
		c.Do(http.MethodHead, target, nil)
	}
	c.Post("/licences/apply?paygate%2Dreply=X&b=1", url.Values{"name": {"Ann"}}, "Referer",
		h.URL+"/licences/apply?paygate-reply=X")
	h.EndPayment("success")
	c.ReturnFromPay()
	all := h.Service.All()
	require.Len(t, all, 6*3+1)
	for _, r := range all {
		require.NotContains(t, strings.ToLower(r.Target), "reply", r.Method)
		require.NotContains(t,
			r.Header.Get("Referer")+r.Header.Get("Hx-Current-Url")+r.Header.Get("Turbolinks-Referrer"), "paygate-reply",
			r.Method)
	}
	require.Equal(t, "/licences/apply?b=1", all[18].Target)
	require.Equal(t, h.URL+"/licences/apply", all[18].Header.Get("Referer"))
}
