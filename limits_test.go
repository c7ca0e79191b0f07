package main

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

	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
)

func TestABrowserHasOnlySoManyOpenJourneys(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	c := h.citizen()
	const most = 20
	for n := range most {
		c.apply(fmt.Sprint("Ann ", n))
	}
	p := c.post("/licences/apply", url.Values{"name": {"one too many"}})
	require.Equal(t, http.StatusTooManyRequests, p.status)
	require.Contains(t, p.text, "Too many payments have been started")
	require.Contains(t, p.text, "This has not taken any money or sent anything to the service.")
	require.NotEmpty(t, p.header.Get("Retry-After"))
	require.Equal(t, http.StatusTooManyRequests, c.get("/register/2026").status, "passes count too")
	script := c.post("/licences/apply", url.Values{"name": {"one too many"}}, "Accept", "application/json")
	require.Equal(t, http.StatusTooManyRequests, script.status)
	require.Equal(t, "application/problem+json", script.header.Get("Content-Type"))
	require.Equal(t, p.header.Get("Retry-After"), script.header.Get("Retry-After"))
	require.Len(t, h.payments(), most)
	require.Contains(t, h.log.String(), "too many open journeys of one browser")

	c.apply(fmt.Sprint("Ann ", most-1)) // the same form goes back to its payment
	require.Len(t, h.payments(), most)
	h.citizen().apply("another browser")

	require.NoError(t, h.pay.Pay(h.payments()[most-1].ID, "success"))
	require.Contains(t, c.comesBack().text, "the service's own page")
	c.apply("one more, now that one is paid")
	require.Equal(t, http.StatusTooManyRequests, c.post("/licences/apply", url.Values{"name": {"one too many"}}).status)
}

func TestANetworkBeginsOnlySoManyJourneysInAMinute(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_TRUSTED_PROXIES=127.0.0.0/8,::1/128")
	from := func(address string) page {
		return h.citizen().post("/licences/apply", url.Values{"name": {address}}, "X-Forwarded-For", address)
	}
	var refused page
	for n := range 3000 { // a slow machine may need more than a minute for the first hundred
		if refused = from(fmt.Sprintf("203.0.113.%d", n%256)); refused.status != http.StatusSeeOther {
			break
		}
	}
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.Equal(t, "60", refused.header.Get("Retry-After"))
	require.Contains(t, refused.text, "This has not taken any money")
	begun := len(h.payments())
	require.GreaterOrEqual(t, begun, 120, "no office gets there")
	require.Equal(t, http.StatusSeeOther, from("203.0.114.1").status, "the network beside it")
	require.Equal(t, http.StatusSeeOther, from("2001:db8::1").status)
	require.Len(t, h.payments(), begun+2)
	require.Contains(t, h.log.String(), `"network":"203.0.113.0/24"`)
	require.Equal(t, http.StatusOK, h.citizen().get("/free", "X-Forwarded-For", "203.0.113.1").status, "what is free is free")
}

func TestWhereProxiesAreNotNamedNobodyIsCountedTogether(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	for n := range 130 {
		h.citizen().apply(fmt.Sprint(n)) // all from loopback, as behind a proxy of ours
	}
	require.Len(t, h.payments(), 130)
}

