package examples_test

import (
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"paygate/internal/paysim"
	"paygate/internal/testenv"
)

func simulatorGuide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/how-to/simulator.md")
	require.NoError(t, err)
	return string(text)
}

// simulatorFlags returns the simulator's settings as flags.
func simulatorFlags() *flag.FlagSet {
	set := flag.NewFlagSet("simulator", flag.ContinueOnError)
	new(paysim.Options).Declare(set)
	return set
}

func TestSimulatorGuideHasEverySetting(t *testing.T) {
	t.Parallel()
	text := simulatorGuide(t)
	simulatorFlags().VisitAll(func(f *flag.Flag) {
		cells := "(?m)^\\|[^|]*`-" + f.Name + "`[^|\n]*\\|[^|\n]*\\| *([^|\n]*?) *\\|$"
		row := regexp.MustCompile(cells).FindStringSubmatch(text)
		require.NotEmpty(t, row, "-%s", f.Name)
		if f.DefValue != "" && f.DefValue != "false" && f.Name != "url" {
			require.Equal(t, "`"+f.DefValue+"`", row[1], "-%s", f.Name)
		}
	})
}

func TestSimulatorComposeFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("simulator/compose.yaml")
	require.NoError(t, err)
	var file struct {
		Services map[string]struct {
			Command     []string
			Environment map[string]string
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	simulator, service := file.Services["simulator"], file.Services["service"].Environment
	require.Equal(t, []string{"simulator", "-listen", ":8002"}, simulator.Command)
	var variables []string
	for name, value := range simulator.Environment {
		variables = append(variables, name+"="+value)
	}
	set := simulatorFlags()
	require.NoError(t, paysim.ReadVariables(set, variables))
	require.Equal(t, service["PAY_API_URL"], set.Lookup("url").Value.String())
	require.Equal(t, simulator.Environment["PAYSIM_KEYS"], service["PAY_API_KEY"])
	require.Equal(t, simulator.Environment["PAYSIM_WEBHOOK_SECRET"], service["PAY_WEBHOOK_SECRET"])
}

// TestSimulatorGuideCommandsWork runs the commands of the guide, one after the other. The reset comes last, because the
// others need the payment.
func TestSimulatorGuideCommandsWork(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"curl", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			testenv.Missing(t, program+" is not installed")
		}
	}
	pay := paysim.New(paysim.Options{})
	server := httptest.NewServer(pay)
	t.Cleanup(func() { pay.Close(); server.Close() })
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(simulatorGuide(t), -1)
	require.Len(t, blocks, 10)
	for _, block := range blocks {
		if strings.Contains(block[1], "/control/reset") {
			continue
		}
		runGuide(t, pay, server.URL, block[1])
	}
	require.Equal(t, "error", pay.Payments()[0].Status, "as the guide corrected it")
	require.EqualValues(t, 500, pay.Payments()[0].Refunded)
	require.Equal(t, "30s", pay.Settings()["search_lag"])
	runGuide(t, pay, server.URL, "curl -X POST http://127.0.0.1:8002/control/reset")
	require.Empty(t, pay.Payments())
}

// runGuide runs commands of the guide at a simulator, and with its first payment.
func runGuide(t *testing.T, pay *paysim.Simulator, address, commands string) {
	t.Helper()
	commands = strings.ReplaceAll(commands, "http://127.0.0.1:8002", address)
	if made := pay.Payments(); len(made) > 0 {
		commands = strings.ReplaceAll(commands, "/ID/", "/"+made[0].ID+"/")
	}
	commands = strings.ReplaceAll(commands, "curl ", "curl --silent --show-error --fail-with-body ")
	said, err := exec.CommandContext(t.Context(), "sh", "-ec", commands).CombinedOutput()
	require.NoError(t, err, "%s: %s", commands, said)
}
