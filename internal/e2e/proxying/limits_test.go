package proxying

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"paygate/internal/paysim"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestBrowserJourneyLimit(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	c := h.Citizen()
	const limit = 20
	for n := range limit {
		c.Apply(fmt.Sprint("Ann ", n))
	}
	p := c.Post("/licences/apply", url.Values{"name": {"one too many"}})
	require.Equal(t, http.StatusTooManyRequests, p.Status)
	require.Contains(t, p.Text, "Too many payments have been started")
	require.Contains(t, p.Text, "This has not taken any money or sent anything.")
	require.NotEmpty(t, p.Header.Get("Retry-After"))
	require.Equal(t, http.StatusTooManyRequests, c.Get("/register/2026").Status, "passes count too")
	script := c.Post("/licences/apply", url.Values{"name": {"one too many"}}, "Accept", "application/json")
	require.Equal(t, http.StatusTooManyRequests, script.Status)
	require.Equal(t, "application/problem+json", script.Header.Get("Content-Type"))
	require.Equal(t, p.Header.Get("Retry-After"), script.Header.Get("Retry-After"))
	require.Len(t, h.Payments(), limit)
	require.Contains(t, h.Log.String(), "too many open journeys of one browser")

	c.Apply(fmt.Sprint("Ann ", limit-1)) // the same form resumes its payment
	require.Len(t, h.Payments(), limit)
	h.Citizen().Apply("another browser")

	require.NoError(t, h.Pay.Pay(h.Payments()[limit-1].ID, "success"))
	require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
	c.Apply("one more, now that one is paid")
	require.Equal(t, http.StatusTooManyRequests, c.Post("/licences/apply", url.Values{"name": {"one too many"}}).Status)
}

func TestNetworkJourneyRateLimit(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,::1/128")
	from := func(address string) testserver.Page {
		return h.Citizen().Post("/licences/apply", url.Values{"name": {address}}, "X-Forwarded-For", address)
	}
	var refused testserver.Page
	for n := range 3000 { // a slow machine may need more than a minute for the first hundred
		if refused = from(fmt.Sprintf("203.0.113.%d", n%256)); refused.Status != http.StatusSeeOther {
			break
		}
	}
	require.Equal(t, http.StatusTooManyRequests, refused.Status)
	require.Equal(t, "60", refused.Header.Get("Retry-After"))
	require.Contains(t, refused.Text, "This has not taken any money")
	begun := len(h.Payments())
	require.GreaterOrEqual(t, begun, 120, "more than an office needs")
	require.Equal(t, http.StatusSeeOther, from("203.0.114.1").Status, "a neighbouring network")
	require.Equal(t, http.StatusSeeOther, from("2001:db8::1").Status)
	require.Len(t, h.Payments(), begun+2)
	require.Contains(t, h.Log.String(), `"network":"203.0.113.0/24"`)
	require.Equal(t, http.StatusOK, h.Citizen().Get("/free", "X-Forwarded-For", "203.0.113.1").Status,
		"free traffic has no limit")
}

func TestNetworkLimitNeedsTrustedProxies(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	for n := range 130 {
		h.Citizen().Apply(fmt.Sprint(n)) // all from loopback
	}
	require.Len(t, h.Payments(), 130)
}