func TestPaymentsAreCreatedAtTheRateThatPayAllows(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms, "PAYGATE_PAY_RATE=2")
	const crowd = 30
	citizens, answers := make([]*citizen, crowd), make([]page, crowd)
	var all sync.WaitGroup
	for n := range answers {
		citizens[n] = h.citizen()
		all.Go(func() { answers[n] = citizens[n].post("/licences/apply", url.Values{"name": {fmt.Sprint(n)}}) })
	}
	all.Wait()
	turnedAway := -1
	for n, p := range answers {
		if p.status == http.StatusSeeOther {
			continue
		}
		turnedAway = n
		require.Equal(t, http.StatusServiceUnavailable, p.status)
		require.Equal(t, "60", p.header.Get("Retry-After"))
		require.Contains(t, p.text, "Many people are paying at the moment")
		require.Contains(t, p.text, "No money has been taken, and nothing has been sent to the service.")
		require.Contains(t, p.text, "you go straight to the payment", "the form is kept")
	}
	require.GreaterOrEqual(t, turnedAway, 0, "some had to be turned away")
	creates := slices.DeleteFunc(h.pay.Requests(), func(r paysim.Request) bool { return r.Call != "create" })
	require.Len(t, creates, len(h.payments()), "Pay was not even asked for more")
	require.Greater(t, len(h.payments()), 2, "some waited for their turn")

	c := citizens[turnedAway]
	again := c.post("/_pay/again", url.Values{"journey": {c.status()[0].ID}})
	require.Equal(t, http.StatusSeeOther, again.status, again.text)
}

func TestFreeTrafficFlowsWhilePayIsDown(t *testing.T) {
	t.Parallel()
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	h := newHouse(t, plain, "PAYGATE_PAY_API_URL="+nobody.URL)
	c := h.citizen()
	p := c.post("/licences/apply", url.Values{"name": {"Ann"}})
	require.Equal(t, http.StatusBadGateway, p.status)
	require.NotEmpty(t, p.header.Get("Retry-After"))
	require.Contains(t, p.text, "No money has been taken, and nothing has been sent to the service.")
	h.flowsFreely(c)
	require.Len(t, h.service.got(http.MethodPost), 1, "the free one")
}

func TestFreeTrafficFlowsWhileTheStoreIsGone(t *testing.T) {
	t.Parallel()
	h, c := annHasPaid(t, plain)
	require.NoError(t, h.parts.Close()) // whoever asks the store from now on gets an error
	stranger := h.citizen()
	p := stranger.post("/licences/apply", url.Values{"name": {"Bob"}})
	require.Equal(t, http.StatusServiceUnavailable, p.status)
	require.NotEmpty(t, p.header.Get("Retry-After"))
	require.Contains(t, p.text, "No money has been taken, and nothing has been sent to the service.")
	for _, p := range []page{
		c.get("/_pay/return"), c.get("/_pay/status"), c.get("/register/2026"), c.post("/licences/apply", url.Values{"name": {"Ann again"}}),
	} {
		require.Equal(t, http.StatusServiceUnavailable, p.status)
		require.NotEmpty(t, p.header.Get("Retry-After"))
		require.Contains(t, p.text, "If you have already paid, your payment is recorded and nothing is lost.")
		require.NotContains(t, p.text, "No money has been taken")
	}
	h.flowsFreely(c)
	require.Len(t, h.payments(), 1, "Pay is asked for nothing that cannot be kept")
	require.Len(t, h.service.got(http.MethodPost), 1, "the free one")
}

// flowsFreely sees that what is free still comes and goes.
func (h *house) flowsFreely(c *citizen) {
	h.t.Helper()
	require.Contains(h.t, c.get("/free").text, "the service's own page")
	p := c.post("/elsewhere", url.Values{"name": {"Ann"}})
	require.Contains(h.t, p.text, "the service's own page")
}

const childWithoutDisk = "PAYGATE_TEST_CHILD_WITHOUT_DISK"

func TestFreeTrafficFlowsWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestMeetsAFullDisk$", "-test.v")
	child.Env = append(os.Environ(), childWithoutDisk+"=yes")
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "the disk was full")
}

