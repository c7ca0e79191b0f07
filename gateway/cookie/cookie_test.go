package cookie_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/cookie"
)

func options(bs ...byte) cookie.Options {
	o := cookie.Options{Secure: true, MaxAge: 24 * time.Hour}
	for _, b := range bs {
		o.HashKeys = append(o.HashKeys, bytes.Repeat([]byte{b}, 64))
		o.BlockKeys = append(o.BlockKeys, bytes.Repeat([]byte{b + 100}, 32))
	}
	return o
}

func jar(t testing.TB, o cookie.Options) *cookie.Jar {
	t.Helper()
	j, err := cookie.New(o)
	require.NoError(t, err)
	return j
}

// written returns the cookie that a browser would get.
func written(t testing.TB, j *cookie.Jar, tickets ...cookie.Ticket) (*http.Cookie, string) {
	t.Helper()
	w := httptest.NewRecorder()
	require.NoError(t, j.Write(w, tickets))
	line := w.Header().Get("Set-Cookie")
	c, err := http.ParseSetCookie(line)
	require.NoError(t, err)
	return c, line
}

func requestWith(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

var ticket = cookie.Ticket{Journey: "01JDM4Q0V3Q7J2S3", Key: "0123456789abcdefghijklmnop", Started: 1764000000}

func TestWriteMakesAHostCookieThatOthersCannotUse(t *testing.T) {
	t.Parallel()
	c, line := written(t, jar(t, options(1)), ticket)
	require.Equal(t, "__Host-paygate", c.Name)
	for _, attribute := range []string{"Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=86400"} {
		require.Contains(t, line, attribute)
	}
	require.NotContains(t, line, "Domain")
	require.NotContains(t, c.Value, ticket.Journey)

	o := options(1)
	o.Secure = false
	c, line = written(t, jar(t, o), ticket)
	require.Equal(t, "paygate", c.Name)
	require.NotContains(t, line, "Secure")
}

func TestReadReturnsWhatWriteWrote(t *testing.T) {
	t.Parallel()
	j := jar(t, options(1))
	c, _ := written(t, j, ticket)
	require.Equal(t, []cookie.Ticket{ticket}, j.Read(requestWith(c)))
}

func TestReadIgnoresForeignCookies(t *testing.T) {
	t.Parallel()
	j := jar(t, options(1))
	good, _ := written(t, j, ticket)
	foreign, _ := written(t, jar(t, options(2)), ticket)
	for name, value := range map[string]string{
		"empty": "", "nonsense": "nonsense", "truncated": good.Value[:len(good.Value)/2], "foreign": foreign.Value,
		"tampered": "A" + good.Value[1:], "doubled": good.Value + good.Value, "huge": strings.Repeat("A", 10000),
	} {
		bad := &http.Cookie{Name: good.Name, Value: value}
		require.Empty(t, j.Read(requestWith(bad)), name)
		require.Equal(t, []cookie.Ticket{ticket}, j.Read(requestWith(bad, good)), "%s before the true one", name)
		require.Equal(t, []cookie.Ticket{ticket}, j.Read(requestWith(good, bad)), "%s after the true one", name)
	}
	require.Empty(t, j.Read(requestWith(&http.Cookie{Name: "paygate", Value: good.Value})), "another name")
}

// securecookie's base64 is lenient, so some altered texts are still the same cookie. None may be another one.
func TestReadRejectsTamperedCookies(t *testing.T) {
	t.Parallel()
	j := jar(t, options(1))
	good, _ := written(t, j, ticket)
	refused := 0
	for at := range good.Value {
		changed := []byte(good.Value)
		changed[at] = 'A' + (changed[at]+1)%26
		found := j.Read(requestWith(&http.Cookie{Name: good.Name, Value: string(changed)}))
		if len(found) == 0 {
			refused++
			continue
		}
		require.Equal(t, []cookie.Ticket{ticket}, found, "byte %d", at)
	}
	require.Greater(t, refused, len(good.Value)*9/10)
	for length := range len(good.Value) - 2 {
		require.Empty(t, j.Read(requestWith(&http.Cookie{Name: good.Name, Value: good.Value[:length]})),
			"the first %d bytes", length)
	}
}

func TestReadMergesDuplicatesNewestFirst(t *testing.T) {
	t.Parallel()
	j := jar(t, options(1))
	older, newer := ticket, ticket
	older.Journey, newer.Journey = "OLDER", "NEWER"
	older.Started--
	newer.Started++
	first, _ := written(t, j, ticket, older)
	second, _ := written(t, j, newer, ticket)
	require.Equal(t, []cookie.Ticket{newer, ticket, older}, j.Read(requestWith(first, second)))

	var many []*http.Cookie
	for n := range int64(20) {
		c, _ := written(t, j, cookie.Ticket{Journey: fmt.Sprint(n), Key: ticket.Key, Started: ticket.Started + n})
		many = append(many, c)
	}
	found := j.Read(requestWith(many...))
	require.Len(t, found, 8)
	require.Equal(t, "19", found[0].Journey)
}

func TestReadAcceptsOldSecrets(t *testing.T) {
	t.Parallel()
	c, _ := written(t, jar(t, options(1)), ticket)
	require.Len(t, jar(t, options(2, 1)).Read(requestWith(c)), 1)
	require.Empty(t, jar(t, options(2)).Read(requestWith(c)))
}

func TestWriteKeepsTheCookieSmall(t *testing.T) {
	t.Parallel()
	j := jar(t, options(1, 2, 3))
	var many []cookie.Ticket
	for n := range 100 {
		many = append(many, cookie.Ticket{
			Journey: fmt.Sprintf("01JDM4Q0V3Q7J%03d", n), Key: ticket.Key,
			Started: ticket.Started,
		})
	}
	c, line := written(t, j, many...)
	require.Less(t, len(line), 4096)
	require.Equal(t, many[:8], j.Read(requestWith(c)), "the first ones stay")
}

func TestWriteLeavesOutWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	j := jar(t, options(1))
	var long []cookie.Ticket
	for n := range 8 {
		long = append(long, cookie.Ticket{
			Journey: strings.Repeat("x", 600) + fmt.Sprint(n), Key: ticket.Key,
			Started: ticket.Started,
		})
	}
	c, line := written(t, j, long...)
	require.Less(t, len(line), 4096)
	found := j.Read(requestWith(c))
	require.NotEmpty(t, found)
	require.Less(t, len(found), 8)
	require.Equal(t, long[:len(found)], found)

	for size := range 200 { // somewhere among these, the value fits and its name and attributes do not
		one := cookie.Ticket{Journey: strings.Repeat("x", 2000+size), Key: ticket.Key, Started: ticket.Started}
		w := httptest.NewRecorder()
		err := j.Write(w, []cookie.Ticket{one})
		require.Equal(t, err == nil, len(w.Header()["Set-Cookie"]) == 1)
		require.Less(t, len(w.Header().Get("Set-Cookie")), 4096, size)
	}

	w := httptest.NewRecorder()
	long[0].Journey = strings.Repeat("x", 5000)
	require.Error(t, j.Write(w, long[:1]))
	require.Empty(t, w.Header(), "half a cookie is none")
}

