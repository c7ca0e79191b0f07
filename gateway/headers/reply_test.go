package headers_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/headers"
)

func TestCleanReplyRewritesRefresh(t *testing.T) {
	t.Parallel()
	service := &url.URL{Scheme: "http", Host: "10.0.0.5:8080"}
	public := &url.URL{Scheme: "https", Host: "licences.example.gov.uk"}
	for said, want := range map[string]string{
		`0;url='http://10.0.0.5:8080/r'`:                 `0;url='https://licences.example.gov.uk/r'`,
		`0; URL= "http://10.0.0.5:8080/r"`:               `0; URL= "https://licences.example.gov.uk/r"`,
		`0;http://10.0.0.5:8080/r`:                       `0;https://licences.example.gov.uk/r`,
		`0 , Url =http://10.0.0.5:8080`:                  `0 , Url =https://licences.example.gov.uk`,
		`0;url="http://10.0.0.5:8080" x`:                 `0;url="https://licences.example.gov.uk" x`,
		`0;url=http://www.example/?url=//10.0.0.5:8080/`: `0;url=http://www.example/?url=//10.0.0.5:8080/`,
		`İİİİurl=`:                                       `İİİİurl=`,
		`0;url=/r`:                                       `0;url=/r`,
		`5`:                                              `5`,
	} {
		header := http.Header{"Refresh": {said}}
		headers.CleanReply(header, service, "", public)
		require.Equal(t, want, header.Get("Refresh"))
	}
}

func TestCleanReplyMakesTheServiceOriginPublic(t *testing.T) {
	t.Parallel()
	service := &url.URL{Scheme: "http", Host: "10.0.0.5:8080"}
	public := &url.URL{Scheme: "https", Host: "licences.example.gov.uk"}
	header := http.Header{
		"Location": {"http://10.0.0.5:8080/x?y#z"}, "Content-Location": {"/plain"},
		"Refresh":     {"5; URL=http://10.0.0.5:8080/r"},
		"Hx-Redirect": {"http://10.0.0.5:8080/h"},
	}
	headers.CleanReply(header, service, "", public)
	require.Equal(t, http.Header{
		"Location": {"https://licences.example.gov.uk/x?y#z"}, "Content-Location": {"/plain"},
		"Refresh":     {"5; URL=https://licences.example.gov.uk/r"},
		"Hx-Redirect": {"https://licences.example.gov.uk/h"},
	}, header)
	other := http.Header{"Location": {"http://10.0.0.5:8080.evil.example/x"}}
	headers.CleanReply(other, service, "10.0.0.5", public)
	require.Equal(t, "http://10.0.0.5:8080.evil.example/x", other.Get("Location"))
	for location, want := range map[string]string{
		"https://legacy.internal/done":  "https://licences.example.gov.uk/done",
		"http://Legacy.Internal.:80/":   "https://licences.example.gov.uk/",
		"https://legacy.internal:8443/": "https://legacy.internal:8443/",
		"ftp://legacy.internal/":        "ftp://legacy.internal/",
		"//legacy.internal/x":           "https://licences.example.gov.uk/x",
		"//10.0.0.5:8080/x?y#z":         "https://licences.example.gov.uk/x?y#z", "//www.example/x": "//www.example/x",
		"http://user:word@10.0.0.5:8080/x":   "https://licences.example.gov.uk/x",
		"http://10.0.0.5:8080?x":             "https://licences.example.gov.uk?x",
		"http://10.0.0.5:8080@evil.example/": "http://10.0.0.5:8080@evil.example/",
		"http:\\\\10.0.0.5:8080/":            "http:\\\\10.0.0.5:8080/",
		"HTTP://10.0.0.5:8080/x":             "https://licences.example.gov.uk/x",
		"http://10.0.0.5:8080":               "https://licences.example.gov.uk",
		"https://10.0.0.5:8080/":             "https://10.0.0.5:8080/",
	} {
		header := http.Header{"Location": {location}}
		headers.CleanReply(header, service, "legacy.internal", public)
		require.Equal(t, want, header.Get("Location"), "the service may use the Host that it receives")
	}
}
