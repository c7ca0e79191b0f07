// Package tutorial_test does what docs/tutorial.md says: it runs the commands in the page's own words, and is the
// reader in the browser.
package tutorial_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
	"paygate/internal/testprocess"
	"paygate/internal/testserver"
)

// reader reads the tutorial from the top. The ports of the page are free ones on this machine, and the home is a new
// folder.
type reader struct {
	t       *testing.T
	text    string
	home    string
	folder  string // where the first terminal is
	environ []string
	blocks  []string
	browser *testprocess.Citizen
	ports   map[string]string // addresses of the page, and those in their place
}

func newReader(t *testing.T) *reader {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "tutorial.md"))
	require.NoError(t, err)
	r := &reader{t: t, text: string(text), home: t.TempDir(), folder: testenv.Root(), ports: map[string]string{}}
	for _, port := range []string{"8000", "8001", "8002", "8080"} {
		r.ports["127.0.0.1:"+port] = testprocess.FreeAddress(t)
	}
	for _, block := range regexp.MustCompile("(?ms)^( *)```sh\n(.*?)^ *```$").FindAllStringSubmatch(r.text, -1) {
		r.blocks = append(r.blocks, strings.ReplaceAll("\n"+block[2], "\n"+block[1], "\n"))
	}
	r.environ = append(goEnviron(t), "HOME="+r.home, "PATH="+os.Getenv("PATH"), "TZ=UTC",
		"PAYGATE_STAFF_LISTEN="+r.ports["127.0.0.1:8001"], "PAYGATE_STAFF_URL=http://"+r.ports["127.0.0.1:8001"])
	r.browser = testprocess.NewCitizen(t, "http://"+r.ports["127.0.0.1:8000"])
	return r
}

// goEnviron keeps the caches of Go, so that nothing is downloaded or built twice.
func goEnviron(t *testing.T) []string {
	t.Helper()
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	require.NoError(t, err)
	paths := strings.Fields(string(caches))
	return []string{"GOCACHE=" + paths[0], "GOMODCACHE=" + paths[1]}
}

// here puts the ports of this machine into a text of the page.
func (r *reader) here(text string) string {
	for port, address := range r.ports {
		text = strings.ReplaceAll(text, port, address)
	}
	return strings.ReplaceAll(text, "paygate simulator", "paygate simulator -listen "+r.ports["127.0.0.1:8002"])
}

// next takes the next block of commands.
func (r *reader) next() string {
	r.t.Helper()
	require.NotEmpty(r.t, r.blocks, "the page has fewer commands")
	block := r.blocks[0]
	r.blocks = r.blocks[1:]
	return block
}

// shell is a command that runs commands of the page in the first terminal's folder, with what it has loaded.
func (r *reader) shell(commands string) *exec.Cmd {
	load := "cd '" + r.folder + "'\n[ ! -e load.sh ] || . ./load.sh\n"
	cmd := exec.Command("sh", "-ec", load+r.here(commands))
	cmd.Env = r.environ
	return cmd
}

// types runs the next block, which must contain a text, in the first terminal, and returns what it prints.
func (r *reader) types(text string, replacements ...string) string {
	r.t.Helper()
	block := r.next()
	require.Contains(r.t, block, text)
	cmd := r.shell(strings.NewReplacer(replacements...).Replace(block) + "\npwd > \"$HOME/at\"")
	said, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "%s\n%s", block, said)
	at, err := os.ReadFile(filepath.Join(r.home, "at"))
	require.NoError(r.t, err)
	r.folder = strings.TrimSpace(string(at))
	return string(said)
}

// starts runs the next block, which ends in a program that does not end, in a terminal of its own.
func (r *reader) starts(program, port string) *testprocess.Process {
	r.t.Helper()
	block := strings.TrimSpace(r.next())
	require.True(r.t, strings.HasSuffix("\n"+block, "\n"+program), block)
	cut := strings.LastIndex("\n"+block, "\n"+program)
	p := testprocess.Start(r.t, testprocess.InGroup(r.shell(block[:cut]+"exec "+block[cut:])))
	p.WaitFor(r.t, func() bool { return testprocess.Listens("tcp", r.ports["127.0.0.1:"+port]) })
	return p
}

// reads requires that the page tells the reader what is on the screen.
func (r *reader) reads(screen testprocess.Page, text string) {
	r.t.Helper()
	require.Contains(r.t, screen.Text, text)
	require.Contains(r.t, strings.Join(strings.Fields(r.text), " "), text)
}

// sends opens the form of an address of the page, and sends it with a name.
func (r *reader) sends(port, name string) testprocess.Page {
	r.t.Helper()
	address := "http://127.0.0.1:" + port + "/licences/apply"
	require.Contains(r.t, r.text, "<"+address+">")
	require.Contains(r.t, r.browser.Get(r.here(address)).Text, "It costs £25.")
	return r.browser.Post(r.here(address), url.Values{"name": {name}})
}

// pays pays for a form with the page's card, and returns what the reader sees then.
func (r *reader) pays(held testprocess.Page) testprocess.Page {
	r.t.Helper()
	require.Contains(r.t, r.text, testprocess.GoodCard)
	return r.browser.Get(r.browser.Pay(held, testprocess.GoodCard))
}

// journey returns the newest journey that a list shows.
func journey(list string) string {
	return strings.Fields(slices.Collect(strings.Lines(list))[1])[0]
}

func TestTutorial(t *testing.T) {
	t.Parallel()
	testserver.SkipInShort(t)
	const done = "Your licence is on its way"
	r := newReader(t)

	r.types("go build")
	require.Equal(t, filepath.Join(r.home, "paygate-tutorial"), r.folder)
	r.types("service.go")
	service := r.starts("./service", "8080")
	r.reads(r.browser.Follow(r.sends("8080", "Zoe")), done)
	require.Contains(t, service.Printed(), "Paygate-Status: \n")

	r.starts("./paygate simulator", "8002")
	r.types("paygate keys")
	require.Contains(t, r.types("paygate check"), "route licence")
	r.starts("./paygate serve", "8000")

	r.reads(r.pays(r.sends("8000", "Ann")), done)
	require.Contains(t, service.Printed(), "licence for \"Ann\", Paygate-Status: success\n")
	id := journey(r.types("paygate journeys"))
	shown := r.types("paygate show", "ID", id)
	require.Regexp(t, `(?s)The service accepted.*The money was taken`, shown)
	require.Equal(t, http.StatusOK, r.browser.Get(r.here("http://127.0.0.1:8001")).Status)
	require.Contains(t, r.types("grep"), "admin:")

	r.reads(r.pays(r.sends("8000", "")), "We could not accept your form")
	r.reads(r.browser.Follow(r.sends("8000", "Ann")), done)

	held := r.sends("8000", "Bob")
	service.Stop()
	waiting := r.pays(held)
	r.reads(waiting, "Your payment is safe")
	service = r.starts("./service", "8080")
	r.reads(r.browser.Get(waiting.URL.String()), done)
	require.Contains(t, service.Printed(), `"Bob"`)

	r.types("paygate refund", "ID", id)
	require.Contains(t, r.types("paygate probe"), "PAYGATE_ROUTE_LICENCE_ACCEPT_LOCATION=/licences/confirmation")
	require.Contains(t, r.types("paygate doctor"), "0 wrong")
	require.Empty(t, r.blocks)
}