func TestWriteReplacesAnEarlierCookie(t *testing.T) {
	t.Parallel()
	j, w := jar(t, options(1)), httptest.NewRecorder()
	w.Header().Add("Set-Cookie", "service=1")
	require.NoError(t, j.Write(w, []cookie.Ticket{ticket}))
	require.NoError(t, j.Write(w, nil))
	require.Len(t, w.Header()["Set-Cookie"], 2)
	require.Equal(t, "service=1", w.Header()["Set-Cookie"][0])
}

func TestTicketsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := jar(t, options(1))
		c, _ := written(t, j, ticket)
		time.Sleep(23 * time.Hour) // in the bubble's time
		require.Len(t, j.Read(requestWith(c)), 1)
		time.Sleep(2 * time.Hour)
		require.Empty(t, j.Read(requestWith(c)))
	})
}

func TestNewRefusesMissingOrShortKeys(t *testing.T) {
	t.Parallel()
	short, uneven := options(1), options(1)
	short.BlockKeys[0] = nil
	uneven.BlockKeys = nil
	halfHash, ageless := options(1), options(1)
	halfHash.HashKeys[0] = halfHash.HashKeys[0][:32]
	ageless.MaxAge = 0
	for name, o := range map[string]cookie.Options{
		"none": {}, "no block key": short, "uneven": uneven, "half a hash key": halfHash, "no age": ageless,
	} {
		_, err := cookie.New(o)
		require.Error(t, err, name)
	}
}

func TestStripLeavesOtherBytesAlone(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"":                                       "",
		"a=1":                                    "a=1",
		"__Host-paygate=x":                       "",
		"paygate=x":                              "",
		"a=1; __Host-paygate=x":                  "a=1",
		"__Host-paygate=x; a=1":                  "a=1",
		"a=1; __Host-paygate=x; b=2":             "a=1; b=2",
		"a=1;paygate=x;b=2":                      "a=1;b=2",
		"a=1;  PAYGATE=x ; b=2":                  "a=1; b=2",
		`a="q;  uoted"; paygate=x; b=%00`:        `a="q;  uoted"; b=%00`,
		"xpaygate=1; paygates=2":                 "xpaygate=1; paygates=2",
		"a=paygate; paygate=1; paygate=2; b==;;": "a=paygate; b==;;",
		"paygate":                                "",
		" a=1":                                   " a=1",
		"a=1;":                                   "a=1;",
		" paygate=x;\ta=1":                       "a=1",
		"__host-PAYGATE = x;__Host-paygate;a":    "a",
		"\u2000__Host-paygate=x; a=1":            "a=1",
		"$Version=1; paygate=x; $Path=/":         "$Version=1; $Path=/",
		"a=\xff\xfe; paygate=\xff; b=\x80":       "a=\xff\xfe; b=\x80",
		"=nameless; paygate==; =":                "=nameless; =",
		"__Host-paygate-more=1; my paygate=2":    "__Host-paygate-more=1; my paygate=2",
	} {
		require.Equal(t, out, cookie.Strip(in), "%q", in)
	}
}

func TestStripSetRemovesOurCookies(t *testing.T) {
	t.Parallel()
	h := http.Header{"Set-Cookie": {"a=1; Path=/", "__Host-paygate=x; Path=/", "Paygate=; Max-Age=0", "b=2"}}
	cookie.StripSet(h)
	require.Equal(t, []string{"a=1; Path=/", "b=2"}, h["Set-Cookie"])
	h = http.Header{"Set-Cookie": {"paygate=x"}}
	cookie.StripSet(h)
	require.NotContains(t, h, "Set-Cookie")
}

func FuzzCookie(f *testing.F) {
	j := jar(f, options(1))
	good, _ := written(f, j, ticket)
	f.Add(good.Value)
	f.Add("MTc2")
	f.Fuzz(func(t *testing.T, value string) {
		for _, found := range j.Read(&http.Request{Header: http.Header{"Cookie": {"__Host-paygate=" + value}}}) {
			if found != ticket {
				t.Fatalf("a forged cookie was read: %+v", found)
			}
		}
		stripped := cookie.Strip(value + "; __Host-paygate=" + value)
		if again := cookie.Strip(stripped); again != stripped {
			t.Fatalf("something of ours was left in %q: %q", stripped, again)
		}
	})
}
