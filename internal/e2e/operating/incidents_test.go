package operating

import (
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"paygate/internal/paysim"
	"paygate/internal/testserver"
)

// incident is the real program, to which a script lets something happen, with the citizens who meet it.
type incident struct {
	*testserver.Harness
	program  *testserver.Program
	settings []string
	citizens map[string]*testserver.Citizen
	payments map[string]string // their newest
	read     string            // the page that a citizen read last
}

// TestIncidentScripts plays the incidents of docs/assurance/incidents with the real program and its commands.
func TestIncidentScripts(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/script-incidents/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
			t.Parallel()
			i := newIncident(t)
			i.start()
			testscript.Run(t, testscript.Params{Files: []string{script}, Setup: i.setUp, Cmds: i.commands()})
		})
	}
}

func newIncident(t *testing.T) *incident {
	i := &incident{
		Harness:  testserver.Build(t, testserver.UnlimitedPay, testserver.Confirm),
		citizens: map[string]*testserver.Citizen{}, payments: map[string]string{},
	}
	listener := testserver.QuietListener(t)
	require.NoError(t, listener.Close())
	i.URL, i.Store = "http://"+listener.Addr().String(), filepath.Join(t.TempDir(), "paygate.db")
	i.settings = []string{
		"PAYGATE_LISTEN=" + listener.Addr().String(), "PAYGATE_STAFF_LISTEN=127.0.0.1:0",
		"PAYGATE_ROUTE_LICENCE_FIND=name", "PAYGATE_SIGNING_ALG=ES256",
		"PAYGATE_STAFF_TOKENS=ann:" + testserver.AnnsToken,
		"PAYGATE_RECONCILE_AT=off", // the scripts compare, and a backup may have caught Paygate at it
	}
	return i
}

// start starts the program, on a store that may be away.
func (i *incident) start() {
	i.program = testserver.StartProgram(i.T, append(i.Environ(i.Store), i.settings...), "serve")
	i.program.WaitForLog(`"staff":"`)
	_, staff := testserver.Addresses(i.T, i.program.Logged())
	i.Staff = &httptest.Server{URL: "http://" + staff}
}

// stop tells the program to end, and waits until it has.
func (i *incident) stop() {
	require.NoError(i.T, i.program.Cmd.Process.Signal(syscall.SIGTERM))
	require.Zero(i.T, i.program.Wait())
}

func (i *incident) setUp(e *testscript.Env) error {
	for _, setting := range append(i.Environ(i.Store), i.settings...) {
		name, value, _ := strings.Cut(setting, "=")
		e.Setenv(name, value)
	}
	e.Setenv("STORE", i.Store)
	e.Setenv("PAYGATE_STAFF_TOKEN", testserver.AnnsToken)
	i.tellCommands(e.Setenv)
	return nil
}

// tellCommands says where the staff listener is.
func (i *incident) tellCommands(setenv func(name, value string)) {
	setenv("PAYGATE_STAFF_URL", i.Staff.URL)
	setenv("PAYGATE_STAFF_LISTEN", strings.TrimPrefix(i.Staff.URL, "http://"))
}

