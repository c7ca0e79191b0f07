package origin_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
)

func listOf(t *testing.T, texts ...string) origin.List {
	t.Helper()
	var list origin.List
	for _, text := range texts {
		u, err := url.Parse(text)
		require.NoError(t, err)
		list = append(list, u)
	}
	return list
}

func TestFindComparesHostsOnly(t *testing.T) {
	list := listOf(t, "https://licences.example.gov.uk", "https://www.example.org", "http://127.0.0.1:8000",
		"http://[::1]:8000")
	for host, want := range map[string]string{
		"licences.example.gov.uk":      "https://licences.example.gov.uk",
		"LICENCES.Example.Gov.UK":      "https://licences.example.gov.uk",
		"licences.example.gov.uk.":     "https://licences.example.gov.uk",
		"licences.example.gov.uk:443":  "https://licences.example.gov.uk",
		"licences.example.gov.uk:80":   "https://licences.example.gov.uk",
		"licences.example.gov.uk.:443": "https://licences.example.gov.uk",
		"www.example.org":              "https://www.example.org",
		"127.0.0.1:8000":               "http://127.0.0.1:8000",
		"[::1]:8000":                   "http://[::1]:8000",
	} {
		found := list.Find(host)
		require.NotNil(t, found, host)
		require.Equal(t, want, found.String(), host)
	}
	for _, host := range []string{
		"", "example.org", "www.example.org:8443", "127.0.0.1", "127.0.0.1:80", "xlicences.example.gov.uk",
		"licences.example.gov.uk..",
		"licences.example.gov.uk@evil.example", "evil.example",
	} {
		require.Nil(t, list.Find(host), host)
		require.Equal(t, list.Main(), list.FindOrMain(host), host)
	}
}

func TestSecureNeedsAllOrigins(t *testing.T) {
	require.True(t, listOf(t, "https://a.example", "https://b.example").Secure())
	require.False(t, listOf(t, "https://a.example", "http://b.example").Secure())
}

func TestASCIIEncodesInternationalNames(t *testing.T) {
	for name, want := range map[string]string{
		"bücher.example": "xn--bcher-kva.example", "BÜCHER.Example.": "xn--bcher-kva.example", "my_app": "my_app",
		"Plain.Example": "plain.example",
	} {
		got, err := origin.ASCII(name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := origin.ASCII("a\u200d\u0301_.example")
	require.Error(t, err)
}
