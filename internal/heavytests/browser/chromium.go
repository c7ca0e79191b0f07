// Package browser drives headless Chromium in tests. A test opens a [Tab] and uses it as a person would. All tests
// of a package share one Chromium, which ends with the last of them.
package browser

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is the only browser of a test binary. It runs while a test has a tab.
var chromium shared

type shared struct {
	mu    sync.Mutex
	users int
	first context.Context
	stop  func()
}

// acquire starts the browser unless it is running.
func (s *shared) acquire() (context.Context, error) {
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

// release stops the browser, and removes its files, when the last tab is closed.
func (s *shared) release() {
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
		_ = chromedp.Cancel(first) // so that it tidies up; the other two make sure that it has ended
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