func TestPaymentsAreCreatedAtPaysRate(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm, "PAYGATE_PAY_RATE=2")
	const crowd = 30
	citizens, answers := make([]*testserver.Citizen, crowd), make([]testserver.Page, crowd)
	var all sync.WaitGroup
	for n := range answers {
		citizens[n] = h.Citizen()
		all.Go(func() { answers[n] = citizens[n].Post("/licences/apply", url.Values{"name": {fmt.Sprint(n)}}) })
	}
	all.Wait()
	turnedAway := -1
	for n, p := range answers {
		if p.Status == http.StatusSeeOther {
			continue
		}
		turnedAway = n
		require.Equal(t, http.StatusServiceUnavailable, p.Status)
		require.Equal(t, "60", p.Header.Get("Retry-After"))
		require.Contains(t, p.Text, "Many people are paying at the moment")
		require.Contains(t, p.Text, "No money has been taken, and nothing has been sent.")
		require.Contains(t, p.Text, "you will go straight to the payment", "the form is held")
	}
	require.GreaterOrEqual(t, turnedAway, 0, "some had to be turned away")
	creates := slices.DeleteFunc(h.Pay.Requests(), func(r paysim.Request) bool { return r.Call != "create" })
	require.Len(t, creates, len(h.Payments()), "no request to Pay was turned away")
	require.Greater(t, len(h.Payments()), 2, "some waited")

	c := citizens[turnedAway]
	again := c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.Status, again.Text)
}

func TestFreeTrafficPassesWhilePayIsDown(t *testing.T) {
	testserver.SkipInShort(t)
	t.Parallel()
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	h := testserver.New(t, testserver.Plain, "PAYGATE_PAY_API_URL="+down.URL)
	c := h.Citizen()
	p := c.Post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusBadGateway, p.Status)
	require.NotEmpty(t, p.Header.Get("Retry-After"))
	require.Contains(t, p.Text, "No money has been taken, and nothing has been sent.")
	requireFreeTraffic(t, c)
	require.Len(t, h.Service.Requests(http.MethodPost), 1, "only the free one")
}

func TestFreeTrafficPassesWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	h, c := testserver.NewWithPayment(t, testserver.Plain)
	require.NoError(t, h.App.Close()) // the store returns errors from now on
	stranger := h.Citizen()
	p := stranger.Post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.NotEmpty(t, p.Header.Get("Retry-After"))
	require.Contains(t, p.Text, "No money has been taken, and nothing has been sent.")
	for _, p := range []testserver.Page{
		c.Get("/_pay/return"), c.Get("/_pay/status"), c.Get("/register/2026"),
		c.Post("/licences/apply", url.Values{"name": {"Ann again"}}),
	} {
		require.Equal(t, http.StatusServiceUnavailable, p.Status)
		require.NotEmpty(t, p.Header.Get("Retry-After"))
		require.Contains(t, p.Text, "If you have already paid, your payment is recorded and nothing is lost.")
		require.NotContains(t, p.Text, "No money has been taken")
	}
	requireFreeTraffic(t, c)
	require.Len(t, h.Payments(), 1, "no payment is created that cannot be stored")
	require.Len(t, h.Service.Requests(http.MethodPost), 1, "only the free one")
}

const childWithoutDisk = "PAYGATE_TEST_CHILD_WITHOUT_DISK"

func TestFreeTrafficPassesWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestFullDiskChild$", "-test.v")
	child.Env = append(os.Environ(), childWithoutDisk+"=yes")
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "the disk was full")
}

func TestFullDiskChild(t *testing.T) {
	if os.Getenv(childWithoutDisk) == "" {
		return // runs in the child of the test above
	}
	signal.Ignore(syscall.SIGXFSZ)
	h := testserver.New(t, testserver.Plain)
	paid := h.Citizen()
	paid.Apply("Ann")
	h.EndPayment("success")
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	previous := limit.Cur
	limit.Cur = 256 << 10
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))

	var p testserver.Page
	for n := range 1000 {
		form := url.Values{"name": {fmt.Sprint(n)}, "notes": {strings.Repeat("x", 30<<10)}}
		if p = h.Citizen().Post("/licences/apply", form); p.Status != http.StatusSeeOther {
			break
		}
	}
	require.Equal(t, http.StatusServiceUnavailable, p.Status)
	require.NotEmpty(t, p.Header.Get("Retry-After"))
	require.Contains(t, p.Text, "No money has been taken, and nothing has been sent.")
	payments := len(h.Payments())

	large := h.Citizen().Post("/licences/apply", url.Values{"notes": {strings.Repeat("x", 1<<20)}})
	require.Equal(t, http.StatusServiceUnavailable, large.Status)
	require.NotEmpty(t, large.Header.Get("Retry-After"))
	require.Contains(t, large.Text, "We are too busy to accept a form of this size at the moment")
	require.Contains(t, large.Text, "This has not taken any money or sent anything.")
	require.Len(t, h.Payments(), payments)
	requireFreeTraffic(t, paid)
	require.Len(t, h.Service.Requests(http.MethodPost), 1, "only the free one")

	limit.Cur = previous
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.Contains(t, paid.ReturnFromPay().Text, "the service's own page")
	large = h.Citizen().Post("/licences/apply", url.Values{"notes": {strings.Repeat("x", 1<<20)}})
	require.Equal(t, http.StatusSeeOther, large.Status, "the disk has space again")
	t.Log("the disk was full")
}

