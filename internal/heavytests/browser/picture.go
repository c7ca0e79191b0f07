package browser

import (
	"regexp"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Picture returns what the window shows of the page, as a PNG.
func (b Tab) Picture() []byte {
	b.t.Helper()
	b.SetWidth(1000)
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	return picture
}

// Outline returns the page's headings, labels and buttons, one on a line. Numbers, dates and references, which differ
// each time, are left out.
func (b Tab) Outline() string {
	b.t.Helper()
	text := Evaluate[string](b, `[...document.querySelectorAll("h1, h2, h3, dt, th[scope=col], label, button")].map(
		e => e.tagName.toLowerCase() + " " + e.innerText.trim().replace(/\s+/g, " ")).join("\n") + "\n"`)
	return regexp.MustCompile(`\b(?:[A-Z0-9-]*[0-9][A-Z0-9-]*|[A-Z]{8,})\b`).ReplaceAllString(text, "…")
}
