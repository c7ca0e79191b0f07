package testserver

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ReadmeBlocks returns the code blocks in a section of README.md.
func ReadmeBlocks(t testing.TB, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, heading)
	section, _, _ := strings.Cut(after, "\n## ")
	var blocks []string
	for i, part := range strings.Split(section, "```") {
		if i%2 == 1 {
			blocks = append(blocks, strings.TrimPrefix(part, "\n"))
		}
	}
	return blocks
}

// SettingLine matches a setting, alone on its line.
var SettingLine = regexp.MustCompile(`(?m)^PAYGATE_.*$`)

// ReadmeSettings returns the settings that README.md recommends.
func ReadmeSettings(t testing.TB) []string {
	t.Helper()
	return SettingLine.FindAllString(ReadmeBlocks(t, "Settings to go live")[0], -1)
}

// UseReadmeSettings gives a harness the settings of README.md. Only addresses, secrets and the store are its own.
func UseReadmeSettings(h *Harness) *Harness {
	settings := ReadmeSettings(h.T)
	h.Settings = func(store string) []string {
		return Override(slices.Clone(settings), []string{
			"PAYGATE_UPSTREAM=" + h.Service.Server.URL, "PAYGATE_PUBLIC_URL=" + h.URL,
			"PAYGATE_PAY_API_KEY=api_test_secretkeysecretkey",
			"PAYGATE_SECRETS=" + Secret32(1), "PAYGATE_PAY_MODE=test", "PAYGATE_PAY_API_URL=" + h.PayURL,
			"PAYGATE_PAY_CARD_ORIGINS=" + h.PayURL,
			"PAYGATE_STORE=bbolt:" + store, "PAYGATE_STAFF_TOKENS=ann:" + AnnsToken,
		})
	}
	return h
}
