package config

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write config.example.env and docs/reference/settings.md")

// TestReferenceIsMadeFromDeclarations makes config.example.env and docs/reference/settings.md from the declarations.
// `go test ./gateway/config -run Reference -update` writes both.
func TestReferenceIsMadeFromDeclarations(t *testing.T) {
	t.Parallel()
	settings := described(t, "settings.go", "Settings", declarations[Settings](prefix))
	route := described(t, "route_settings.go", "routeSettings", declarations[routeSettings](routePrefix("licence")))
	second := 1 + slices.IndexFunc(settings[1:], func(group []setting) bool { return group[0].tag("section") != "" })
	all := slices.Insert(settings, second, route...)
	account := described(t, "accounts.go", "accountSettings", declarations[accountSettings](accountPrefix("parking")))
	next := slices.IndexFunc(all, func(group []setting) bool { return group[0].tag("section") == "The service" })
	all = slices.Insert(all, next, account...)
	all = append(all, described(t, "tracing.go", "Tracing", declarations[Tracing](tracingPrefix))...)
	for file, text := range map[string]string{
		"config.example.env":         exampleFile(all),
		"docs/reference/settings.md": settingsPage(all),
	} {
		path := filepath.Join("..", "..", file)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
		committed, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(committed), "run go test ./gateway/config -run Reference -update")
		for line := range strings.Lines(text) {
			require.LessOrEqual(t, len([]rune(strings.TrimSpace(line))), 100, line)
		}
	}
}

// setting is a declaration with the comment of its field.
type setting struct {
	declaration
	comment string
}

// described returns the declarations of a type with their comments. A field without a comment is in the group of the
// one above it.
func described(t *testing.T, file, name string, all []declaration) [][]setting {
	t.Helper()
	source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	require.NoError(t, err)
	comments := map[string]string{}
	ast.Inspect(source, func(n ast.Node) bool {
		declared, is := n.(*ast.TypeSpec)
		if !is || declared.Name.Name != name {
			return true
		}
		for _, field := range declared.Type.(*ast.StructType).Fields.List {
			comments[field.Names[0].Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
		}
		return false
	})
	var groups [][]setting
	for _, d := range all {
		s := setting{d, comments[d.field.Name]}
		if s.comment != "" {
			groups = append(groups, []setting{s})
			continue
		}
		require.NotEmpty(t, groups, "%s has no comment", d.name)
		last := len(groups) - 1
		groups[last] = append(groups[last], s)
	}
	return groups
}

// value returns the value of a setting in the example, and whether it is set there.
func (s setting) value() (value string, set bool) {
	if s.name == "PAYGATE_PAY_CARD_ORIGINS" {
		return strings.Join(initial().PayCardOrigins, ","), false
	}
	return cmp.Or(s.tag("sample"), s.tag("default"), s.tag("example")), s.tag("sample") != ""
}

const exampleHead = `# Every setting of Paygate, its default and its meaning. Lines that begin with a name must be set;
# the others, commented out, show the default (or, where there is none, an example).
#
%s#
# Durations are written as 90s, 30m or 3h; sizes as bytes, KiB, MiB or GiB. ` + "`paygate check`" + ` says
# what is wrong. docs/reference/settings.md has the same as a page.
`

func exampleFile(all [][]setting) string {
	var b strings.Builder
	secrets := slices.DeleteFunc(secretNames(all), func(name string) bool { return name == "PAYGATE_SECRETS" })
	fmt.Fprintf(&b, exampleHead,
		wrap("Secrets can also be given as a file: PAYGATE_SECRETS_FILE=/run/secrets/paygate, "+
			"and likewise for "+strings.Join(secrets, ", ")+".", "# ", "# "))
	for _, group := range all {
		if section := group[0].tag("section"); section != "" {
			fmt.Fprintf(&b, "\n# ---- %s %s\n", section, strings.Repeat("-", 92-len(section)))
		}
		b.WriteString("\n" + wrap(meaning(group), "# ", "# "))
		for _, s := range group {
			value, set := s.value()
			fmt.Fprintf(&b, "%s%s=%s\n", map[bool]string{false: "# "}[set], s.name, value)
		}
	}
	return b.String()
}

// meaning returns the comment of a setting with what its tags say.
func meaning(group []setting) string {
	text := group[0].comment
	for _, s := range group {
		words := strings.Split(s.tag("values"), ",")
		if slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) }) {
			text += " One of " + strings.Join(words, ", ") + "."
		}
	}
	if only := group[0].tag("only"); only != "" {
		text += " Only for a " + only + "."
	}
	return text
}

