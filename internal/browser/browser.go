// Package browser drives headless Chromium in tests. Nothing that ships imports it.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long one test may use its tab. It is a limit, nothing waits for it.
const patience = 3 * time.Minute

var start = sync.OnceValues(func() (context.Context, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-features", "BackForwardCache,Translate"), chromedp.WSURLReadTimeout(time.Minute),
	)
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...) // ends with the test binary
	tab, _ := chromedp.NewContext(allocator)
	return tab, chromedp.Do(tab)
})

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no Chromium on this machine")
}

// Tab opens a tab in a browser context of its own, with its own cookies. Without Chromium the test is skipped, but with CI
// set it fails.
func Tab(t *testing.T) context.Context {
	t.Helper()
	if _, err := find(); err != nil {
		Missing(t, "Chromium is not installed, so pages were not looked at")
	}
	browser, err := start()
	if err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	tab, close := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(close)
	tab, cancel := context.WithTimeout(tab, patience)
	t.Cleanup(cancel)
	return tab
}

// Missing skips a test for want of something, or fails where everything has to be there.
func Missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Width sets the tab's width in CSS pixels.
func Width(tab context.Context, pixels int64) error {
	return chromedp.Do(tab, chromedp.EmulateViewport(pixels, 900))
}

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
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Axe fails the test for anything that axe finds wrong with the page's accessibility.
func Axe(t *testing.T, tab context.Context) {
	t.Helper()
	script, err := os.ReadFile(axePath())
	if err != nil {
		Missing(t, "axe-core is not installed (npm ci in tools), so accessibility was not checked")
	}
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](string(script))); err != nil {
		t.Fatalf("axe: %v", err)
	}
	violations, err := chromedp.Run(tab, chromedp.Evaluate[[]string](
		`axe.run().then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html).join(" | ")))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe: %v", err)
	}
	if len(violations) > 0 {
		t.Errorf("axe found:\n%s", strings.Join(violations, "\n"))
	}
}

// Overflow is by how many pixels the page is wider than its window.
func Overflow(t *testing.T, tab context.Context) int {
	t.Helper()
	pixels, err := chromedp.Run(tab, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	if err != nil {
		t.Fatal(err)
	}
	return pixels
}

// axePath is where npm puts it.
func axePath() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "tools", "node_modules", "axe-core", "axe.min.js")
}
