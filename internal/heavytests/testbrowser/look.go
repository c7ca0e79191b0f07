package testbrowser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"paygate/internal/testenv"
)

// Screenshot keeps a picture of the whole page in the folder that PAYGATE_SCREENSHOTS names, if it names one.
func Screenshot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	folder := os.Getenv("PAYGATE_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Axe fails the test for anything that axe finds wrong with the page's accessibility. Without axe the test is skipped,
// but with CI set it fails.
func Axe(t *testing.T, tab context.Context) {
	t.Helper()
	if found := Violations(t, tab); len(found) > 0 {
		t.Errorf("axe found:\n%s", strings.Join(found, "\n"))
	}
}

// Violations are what axe finds wrong with the page, a line each: the rule, what it asks for, and the elements
// concerned.
func Violations(t *testing.T, tab context.Context) []string {
	t.Helper()
	script, err := os.ReadFile(axePath())
	if err != nil {
		testenv.Missing(t, "axe-core is not installed (npm ci in tools), so accessibility was not checked")
	}
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](string(script))); err != nil {
		t.Fatalf("axe: %v", err)
	}
	violations, err := chromedp.Run(tab, chromedp.Evaluate[[]string](
		`axe.run().then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html).join(" | ")))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe: %v", err)
	}
	return violations
}

// axePath is the file that PAYGATE_AXE names, else where npm puts it.
func axePath() string {
	if path := os.Getenv("PAYGATE_AXE"); path != "" {
		return path
	}
	return filepath.Join(testenv.Root(), "tools", "node_modules", "axe-core", "axe.min.js")
}

// Overflow is by how many pixels the page is wider than its window.
func Overflow(t *testing.T, tab context.Context) int {
	t.Helper()
	return evaluate[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
}

// Focused is the text of the element that the keyboard acts on.
func Focused(t *testing.T, tab context.Context) string {
	t.Helper()
	return evaluate[string](t, tab, `document.activeElement.innerText.trim()`)
}

func evaluate[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