func TestMeetsAFullDisk(t *testing.T) {
	if os.Getenv(childWithoutDisk) == "" {
		return // nothing by itself: the other half of the test above
	}
	signal.Ignore(syscall.SIGXFSZ)
	h := newHouse(t, plain)
	paid := h.citizen()
	paid.apply("Ann")
	h.pays("success")
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	most := limit.Cur
	limit.Cur = 256 << 10
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))

	var p page
	for n := range 1000 {
		form := url.Values{"name": {fmt.Sprint(n)}, "notes": {strings.Repeat("x", 30<<10)}}
		if p = h.citizen().post("/licences/apply", form); p.status != http.StatusSeeOther {
			break
		}
	}
	require.Equal(t, http.StatusServiceUnavailable, p.status)
	require.NotEmpty(t, p.header.Get("Retry-After"))
	require.Contains(t, p.text, "No money has been taken, and nothing has been sent to the service.")
	payments := len(h.payments())

	large := h.citizen().post("/licences/apply", url.Values{"notes": {strings.Repeat("x", 1<<20)}})
	require.Equal(t, http.StatusServiceUnavailable, large.status)
	require.NotEmpty(t, large.header.Get("Retry-After"))
	require.Contains(t, large.text, "There is no room for a form of this size at the moment")
	require.Contains(t, large.text, "This has not taken any money or sent anything to the service.")
	require.Len(t, h.payments(), payments)
	h.flowsFreely(paid)
	require.Len(t, h.service.got(http.MethodPost), 1, "the free one")

	limit.Cur = most
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	require.Contains(t, paid.comesBack().text, "the service's own page")
	large = h.citizen().post("/licences/apply", url.Values{"notes": {strings.Repeat("x", 1<<20)}})
	require.Equal(t, http.StatusSeeOther, large.status, "there is room again")
	t.Log("the disk was full")
}

func TestALargeRequestIsDeliveredByteForByte(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	for _, size := range []int{63 << 10, 65 << 10, 300 << 10, 9 << 20} {
		c := h.citizen()
		contentType, body := multipartForm(map[string]string{"name": "Ann"}, bytesOfAllKinds(size))
		require.Equal(t, http.StatusSeeOther, c.do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", contentType).status)
		require.Equal(t, http.StatusSeeOther, c.do(http.MethodPost, "/licences/apply", onlyReader{bytes.NewReader(body)}, "Content-Type", contentType).status,
			"the same again, in chunks")
		h.pays("success")
		require.Contains(t, c.comesBack().text, "the service's own page")
		posts := h.service.got(http.MethodPost)
		require.True(t, bytes.Equal(body, posts[len(posts)-1].body), "%d bytes", size)
	}
	require.Len(t, h.payments(), 4)
	require.Len(t, h.service.got(http.MethodPost), 4)
}

func TestARefusedCardNumberIsWrittenNowhereHoweverLargeTheForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, confirms)
	const number = "4444333322221111"
	long := strings.Repeat(number+" is my card. ", 20_000)
	contentType, body := multipartForm(map[string]string{"notes": long}, bytesOfAllKinds(1<<20))
	for name, p := range map[string]page{
		"multipart":        h.citizen().do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", contentType),
		"multipart, typed": h.citizen().do(http.MethodPost, "/licences/apply", bytes.NewReader(body), "Content-Type", "text/plain"),
		"urlencoded":       h.citizen().post("/licences/apply", url.Values{"notes": {long}}),
		"JSON":             h.citizen().do(http.MethodPost, "/licences/apply", strings.NewReader(`{"a":[{"b":`+number+`}]}`), "Content-Type", "application/json"),
		"query":            h.citizen().post("/licences/apply?card=4444+3333+2222+1111", url.Values{"name": {"Ann"}}),
		"query of a pass":  h.citizen().get("/register/2026?card=" + number),
	} {
		require.Equal(t, http.StatusUnprocessableEntity, p.status, name)
		require.Contains(t, p.text, "Do not enter a card number", name)
	}
	require.Empty(t, h.payments())
	require.NotContains(t, h.log.String(), "4444")
	require.NoError(t, filepath.WalkDir(filepath.Dir(h.store), func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		if entry.IsDir() {
			return nil
		}
		require.Equal(t, filepath.Base(h.store), entry.Name(), "nothing lies about beside the store")
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(content), number)
		return nil
	}))
}
