package paysim

import (
	"flag"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// samples has a valid value for each setting, which is not its default.
var samples = map[string]string{
	"url": "http://pay.example", "service-name": "Rivermouth", "keys": "api_test_1,api_test_2",
	"accounts": "parking=api_test_3:webhook_test_3", "live": "true", "moto": "true", "provider": "stripe",
	"webhook-url": "http://127.0.0.1:1/hook", "webhook-secret": "webhook_test_1", "surcharge": "250",
	"address-collection": "off", "email-collection": "optional", "three-d-secure": "true", "rate": "-1",
	"search-lag": "30s", "refund-delay": "20m", "refund-takes": "5m", "refund-outcome": "delayed",
	"refuse-empty-bodies": "true", "clock-skew": "-6h",
}

func quietFlags(o *Options) *flag.FlagSet {
	set := flag.NewFlagSet("simulator", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	o.Declare(set)
	return set
}

func TestEachSettingIsAFlagAVariableAndAControl(t *testing.T) {
	t.Parallel()
	var byFlag, byVariable Options
	flags, variables, args := quietFlags(&byFlag), quietFlags(&byVariable), []string{}
	environ, b := []string{"PATH=/bin"}, newBench(t, Options{})
	flags.VisitAll(func(f *flag.Flag) {
		sample, known := samples[f.Name]
		require.True(t, known, "samples lacks %s", f.Name)
		require.NotEqual(t, f.DefValue, sample)
		args = append(args, "-"+f.Name+"="+sample)
		environ = append(environ, "PAYSIM_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))+"="+sample)
	})
	require.Len(t, args, len(samples))
	require.NoError(t, flags.Parse(args))
	require.NoError(t, ReadVariables(variables, environ))
	require.Equal(t, "parking", byFlag.Accounts[0].Name)
	require.Equal(t, []string{"api_test_1", "api_test_2"}, byFlag.Keys)

	require.NoError(t, b.Set(samples))
	byControl := b.options
	byFlag.Now, byFlag.Log, byVariable.Now, byVariable.Log, byControl.Now, byControl.Log = nil, nil, nil, nil, nil, nil
	require.Equal(t, byFlag, byVariable)
	require.Equal(t, byFlag, byControl)
}

func TestSettingsChangeWhileItRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	a := b.do("POST", "/control/settings",
		`{"live": true, "surcharge": 1000000, "refund_takes": "5m", "clock_skew": "6h"}`)
	require.Equal(t, 200, a.status, a.text)
	require.Equal(t, []any{"true", "1000000", "5m0s"}, []any{a.at("live"), a.at("surcharge"), a.at("refund_takes")})
	b.refuses(b.do("POST", "/v1/payments", createBody(map[string]any{"return_url": "http://a.gov.uk/"})), 422, "P0920")
	require.Equal(t, began.Add(6*time.Hour), b.Now())
	for _, keys := range []string{`"api_test_1, api_test_2,"`, `["api_test_1", "api_test_2"]`} {
		a = b.do("POST", "/control/settings", `{"keys": `+keys+`}`)
		require.Equal(t, 200, a.status, a.text)
		require.Equal(t, "(not shown)", b.do("GET", "/control/settings", "").at("keys"))
		require.Equal(t, 401, b.do("GET", "/v1/payments", "").status)
		require.Equal(t, 200, b.do("GET", "/v1/payments", "", withKey("api_test_2")...).status)
	}
}

func TestWrongSettingsChangeNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, Options{})
	before := b.Settings()
	for _, wrong := range []string{
		`{"live": true, "surcharge": -1}`, `{"live": true, "search_lag": "-5m"}`, `{"live": true, "provider": "adyen"}`,
		`{"live": true, "lag": "5m"}`, `{"live": "perhaps"}`, `{"accounts": "parking"}`, `{"accounts": "a=1,a=2"}`,
		`{"accounts": "a=1,b=1"}`,
		`{"url": "pay.example.org"}`, `{"webhook_url": "ftp://example.org"}`, `[]`,
	} {
		a := b.do("POST", "/control/settings", wrong)
		require.Equal(t, 400, a.status, wrong)
		require.Equal(t, before, b.Settings(), wrong)
	}
	require.Len(t, slices.Collect(maps.Keys(before)), len(samples))
}

func TestUnknownVariablesAreRefused(t *testing.T) {
	t.Parallel()
	var o Options
	set := quietFlags(&o)
	kubernetes := []string{
		"PAYSIM_PORT=tcp://10.0.0.1:80", "PAYSIM_PORT_80_TCP=x", "PAYSIM_SERVICE_HOST=10.0.0.1",
		"PAYSIM_SERVICE_PORT_WEB=80",
	}
	require.NoError(t, ReadVariables(set, append(kubernetes, "PAYSIM_LIVE=")))
	require.ErrorContains(t, ReadVariables(set, []string{"PAYSIM_LAG=5m"}), "PAYSIM_LAG")
	require.ErrorContains(t, ReadVariables(set, []string{"PAYSIM_SEARCH_LAG=soon"}), "PAYSIM_SEARCH_LAG")
}
