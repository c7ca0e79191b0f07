package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// withAccounts returns settings with a further account, and some more or other ones.
func withAccounts(over map[string]string) map[string]string {
	all := map[string]string{
		"PAYGATE_PAY_ACCOUNTS": "parking", "PAYGATE_PAY_PARKING_API_KEY": "api_live_topsecretparking",
		"PAYGATE_ROUTE_LICENCE_ACCOUNT": "parking",
	}
	maps.Copy(all, over)
	return all
}

func TestAccountsHaveSettingsOfTheirOwn(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, []byte("api_live_topsecretpets\n"), 0o600))
	s, faults := load(t, withAccounts(map[string]string{
		"PAYGATE_PAY_ACCOUNTS":                "parking,pet-licences",
		"PAYGATE_PAY_PARKING_WEBHOOK_SECRETS": "webhook_live_a,webhook_live_b", "PAYGATE_PAY_PARKING_RATE": "3",
		"PAYGATE_PAY_PARKING_RATE_TOTAL": "4", "PAYGATE_PAY_PET_LICENCES_API_KEY_FILE": key,
	}))
	require.Empty(t, faults)
	require.Len(t, s.Accounts, 3)
	require.Equal(t, "", s.Accounts[0].Name)
	require.Equal(t, "api_live_topsecretkey", s.Accounts[0].Key)
	parking, pets := s.Accounts[1], s.Accounts[2]
	require.Equal(t, "parking", parking.Name)
	require.Equal(t, []string{"webhook_live_a", "webhook_live_b"}, parking.WebhookSecrets)
	require.Equal(t, [2]int{3, 4}, [2]int{parking.Rate, parking.RateTotal})
	require.Equal(t, "api_live_topsecretpets", pets.Key)
	require.Equal(t, [2]int{10, 10}, [2]int{pets.Rate, pets.RateTotal})
	require.Equal(t, "parking", s.Routes[0].Terms.Account)
	require.Contains(t, s.SecretFiles[0].Setting, "PAYGATE_PAY_PET_LICENCES_API_KEY_FILE")
	require.Contains(t, s.Describe(), "account parking")
	require.NotContains(t, s.Describe(), "topsecret")
	require.NotContains(t, s.Describe(), "webhook_live_a")
}

func TestWrongAccountsAreReportedByName(t *testing.T) {
	t.Parallel()
	const pay, key = "PAYGATE_PAY_", "PAYGATE_PAY_PARKING_API_KEY"
	for _, c := range []struct{ name, value, says string }{
		{key, "(unset)", key + ": is required"},
		{key, "api_test_topsecret", key + ": is a test key"},
		{key, "api_live_topsecretkey", key + ": is also PAYGATE_PAY_API_KEY"},
		{key, "api_live_top secret", key + ": has blanks"},
		{pay + "MODE", "test", key + ": is a live key"},
		{pay + "PARKING_RATE", "0", pay + "PARKING_RATE: must be"},
		{pay + "PARKING_WEBHOOK_SECRETS_FILE", "/nowhere", pay + "PARKING_WEBHOOK_SECRETS_FILE: cannot be read"},
		{pay + "PARKNG_RATE", "5", pay + "PARKNG_RATE: there is no such setting"},
		{"PAYGATE_ROUTE_LICENCE_ACCOUNT", "pets", `PAYGATE_ROUTE_LICENCE_ACCOUNT: names "pets"`},
		{pay + "ACCOUNTS", "(unset)", key + ": there is no such setting"},
		{pay + "ACCOUNTS", "parking,parking", `"parking" appears twice`},
		{pay + "ACCOUNTS", "Parking", `"Parking" is not a name`},
		{pay + "ACCOUNTS", "default", `"default" is the word for`},
		{pay + "ACCOUNTS", "api", `the settings of "api" could be taken for those of the default account`},
		{pay + "ACCOUNTS", "webhook", `the settings of "webhook" could be taken for those of the default account`},
		{pay + "ACCOUNTS", "parking,parking-rate", `"parking-rate" could be taken for those of "parking"`},
		{pay + "ACCOUNTS", "parking-api,parking", `"parking-api" could be taken for those of "parking"`},
	} {
		_, faults := load(t, withAccounts(map[string]string{c.name: c.value}))
		require.ErrorContains(t, faults, c.says)
		require.NotContains(t, faults.Error(), "topsecret")
	}
}

func TestFaultInAccountNamesHidesNoOther(t *testing.T) {
	t.Parallel()
	_, faults := load(t, withAccounts(map[string]string{"PAYGATE_PAY_ACCOUNTS": "parking,", "PAYGATE_PAY_RATE": "0"}))
	require.Len(t, faults, 2, "not what depends on the names: %v", faults)
}
