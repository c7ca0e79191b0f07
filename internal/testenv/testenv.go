// Package testenv finds what tests need outside their own package.
package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// Above returns the path of a file in the working directory or in the closest folder above that has it, and an empty
// path if there is none.
func Above(name string) string {
	folder, err := os.Getwd()
	for err == nil {
		path := filepath.Join(folder, name)
		if _, missing := os.Stat(path); missing == nil {
			return path
		}
		if folder == filepath.Dir(folder) {
			break
		}
		folder = filepath.Dir(folder)
	}
	return ""
}

// Root returns the root folder of the repository.
func Root() string { return filepath.Dir(Above("config.example.env")) }

// Missing skips a test because something is not installed. If CI is set, everything has to be there, and the test
// fails.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
