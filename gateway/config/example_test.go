package config_test

import (
	"bufio"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/config"
)

var settingName = regexp.MustCompile(`^(PAYGATE|OTEL)_[A-Z0-9_]+$`)

// example reads config.example.env: the settings that are set, and those that are commented out.
func example(t *testing.T) (set, commented map[string]string) {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "config.example.env"))
	require.NoError(t, err)
	defer file.Close()
	set, commented = map[string]string{}, map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, into := lines.Text(), set
		if text, found := strings.CutPrefix(line, "# "); found {
			line, into = text, commented
		}
		if name, value, found := strings.Cut(line, "="); found && settingName.MatchString(name) {
			into[name] = value
		}
	}
	return set, commented
}

func TestExampleHasEverySetting(t *testing.T) {
	t.Parallel()
	set, commented := example(t)
	known := slices.DeleteFunc(config.KnownNames([]string{"licence"}, "parking"), isSecretFile)
	inFile := slices.Sorted(maps.Keys(set))
	inFile = append(inFile, slices.Sorted(maps.Keys(commented))...)
	slices.Sort(inFile)
	require.Equal(t, known, slices.Compact(inFile))
}

// isSecretFile reports whether a name is that of a setting whose secret can be in a file.
func isSecretFile(name string) bool {
	secret, isFile := strings.CutSuffix(name, "_FILE")
	return isFile && slices.Contains(config.KnownNames(nil, "parking"), secret)
}

func TestExampleShowsTheDefaults(t *testing.T) {
	t.Parallel()
	_, commented := example(t)
	for name, value := range config.Defaults([]string{"licence"}) {
		if written, there := commented[name]; there {
			require.Equal(t, value, written, name)
		}
	}
}

func TestExampleLoadsWithRealSecrets(t *testing.T) {
	t.Parallel()
	set, commented := example(t)
	_, err := config.Load(environOf(set))
	require.ErrorContains(t, err, "PAYGATE_SECRETS", "the sample secret is refused")
	set["PAYGATE_SECRETS"] = secretText(3)
	withoutDefaults, err := config.Load(environOf(set))
	require.NoError(t, err)
	for name, value := range config.Defaults([]string{"licence"}) {
		if _, there := commented[name]; there {
			set[name] = value
		}
	}
	withDefaults, err := config.Load(environOf(set))
	require.NoError(t, err)
	require.True(t, reflect.DeepEqual(withoutDefaults, withDefaults), "writing the defaults changes something")
}

func environOf(settings map[string]string) []string {
	var environ []string
	for name, value := range settings {
		environ = append(environ, name+"="+value)
	}
	return environ
}

func TestEveryExampleCanBeParsed(t *testing.T) {
	t.Parallel()
	_, commented := example(t)
	for name, value := range commented {
		require.NotPanics(t, func() { _, _ = load(t, map[string]string{name: value}) }, name)
	}
}