func TestLargeRequestIsDeliveredByteForByte(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	for _, size := range []int{63 << 10, 65 << 10, 300 << 10, 9 << 20} {
		c := h.Citizen()
		contentType, body := testserver.MultipartForm(map[string]string{"name": "Ann"},
			testserver.BinaryContent(size))
		require.Equal(t, http.StatusSeeOther,
			c.Do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", contentType).Status)
		require.Equal(t, http.StatusSeeOther,
			c.Do(http.MethodPost, "/licences/apply", testserver.OnlyReader{Reader: bytes.NewReader(body)},
				"Content-Type", contentType).Status,
			"the same form, in chunks")
		h.EndPayment("success")
		require.Contains(t, c.ReturnFromPay().Text, "the service's own page")
		posts := h.Service.Requests(http.MethodPost)
		require.True(t, bytes.Equal(body, posts[len(posts)-1].Body), "%d bytes", size)
	}
	require.Len(t, h.Payments(), 4)
	require.Len(t, h.Service.Requests(http.MethodPost), 4)
}

func TestRefusedCardNumberIsNeverWritten(t *testing.T) {
	t.Parallel()
	h := testserver.New(t, testserver.Confirm)
	const number = "4444333322221111"
	long := strings.Repeat(number+" is my card. ", 20_000)
	contentType, body := testserver.MultipartForm(map[string]string{"notes": long}, testserver.BinaryContent(1<<20))
	for name, p := range map[string]testserver.Page{
		"multipart": h.Citizen().Do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type",
			contentType),
		"multipart, typed": h.Citizen().Do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type",
			"text/plain"),
		"urlencoded": h.Citizen().Post("/licences/apply", url.Values{"notes": {long}}),
		"JSON": h.Citizen().Do(http.MethodPost, "/licences/apply",
			strings.NewReader(`{"a":[{"b":`+number+`}]}`), "Content-Type", "application/json"),
		"query":           h.Citizen().Post("/licences/apply?card=4444+3333+2222+1111", url.Values{"name": {"Ann"}}),
		"query of a pass": h.Citizen().Get("/register/2026?card=" + number),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, p.Status, name)
		require.Contains(t, p.Text, "Do not enter a card number", name)
	}
	require.Empty(t, h.Payments())
	require.NotContains(t, h.Log.String(), "4444")
	require.NoError(t, filepath.WalkDir(filepath.Dir(h.Store), func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		if entry.IsDir() {
			return nil
		}
		require.Equal(t, filepath.Base(h.Store), entry.Name(), "no file beside the store")
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(content), number)
		return nil
	}))
}

// requireFreeTraffic requires that requests off the pay routes still reach the service.
func requireFreeTraffic(t *testing.T, c *testserver.Citizen) {
	t.Helper()
	require.Contains(t, c.Get("/free").Text, "the service's own page")
	require.Contains(t, c.Post("/other", url.Values{"name": {"Ann"}}).Text, "the service's own page")
}
