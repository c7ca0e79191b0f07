package browser

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
)

const (
	testTimeout = 3 * time.Minute
	stepTimeout = 90 * time.Second
)

// Step is something that a person does, or waits for, in a browser.
type Step = chromedp.Action[chromedp.Void]

// Tab is a tab of Chromium in which somebody uses a service.
type Tab struct {
	t      *testing.T
	ctx    context.Context
	origin string
}

// Open opens a tab with cookies of its own, which closes when the test ends. The origin is that of the service. Without
// Chromium, and in a short run, the test is skipped; if CI is set, it fails without Chromium.
func Open(t *testing.T, origin string) Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("a short run starts no browser")
	}
	if _, err := find(); err != nil {
		testenv.Missing(t, "Chromium is not installed, so pages were not looked at")
	}
	browser, err := chromium.acquire()
	require.NoError(t, err, "Chromium does not start")
	t.Cleanup(chromium.release)
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	t.Cleanup(cancel)
	return newTab(t, ctx, origin)
}

// newTab opens a tab for as long as ctx holds: chromedp closes it with the context that is the first to use it.
func newTab(t *testing.T, ctx context.Context, origin string) Tab {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx))
	return Tab{t, ctx, origin}
}

// Another opens another tab of the same browser, which has the same cookies. It closes when the test ends.
func (b Tab) Another() Tab {
	b.t.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx)
	b.t.Cleanup(closeTab)
	return newTab(b.t, ctx, b.origin)
}

// Close closes the tab before the test ends.
func (b Tab) Close() {
	b.t.Helper()
	require.NoError(b.t, chromedp.Cancel(b.ctx))
}

// Do does one step after the other. If one fails, the message has the text of the page.
func (b Tab) Do(steps ...Step) {
	b.t.Helper()
	limited, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	if err := chromedp.Do(limited, steps...); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 10*time.Second)
		defer cancel()
		text, _ := chromedp.Run(ctx,
			chromedp.Evaluate[string](`location.href + " " + document.documentElement.innerText`))
		require.NoError(b.t, err, "the page was: %s", text)
	}
}

// Visit goes to an address; if it begins with a slash, it is on the service.
func (b Tab) Visit(address string) {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.origin + address
	}
	b.Do(chromedp.Navigate(address))
}

// VisitPage goes to an address, and waits for the heading of the page.
func (b Tab) VisitPage(address string) {
	b.t.Helper()
	b.Visit(address)
	b.Do(See("h1"))
}

// Path returns the address of the page, without the origin of the service.
func (b Tab) Path() string {
	b.t.Helper()
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	require.NoError(b.t, err)
	return strings.TrimPrefix(address, b.origin)
}

// Text returns the text of an element.
func (b Tab) Text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(selector)))
	require.NoError(b.t, err)
	return text
}

// WaitUntil waits until a JavaScript expression is true.
func (b Tab) WaitUntil(expression string) {
	b.t.Helper()
	b.Do(func(ctx context.Context, _ *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.Run(ctx, chromedp.Poll[bool](expression))
		return none, err
	})
}

// Evaluate returns the value of a JavaScript expression; it waits for a promise.
func Evaluate[T any](b Tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return value
}

// Run runs a JavaScript expression.
func Run(expression string) Step { return chromedp.Evaluate[chromedp.Void](expression) }

// See waits until an element can be seen, however many pages come before it.
func See(selector string) Step {
	return again(chromedp.WaitVisible(chromedp.CSS(selector)), "navigated or closed", nodeGone)
}

// Leave waits until an element is no longer there, because the next page has come.
func Leave(selector string) Step {
	return again(chromedp.WaitNotPresent(chromedp.CSS(selector)), "navigated or closed", nodeGone)
}

// Click clicks on an element.
func Click(selector string) Step { return again(chromedp.Click(chromedp.CSS(selector)), nodeGone) }

// Fill sets the value of a field.
func Fill(selector, value string) Step {
	return again(chromedp.SetValue(chromedp.CSS(selector), value), nodeGone)
}

// nodeGone is what Chromium says about an element, before anything is done to it, if the next page has come meanwhile.
const nodeGone = "Could not find node"

// again repeats a step while it fails with one of the given texts.
func again(step Step, texts ...string) Step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		for {
			none, err := step(ctx, target)
			if err == nil || ctx.Err() != nil || !slices.ContainsFunc(texts, func(text string) bool {
				return strings.Contains(err.Error(), text)
			}) {
				return none, err
			}
		}
	}
}
