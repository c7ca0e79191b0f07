// Package testbrowser drives headless Chromium in tests.
//
// A test opens a [Tab] and works on it with chromedp; [Axe], [Overflow], [Focused] and [Screenshot] look at the page
// that stands there. One Chromium serves all tests of a package, and ends with the last of them.
package testbrowser

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"paygate/internal/testenv"
)

// patience is how long one test may use its tab. It is a limit; nothing waits for it.
const patience = 3 * time.Minute

// chromium is the one browser of a test binary. It runs while somebody has a tab.
var chromium shared

type shared struct {
	mu    sync.Mutex
	users int
	first context.Context
	stop  func()
}

// use starts the browser unless it runs.
func (s *shared) use() (context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		if err := s.start(); err != nil {
			return nil, err
		}
	}
	s.users++
	return s.first, nil
}

// leave stops the browser when nobody has a tab any more, and removes its files.
func (s *shared) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		s.stop()
	}
}

func (s *shared) start() error {
	path, err := find()
	if err != nil {
		return err
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options(path)...)
	first, closeFirst := chromedp.NewContext(allocator)
	s.first, s.stop = first, func() {
		_ = chromedp.Cancel(first) // asks it to end, so that it tidies up; what follows makes sure that it has ended
		closeFirst()
		stopAllocator()
	}
	if err := chromedp.Do(first); err != nil {
		s.stop()
		return err
	}
	return nil
}

// options returns the options of Chromium. As root it needs to run without a sandbox, and it must load nothing but the
// pages of the test. On a busy machine it would ignore a click on a page that it has not painted yet.
func options(path string) []chromedp.ExecAllocatorOption {
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-features", "BackForwardCache,Translate"))
	for _, flag := range []string{"disable-quic", "disable-component-update", "allow-pre-commit-input"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	return options
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium on this machine")
}

// Tab opens a tab in a browser context of its own, with its own cookies; it closes when the test ends. Without
// Chromium, and in a short run, the test is skipped; if CI is set, it fails without Chromium.
func Tab(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a short run starts no browser")
	}
	if _, err := find(); err != nil {
		testenv.Missing(t, "Chromium is not installed, so pages were not looked at")
	}
	first, err := chromium.use()
	if err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	t.Cleanup(chromium.leave)
	tab, closeTab := chromedp.NewContext(first, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, patience)
	t.Cleanup(cancel)
	return tab
}

// Width sets the tab's width in CSS pixels.
func Width(tab context.Context, pixels int64) error {
	return chromedp.Do(tab, chromedp.EmulateViewport(pixels, 900))
}
