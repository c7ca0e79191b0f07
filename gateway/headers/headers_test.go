package headers_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/headers"
)

// headerOf returns a header with one value for each name, in the given spelling.
func headerOf(names ...string) http.Header {
	h := http.Header{}
	for _, name := range names {
		h[name] = []string{"x"}
	}
	return h
}

func namesOf(h http.Header) []string { return slices.Sorted(maps.Keys(h)) }

func TestHeldKeepsWhatFreeTrafficCarries(t *testing.T) {
	t.Parallel()
	carried := []string{
		"Accept", "Authorization", "Content-Encoding", "Content-Range", "Content-Type", "Cookie", "Idempotency-Key",
		"If-Match", "If-Unmodified-Since",
		"Origin", "Referer", "Sec-Fetch-Site", "Soapaction", "User-Agent", "X-Csrf-Token", "X-Requested-With",
	}
	perFetch := []string{"Accept-Encoding", "If-Modified-Since", "If-None-Match", "If-Range", "Range"}
	never := []string{
		"", "Connection", "Content-Length", "Expect", "Host", "Http2-Settings", "Keep-Alive", "PAYGATE_STATUS",
		"Paygate", "Paygate-Status", "Proxy", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "X-Http-Method-Override", "X-Original-Url", "X_Odd",
		"paygate.status", "X-Forwarded-Prefix",
	}
	who := []string{
		"Forwarded", "Front-End-Https", "True-Client-Ip", "X-Accel-Mapping", "X-Client-Ip", "X-Forwarded-For",
		"X-Forwarded-Port", "X-Forwarded-Ssl",
		"X-Real-Ip", "X-Sendfile-Type",
	}
	all := headerOf(slices.Concat(carried, perFetch, never, who)...)
	require.Equal(t, carried, namesOf(headers.Held(all, false)))
	trusted := slices.Concat(carried, who)
	slices.Sort(trusted)
	require.Equal(t, trusted, namesOf(headers.Held(all, true)))
	require.Len(t, all, len(carried)+len(perFetch)+len(never)+len(who), "the original is unchanged")

	free := all.Clone()
	headers.Clean(free, false)
	for _, name := range append(carried, perFetch...) {
		require.Contains(t, free, name)
	}
	held := headers.Held(all, false)
	headers.CopyConditions(held, all)
	require.Subset(t, namesOf(held), perFetch[1:])
	require.NotNil(t, headers.Held(nil, false))
}

func TestDropHopByHopDropsWhatConnectionNames(t *testing.T) {
	t.Parallel()
	h := headerOf("Keep-Alive", "X-Gone", "X-Stays", "Proxy-Authenticate", "Upgrade")
	h["Connection"] = []string{"close, x-gone", "Keep-Alive"}
	headers.DropHopByHop(h)
	require.Equal(t, []string{"X-Stays"}, namesOf(h))
}

// FuzzNames compares the rules with the fold of a name, which is how a careless server reads it.
func FuzzNames(f *testing.F) {
	for _, name := range []string{
		"Paygate-Status", "PAYGATE_STATUS", "paygate", "Paygates", "X-Forwarded-For",
		"x_forwarded_for", "Proxy", "Range", "Te", "ſ-Paygate",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		fold := strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
				return r
			case 'A' <= r && r <= 'Z':
				return r + 'a' - 'A'
			default:
				return '-'
			}
		}, name)
		ours := fold == "paygate" || strings.HasPrefix(fold, "paygate-")
		require.Equal(t, ours, headers.IsOurs(name), "%q", name)
		held := headers.Held(headerOf(name), false)
		if ours || strings.HasPrefix(fold, "x-forwarded-") ||
			slices.Contains([]string{"proxy", "range", "connection", "forwarded", "x-real-ip"}, fold) {
			require.Empty(t, held, "%q", name)
		}
	})
}
