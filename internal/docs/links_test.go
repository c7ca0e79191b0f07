package docs_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestEveryLinkResolves checks the links within the repository, with their anchors.
func TestEveryLinkResolves(t *testing.T) {
	t.Parallel()
	var followed, broken []string
	for _, d := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(d.prose(), -1) {
			if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
				continue
			}
			followed = append(followed, found[1])
			name, anchor, _ := strings.Cut(found[1], "#")
			target := d.path
			if name != "" {
				target = path.Join(path.Dir(d.path), name)
			}
			if !exists(target) || anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				broken = append(broken, d.path+" links to "+found[1])
			}
		}
	}
	require.Greater(t, len(followed), 100)
	require.Empty(t, broken)
}

// anchors returns the anchors that GitHub gives to the headings of a document.
func anchors(text string) []string {
	var all []string
	for _, found := range regexp.MustCompile(`(?m)^#+ +(.+)$`).FindAllStringSubmatch(document{text: text}.prose(), -1) {
		heading := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(found[1], "$1")
		slug := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
		slug = strings.ReplaceAll(slug, " ", "-")
		for n, first := 1, slug; slices.Contains(all, slug); n++ {
			slug = fmt.Sprintf("%s-%d", first, n)
		}
		all = append(all, slug)
	}
	return all
}

// TestEveryFileThatIsNamedExists checks the paths in code font in the documents, except in the history of changes, and
// the documents that code names.
func TestEveryFileThatIsNamedExists(t *testing.T) {
	t.Parallel()
	var missing []string
	for _, d := range documents(t) {
		for _, span := range d.spans() {
			named := inRepository.MatchString(span) && !strings.Contains(span, "NAME")
			if named && d.path != "CHANGELOG.md" && !exists(span) {
				missing = append(missing, d.path+" names "+span)
			}
		}
	}
	page := regexp.MustCompile(`\bdocs/[\w/-]+\.md\b`)
	for _, name := range files(t, ".go", ".md", ".yaml", ".env", ".sh", ".service") {
		for _, found := range page.FindAllString(read(t, name), -1) {
			if !exists(found) {
				missing = append(missing, name+" names "+found)
			}
		}
	}
	require.Empty(t, missing)
}

// inRepository matches paths that begin with a folder of the repository.
var inRepository = regexp.MustCompile(`^(?:docs|examples|gateway|internal|journey|mopup|packaging|tools)/[\w./-]+$`)

func exists(path string) bool {
	_, err := os.Stat(filepath.Join(root, path))
	return err == nil
}

// TestIndexLeadsToEveryDocument allows a folder to have an index of its own.
func TestIndexLeadsToEveryDocument(t *testing.T) {
	t.Parallel()
	linked := map[string]bool{}
	all := documents(t)
	for _, d := range all {
		if path.Base(d.path) == "README.md" {
			for _, found := range link.FindAllStringSubmatch(d.prose(), -1) {
				name, _, _ := strings.Cut(found[1], "#")
				linked[path.Join(path.Dir(d.path), name)] = true
			}
		}
	}
	for _, d := range all {
		if strings.HasPrefix(d.path, "docs/") {
			require.True(t, linked[d.path], "no README leads to %s", d.path)
		}
	}
}
