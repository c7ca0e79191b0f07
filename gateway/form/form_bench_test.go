package form_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/form"
)

// BenchmarkRead measures what happens to a body before it is held: it is read, compared, searched for card numbers, and
// fingerprinted.
func BenchmarkRead(b *testing.B) {
	file := strings.Repeat("\xff\xd8\x00binary 1234 data\r\n", 10<<20/20)
	photo := "Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg"
	for name, c := range map[string][2]string{
		"1KB urlencoded": {
			"application/x-www-form-urlencoded",
			"name=" + strings.Repeat("Ann+O%27Hara", 75) + "&action=pay&email=a%40b.uk",
		},
		"10MiB multipart": {"multipart/form-data; boundary=b", partOf(named, "pay") + partOf(photo, file) + end},
	} {
		b.Run(name, func(b *testing.B) {
			header := http.Header{"Content-Type": {c[0]}}
			b.SetBytes(int64(len(c[1])))
			b.ReportAllocs()
			for b.Loop() {
				read, err := form.Read(header, strings.NewReader(c[1]))
				require.NoError(b, err)
				require.Equal(b, form.Met, payNow.Fits(form.NewSubmission("", header, read)))
				require.Empty(b, read.Cards)
			}
		})
	}
}
