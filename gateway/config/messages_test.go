package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
	"paygate/internal/notifysim"
)

// withEmails returns the settings of a route that writes to citizens.
func withEmails(t *testing.T, over map[string]string) (config.Settings, config.Faults) {
	t.Helper()
	all := map[string]string{
		"PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL": "{form:email}",
		"PAYGATE_NOTIFY_API_KEY":             notifysim.Key,
	}
	for _, template := range notifysim.Templates() {
		all[template.Setting] = string(template.ID)
	}
	maps.Copy(all, over)
	return load(t, all)
}

func TestEmailsHaveAKeyAndTemplates(t *testing.T) {
	t.Parallel()
	s, faults := withEmails(t, nil)
	require.Empty(t, faults)
	require.Equal(t, "email", s.Routes[0].EmailField)
	require.Contains(t, s.Describe(), "to the address in the form field email")
	require.NotContains(t, s.Describe(), "9999")
	_, faults = withEmails(t, map[string]string{
		"PAYGATE_NOTIFY_TEMPLATE_DELIVERED_CY": "", "PAYGATE_NOTIFY_TEMPLATE_RETURNED_CY": "",
		"PAYGATE_NOTIFY_TEMPLATE_REFUNDED_CY": "",
	})
	require.Empty(t, faults, "Welsh templates may be left out")
	for _, needed := range []string{
		"PAYGATE_NOTIFY_API_KEY", "PAYGATE_NOTIFY_TEMPLATE_DELIVERED", "PAYGATE_NOTIFY_TEMPLATE_RETURNED",
		"PAYGATE_NOTIFY_TEMPLATE_REFUNDED",
	} {
		_, faults := withEmails(t, map[string]string{needed: ""})
		require.Contains(t, faults.Error(), "PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL: needs "+needed)
	}
}

func TestSettingsForEmailsWithoutEmails(t *testing.T) {
	t.Parallel()
	s, faults := withEmails(t, map[string]string{"PAYGATE_ROUTE_LICENCE_NOTIFY_EMAIL": ""})
	require.Empty(t, faults)
	require.Len(t, s.Warnings, 1)
	require.Contains(t, s.Warnings[0], "PAYGATE_NOTIFY_API_KEY")
	_, faults = load(t, map[string]string{"PAYGATE_NOTIFY_TEMPLATE_RETURNED": string(notifysim.Templates()[2].ID)})
	require.Contains(t, faults.Error(), "PAYGATE_NOTIFY_TEMPLATE_RETURNED: has no effect")
}

func TestSecretsOfMessagesCanBeFiles(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"PAYGATE_NOTIFY_API_KEY": notifysim.Key, "PAYGATE_ALERT_WEBHOOK": "https://hooks.example.com/topsecret?x=1",
	} {
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte(secret+"\n"), 0o600))
		s, faults := load(t, map[string]string{name + "_FILE": path})
		require.Empty(t, faults)
		require.NotContains(t, s.Describe(), secret)
	}
}
