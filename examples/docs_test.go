package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/signature"
	"paygate/internal/testenv"
)

func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/reference/headers.md")
	require.NoError(t, err)
	return string(text)
}

// comment matches lines without code in each language; imports matches lines that only name libraries.
var (
	comment = regexp.MustCompile(`^\s*(?://|#|\*).*$`)
	imports = regexp.MustCompile(`^(?:import |from \S+ import |using |require |require_|use |package |<\?php|` +
		`'use strict'|const \w+ = require\(|1;)`)
	goBlock = regexp.MustCompile(`(?ms)^import \(.*?^\)`)
	docText = regexp.MustCompile(`(?s)""".*?"""`)
)

// codeLines counts the lines of a verifier that are neither blank nor comments nor imports; in Java, up to the command
// line.
func codeLines(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	pasted, _, _ := strings.Cut(string(text), "// ---- do not paste this")
	pasted = docText.ReplaceAllString(goBlock.ReplaceAllString(pasted, ""), "")
	lines := 0
	for line := range strings.Lines(pasted) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !comment.MatchString(line) && !imports.MatchString(line) {
			lines++
		}
	}
	return lines
}

func TestVerifiersAreShortAndInGuide(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile("(?m)^\\| [^|]+ " +
		"\\| \\[`[^`]+`\\]\\(\\.\\./\\.\\./examples/(verify/[^)]+)\\) \\| (\\d+) \\| " +
		"([^|]+) \\|$")
	listed := map[string]bool{}
	for _, found := range row.FindAllStringSubmatch(guide(t), -1) {
		said, err := strconv.Atoi(found[2])
		require.NoError(t, err)
		lines := codeLines(t, found[1])
		require.Equal(t, lines, said, found[1])
		require.Less(t, lines, 25, found[1])
		require.Greater(t, lines, 10, found[1])
		require.Equal(t, strings.Contains(found[3], "not tested"), strings.HasSuffix(found[1], ".cs"), found[1])
		listed[filepath.Base(filepath.Dir(found[1]))] = true
	}
	folders, err := os.ReadDir("verify")
	require.NoError(t, err)
	require.Len(t, listed, len(folders))
	for _, folder := range folders {
		require.True(t, listed[folder.Name()], folder.Name())
	}
}

func TestUntestedVerifierSaysSo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("verify/dotnet/PaygateVerify.cs")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "// NOT TESTED"))
}

func TestGuideShowsPHPVerifier(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("verify/php/paygate_verify.php")
	require.NoError(t, err)
	require.Contains(t, guide(t), "```php\n"+string(text)+"```\n")
}

func TestLinkedExamplesExist(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(\.\./\.\./examples/([^)]+)\)`).FindAllStringSubmatch(guide(t), -1)
	linked := map[string]bool{}
	for _, link := range links {
		require.FileExists(t, link[1])
		linked[link[1]] = true
	}
	require.NoError(t, filepath.WalkDir("gate", func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			require.True(t, linked[path], "%s is not in the guide", path)
		}
		return err
	}))
}

func TestGuideNamesEveryHeaderAndClaim(t *testing.T) {
	t.Parallel()
	s := signature.Signer{Keys: signature.Keys{key(t, "ours")}, Issuer: audience, Audience: audience, Now: clock}
	headers, err := s.Headers(release())
	require.NoError(t, err)
	named := regexp.MustCompile("(?m)^\\| `(Paygate-[A-Za-z-]+)` \\| ").FindAllStringSubmatch(guide(t), -1)
	require.Len(t, named, len(headers))
	for _, name := range named {
		require.Contains(t, headers, name[1])
	}

	text, err := base64.RawURLEncoding.DecodeString(strings.Split(headers.Get("Paygate-Assertion"), ".")[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(text, &claims))
	require.Len(t, claims["pay"], 8)
	for _, of := range []map[string]any{claims, claims["pay"].(map[string]any)} {
		for claim := range of {
			require.Contains(t, guide(t), "`"+claim+"`")
		}
	}
}

// TestGuideCommandConvertsKeySetToPEM runs the command of the guide.
func TestGuideCommandConvertsKeySetToPEM(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			testenv.Missing(t, program+" is not installed")
		}
	}
	command := regexp.MustCompile(`(?s)/keys \| (node -e '.*?\}')`).FindStringSubmatch(guide(t))
	require.Len(t, command, 2)
	published := signature.Keys{key(t, "ours"), key(t, "another"), key(t, "elliptic")}
	set, err := json.Marshal(published.Public())
	require.NoError(t, err)
	process := exec.Command("sh", "-c", command[1])
	process.Stdin = strings.NewReader(string(set))
	out, err := process.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, k := range published {
		require.Contains(t, string(out), k.ID+"\n"+string(publicPEM(t, k)))
	}
}
