package demo

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/heavytests/browser"
	"paygate/internal/testenv"
	"paygate/internal/testprocess"
	"paygate/internal/testserver"
)

var update = flag.Bool("update", false, "write docs/pictures")

// TestPicturesShowThePagesOfToday compares the pages in docs/pictures with those of the demo, by their headings, labels
// and buttons. `go test -C internal/heavytests ./demo -run Pictures -update` takes the pictures again.
func TestPicturesShowThePagesOfToday(t *testing.T) {
	t.Parallel()
	port := startDemo(t)
	v := newVisitor(t, port, testserver.BinaryContent(20_000))
	v.submitForm("Ann Other")
	v.EnterCard(testprocess.DeclinedCard)
	v.Do(browser.See("#return-url"), browser.Click("#return-url"), browser.See("form button"))
	keep(t, "citizen", v.Tab)

	a := adviser{browser.Open(t, addressOf(port+1)), t, addressOf(port + 1), addressOf(port + 2)}
	a.logIn()
	keep(t, "overview", a.Tab)
	a.VisitPage("/journeys?state=stuck")
	a.Do(browser.Click("main tbody a"), browser.See(".paygate-timeline"))
	keep(t, "stuck", a.Tab)
}

// keep compares a page with the outline beside its picture. With -update it writes both.
func keep(t *testing.T, name string, page browser.Tab) {
	t.Helper()
	folder := filepath.Join(testenv.Root(), "docs", "pictures")
	outline := page.Outline()
	if *update {
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".png"), page.Picture(), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".txt"), []byte(outline), 0o644))
	}
	require.FileExists(t, filepath.Join(folder, name+".png"))
	kept, err := os.ReadFile(filepath.Join(folder, name+".txt"))
	require.NoError(t, err)
	require.Equal(t, string(kept), outline, "%s has changed: take the pictures again", name)
}
