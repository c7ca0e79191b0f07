package browser

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
)

// LookAtWidths looks at the page on a telephone and on a desk, where it must fit the window.
func (b Tab) LookAtWidths(name string) {
	b.t.Helper()
	for _, width := range []int64{320, 1280} {
		b.SetWidth(width)
		require.Zero(b.t, b.Overflow(), "%s is wider than the window of %d pixels", name, width)
		b.Look(name + "-" + strconv.FormatInt(width, 10))
	}
}

// Look checks the page's accessibility, and saves a screenshot of the whole page in the folder that PAYGATE_SCREENSHOTS
// names, if it names one.
func (b Tab) Look(name string) {
	b.t.Helper()
	b.CheckAccessibility()
	folder := os.Getenv("PAYGATE_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.MkdirAll(folder, 0o700))
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600))
}

// CheckAccessibility fails the test if axe finds anything wrong with the page. Without axe the test is skipped, but
// fails if CI is set.
func (b Tab) CheckAccessibility() {
	b.t.Helper()
	b.Do(Run(axe(b.t)))
	// One line for each violation: the rule, what it asks for, and the elements concerned.
	require.Empty(b.t, Evaluate[[]string](b, `axe.run().then(r => r.violations.map(
		v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html).join(" | ")))`), "axe")
}

// axe returns the script of axe: the file that PAYGATE_AXE names, or the one that npm installs.
func axe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PAYGATE_AXE")
	if path == "" {
		path = filepath.Join(testenv.Root(), "tools", "node_modules", "axe-core", "axe.min.js")
	}
	script, err := os.ReadFile(path)
	if err != nil {
		testenv.Missing(t, "axe-core is not installed (npm ci in tools), so accessibility was not checked")
	}
	return string(script)
}

// SetWidth sets the width of the window in CSS pixels.
func (b Tab) SetWidth(pixels int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(pixels, 900))
}

// DisableScripts switches JavaScript off in the pages of the tab. Tests can still read them.
func (b Tab) DisableScripts() {
	b.t.Helper()
	b.Do(func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: true})
		return none, err
	})
}

// Overflow returns by how many pixels the page is wider than its window.
func (b Tab) Overflow() int {
	b.t.Helper()
	return Evaluate[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
}

// Focused returns the text of the element that the keyboard acts on.
func (b Tab) Focused() string {
	b.t.Helper()
	return Evaluate[string](b, `document.activeElement.innerText.trim()`)
}