// commands are what the scripts can use besides the commands of Paygate.
func (i *incident) commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		// applies NAME: a citizen sends the form.
		"applies": func(ts *testscript.TestScript, _ bool, args []string) {
			c := i.Citizen()
			i.citizens[args[0]] = c
			i.read = c.Post("/licences/apply", url.Values{"name": {args[0]}}).Text
			if all := c.Journeys(); len(all) > 0 {
				ts.Setenv(args[0], all[0].ID)
			}
			if all := i.Payments(); len(all) > 0 {
				i.payments[args[0]] = all[len(all)-1].ID
			}
		},
		// pays NAME OUTCOME: what becomes of a citizen's payment.
		"pays": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(i.Pay.Pay(i.payments[args[0]], args[1]))
		},
		// returns NAME: a citizen comes back from GOV.UK Pay.
		"returns": func(_ *testscript.TestScript, _ bool, args []string) {
			i.read = i.citizens[args[0]].ReturnFromPay().Text
		},
		// reads TEXT: what the citizen read last contains a text.
		"reads": func(ts *testscript.TestScript, neg bool, args []string) {
			if strings.Contains(i.read, args[0]) == neg {
				ts.Fatalf("the page is\n%s", i.read)
			}
		},
		// pay-fails KIND: GOV.UK Pay fails in this way until pay-works.
		"pay-fails": func(_ *testscript.TestScript, _ bool,
			args []string,
		) {
			i.Pay.AddFault(paysim.Fault{Kind: args[0]})
		},
		"pay-works": func(*testscript.TestScript, bool, []string) { i.Pay.ClearFaults() },
		// refunds-elsewhere PENCE: a stranger who has the key gives back a part of the newest payment.
		"refunds-elsewhere": func(ts *testscript.TestScript, _ bool, args []string) {
			pence, err := strconv.ParseInt(args[0], 10, 64)
			ts.Check(err)
			all := i.Payments()
			_, err = i.Pay.Refund(all[len(all)-1].ID, pence)
			ts.Check(err)
		},
		// unknown-payment: a payment is made that this Paygate does not know.
		"unknown-payment": func(*testscript.TestScript, bool, []string) {
			i.UnknownPayment(testserver.PayKey,
				"LOST-1")
		},
		// remembers NAME PATTERN: what the last command printed where the group of the pattern is.
		"remembers": func(ts *testscript.TestScript, _ bool, args []string) {
			found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
			if found == nil {
				ts.Fatalf("nothing matches %s", args[1])
			}
			ts.Setenv(args[0], found[1])
		},
		"stops": func(*testscript.TestScript, bool, []string) { i.stop() },
		// starts [SETTING…]: on the store that STORE names, with these settings from now on, also for the commands.
		"starts": func(ts *testscript.TestScript, _ bool, args []string) {
			i.Store, i.settings = ts.Getenv("STORE"), append(i.settings, args...)
			for _, setting := range args {
				name, value, _ := strings.Cut(setting, "=")
				ts.Setenv(name, value)
			}
			i.start()
			i.tellCommands(ts.Setenv)
		},
	}
}

// TestEveryCommandOfAnIncidentIsPlayed compares each playbook with its script: the script has each command, with at
// least the same flags.
func TestEveryCommandOfAnIncidentIsPlayed(t *testing.T) {
	t.Parallel()
	const playbooks = "../../../docs/assurance/incidents/"
	files, err := os.ReadDir(playbooks)
	require.NoError(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".md")
		text, err := os.ReadFile(playbooks + file.Name())
		require.NoError(t, err)
		script, err := os.ReadFile("testdata/script-incidents/" + name + ".txt")
		require.NoError(t, err)
		played := 0
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			for _, c := range calledIn(block[1]) {
				played++
				require.True(t, c.isPlayedIn(string(script)), "%s: the script does not play %v", name, c)
			}
		}
		require.Positive(t, played, name)
	}
}

// called is a command line: the command of Paygate, and its flags.
type called struct {
	command string
	flags   []string
}

var (
	shellBlock  = regexp.MustCompile("(?s)```sh\n(.*?)```")
	paygateCall = regexp.MustCompile(`\bpaygate ([a-z][a-z-]*)([^|\n]*)`)
	flag        = regexp.MustCompile(` -[a-z][a-z-]*`)
)

// calledIn returns the command lines in a text.
func calledIn(text string) (all []called) {
	for _, found := range paygateCall.FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", ""), -1) {
		all = append(all, called{found[1], flag.FindAllString(found[2], -1)})
	}
	return all
}

// isPlayedIn reports whether a script has the command with at least the same flags.
func (c called) isPlayedIn(script string) bool {
	return slices.ContainsFunc(calledIn(script), func(played called) bool {
		return played.command == c.command && !slices.ContainsFunc(c.flags, func(f string) bool {
			return !slices.Contains(played.flags, f)
		})
	})
}