const pageHead = `# Settings

Settings are environment variables. A variable that begins with §PAYGATE_§ and is not on this page
is a fault, because it may be a misspelt pay route, which would be free of charge. A variable
without a value counts as not set. §paygate check§ lists everything that is wrong.
[config.example.env](../../config.example.env) has the same settings as a file to start from. A test
makes both from the code (§gateway/config§).

Durations are written as §90s§, §30m§ or §3h§; sizes as bytes, §KiB§, §MiB§ or §GiB§. Lists are
separated by commas. The settings of a pay route have its name, from §PAYGATE_ROUTES§, in the place
of X: those of §licence§ begin with §PAYGATE_ROUTE_LICENCE_§. Those of a further account at GOV.UK
Pay have its name, from §PAYGATE_PAY_ACCOUNTS§, in the place of NAME.

A secret can also be given as a file: §PAYGATE_SECRETS_FILE=/run/secrets/paygate§.
`

func settingsPage(all [][]setting) string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(pageHead, "§", "`"))
	for _, group := range all {
		if section := group[0].tag("section"); section != "" {
			b.WriteString("\n## " + section + "\n\n")
		}
		var names []string
		for _, s := range group {
			name := strings.NewReplacer("_LICENCE_", "_X_", "_PARKING_", "_NAME_").Replace(s.name)
			names = append(names, fmt.Sprintf("**`%s`** (%s)", name, s.kind()))
		}
		b.WriteString(wrap(strings.Join(names, ", ")+": "+strings.ReplaceAll(meaning(group), "*", `\*`), "- ", "  "))
	}
	return b.String()
}

// kind says whether a setting is required or a secret, and gives its default.
func (s setting) kind() string {
	value, _ := s.value()
	kind := "no default"
	if s.required {
		kind = "required"
	} else if value == s.tag("default") || s.name == "PAYGATE_PAY_CARD_ORIGINS" {
		kind = "default `" + value + "`"
	}
	if s.tag("secret") != "" {
		kind += ", secret"
	}
	return kind
}

func secretNames(all [][]setting) []string {
	var names []string
	for _, s := range slices.Concat(all...) {
		if s.tag("secret") != "" {
			names = append(names, s.name)
		}
	}
	return names
}

// wrap breaks a text into lines of at most 100 columns.
func wrap(text, first, rest string) string {
	var b strings.Builder
	line := first
	for i, word := range strings.Fields(text) {
		if i > 0 && len([]rune(line))+1+len([]rune(word)) > 100 {
			fmt.Fprintln(&b, line)
			line = rest + word
		} else if i > 0 {
			line += " " + word
		} else {
			line += word
		}
	}
	fmt.Fprintln(&b, line)
	return b.String()
}

func TestOneOfTheWordsOfABoolMeansTrue(t *testing.T) {
	t.Parallel()
	for _, d := range append(declarations[Settings](prefix), declarations[routeSettings](prefix)...) {
		if d.field.Type.Kind() != reflect.Bool {
			continue
		}
		yes := 0
		for word := range strings.SplitSeq(d.tag("values"), ",") {
			if value, err := parseBool(word); err == nil && value {
				yes++
			}
		}
		require.Equal(t, 1, yes, d.name)
	}
}
