// Package docs_test holds what the documents say to the code: links, settings, commands, tests and files exist.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// document is a Markdown file of the repository.
type document struct {
	path string // from the root
	text string
}

// documents returns all documents, except those in folders that hold the data of tests.
func documents(t *testing.T) []document {
	t.Helper()
	var all []document
	for _, path := range files(t, ".md") {
		if !strings.Contains(path, "testdata/") {
			all = append(all, document{path, read(t, path)})
		}
	}
	require.Greater(t, len(all), 30)
	return all
}

// files returns the paths, from the root, of the files whose names end in one of the endings.
func files(t *testing.T, endings ...string) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules"}, entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && slices.ContainsFunc(endings,
			func(end string) bool { return strings.HasSuffix(path, end) }):
			name, err := filepath.Rel(root, path)
			all = append(all, filepath.ToSlash(name))
			return err
		}
		return nil
	}))
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

var fence = regexp.MustCompile("(?ms)^ *```([a-z]*)[^\n]*\n(.*?)^ *```$")

// prose returns a document without its code blocks.
func (d document) prose() string { return fence.ReplaceAllString(d.text, "") }

// spans returns what is in code font in the prose, on one line each.
func (d document) spans() []string {
	var all []string
	for _, found := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(d.prose(), -1) {
		all = append(all, strings.Join(strings.Fields(found[1]), " "))
	}
	return all
}

// blocks returns the code blocks, without their indentation.
func (d document) blocks() []string {
	var all []string
	for _, found := range fence.FindAllStringSubmatch(d.text, -1) {
		all = append(all, regexp.MustCompile(`(?m)^ +`).ReplaceAllString(found[2], ""))
	}
	return all
}
