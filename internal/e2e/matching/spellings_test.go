package matching

import (
	"net/http"
	"testing"

	"paygate/gateway/command/probe"
	"paygate/internal/testserver"

	"github.com/stretchr/testify/require"
)

func TestNoPayPathSpellingReachesTheServiceUnpaid(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	known := testserver.KnownSpellings(probe.KindPath)
	require.Greater(t, len(known), 300)
	for _, s := range known {
		t.Run(s.Class+" "+s.Target,
			func(t *testing.T) { d.MustBlock(t, testserver.FormRequest(http.MethodPost, s.Target)) })
	}
	made := testserver.GeneratedSpellings("licences", "apply")
	require.Greater(t, len(made), 400)
	for _, target := range made {
		d.MustBlock(t, testserver.FormRequest(http.MethodPost, target))
	}
}

func TestNoPassSpellingReachesTheServiceUnpaid(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t, "PAYGATE_ROUTE_REGISTER_STRICT=on")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, target := range testserver.GeneratedSpellings("register", "2026") {
			d.MustBlock(t, method+" "+target+" HTTP/1.1\r\nHost: "+testserver.PublicHost+"\r\n\r\n")
		}
	}
}

func TestRefusalLogNamesTheSettingToDeclare(t *testing.T) {
	t.Parallel()
	d := testserver.StartRaw(t)
	for _, c := range []struct{ method, target, declare string }{
		{
			http.MethodPost, "/licences/apply/kitten?kitten",
			"PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the pay code; PAYGATE_ROUTE_LICENCE_ALLOW, if it leads to " +
				"other code",
		},
		{http.MethodPost, "/kitten/../licences/apply", "PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the pay code"},
		{http.MethodPut, "/licences/apply?kitten", "PAYGATE_ROUTE_LICENCE_ALIASES, if it leads to the pay code"},
		{http.MethodPost, "/kitten#", ""},
	} {
		before := len(d.Log.String())
		d.MustBlock(t, testserver.FormRequest(c.method, c.target))
		logged := testserver.WithoutPaths(d.Log.String()[before:])
		require.Contains(t, logged, `"msg":"refused"`)
		require.NotContains(t, logged, "kitten")
		if c.declare == "" {
			require.NotContains(t, logged, "declare")
			continue
		}
		require.Contains(t, logged, `"route":"licence","declare":"`+c.declare+`"`)
	}
}
