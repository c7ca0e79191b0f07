package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
	"paygate/gateway/proxy"
	"paygate/gateway/spool"
)

// BenchmarkLook is all that is done with a body before it is held: read, judged, searched for card numbers, and known again.
func BenchmarkLook(b *testing.B) {
	file := strings.Repeat("\xff\xd8\x00binary 1234 data\r\n", 10<<20/20)
	for name, c := range map[string][2]string{
		"1KB urlencoded": {"application/x-www-form-urlencoded", "name=" + strings.Repeat("Ann+O%27Hara", 75) + "&action=pay&email=a%40b.uk"},
		"10MiB multipart": {
			"multipart/form-data; boundary=b",
			partOf(named, "pay") + partOf("Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg", file) + end,
		},
	} {
		b.Run(name, func(b *testing.B) {
			enter := func(context.Context, int64) (func(), error) { return func() {}, nil }
			body, err := spool.New(spool.Options{Acquire: enter}).Read(b.Context(), strings.NewReader(c[1]), int64(len(c[1])), 1<<30)
			require.NoError(b, err)
			r, err := http.NewRequest(http.MethodPost, "/licences/apply", http.NoBody)
			require.NoError(b, err)
			r.Header.Set("Content-Type", c[0])
			origins := origin.List{{Scheme: "https", Host: "apply.example"}}
			g := &Gateway{Options: Options{Proxy: proxy.Options{Clients: proxy.Clients{Origins: origins}}, RefuseCards: true, Acquire: enter}}
			b.SetBytes(int64(len(c[1])))
			b.ReportAllocs()
			for b.Loop() {
				in, err := g.look(r, ruling{path: "/licences/apply", route: payNow}, body)
				require.NoError(b, err)
				require.Equal(b, met, payNow.fits(in.asked))
				require.False(b, in.hasCardNumber(payNow))
				_ = in.request.Fingerprint()
			}
		})
	}
}
