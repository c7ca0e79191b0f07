package docs_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
)

// TestEverySettingThatIsNamedExists goes through all documents, and what else operators copy from.
func TestEverySettingThatIsNamedExists(t *testing.T) {
	t.Parallel()
	known := settingNames()
	var named, missing []string
	for _, path := range files(t, ".md", ".yaml", ".env", ".json", ".service", ".conf", "Dockerfile") {
		if strings.Contains(path, "testdata/") {
			continue
		}
		for _, name := range regexp.MustCompile(`\bPAYGATE_[A-Z0-9_]+`).FindAllString(read(t, path), -1) {
			named = append(named, name)
			if !known.MatchString(name) {
				missing = append(missing, path+" names "+name)
			}
		}
	}
	require.Greater(t, len(named), 500)
	require.Empty(t, missing)
}

// notSettings are names that only look like one.
var notSettings = []string{
	"PAYGATE_HOLD_HEADERS", // of version 1
	"PAYGATE_SERVICE_HOST", // Kubernetes sets it
	"PAYGATE_SCREENSHOTS",  // of a test
}

// settingNames matches the settings, of any route or account, and beginnings of their names that end in "_".
func settingNames() *regexp.Regexp {
	var patterns []string
	for _, name := range append(config.KnownNames([]string{"x"}, "name"), notSettings...) {
		for _, place := range []string{"PAYGATE_ROUTE_", "PAYGATE_PAY_"} {
			name = regexp.MustCompile("^"+place+"(?:X|NAME)_").ReplaceAllString(name, place+"[A-Z0-9_]+_")
		}
		patterns = append(patterns, name)
		for i := range name {
			if name[i] == '_' && i < len(name)-1 && !strings.Contains(name, "[") {
				patterns = append(patterns, name[:i+1])
			}
		}
	}
	return regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + "|PAYGATE_ROUTE_(?:[A-Z0-9]+_)?)$")
}

func TestMisspeltSettingIsNoticed(t *testing.T) {
	t.Parallel()
	known := settingNames()
	for name, want := range map[string]bool{
		"PAYGATE_SECRETS": true, "PAYGATE_SECRETS_FILE": true, "PAYGATE_NOTIFY_": true,
		"PAYGATE_ROUTE_DOG_LICENCE_ACCEPT": true, "PAYGATE_PAY_PARKING_API_KEY_FILE": true,
		"PAYGATE_SECRET": false, "PAYGATE_LISTEN_FILE": false, "PAYGATE_NOTICE_": false,
		"PAYGATE_ROUTE_LICENCE_ACCEPTS": false, "PAYGATE_PAY_PARKING_KEY": false,
	} {
		require.Equal(t, want, known.MatchString(name), name)
	}
}
