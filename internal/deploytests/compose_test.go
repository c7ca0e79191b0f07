package deploytests

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
)

// project reads a file for Compose as `docker compose config` does.
func project(t *testing.T, name string, environment map[string]string) (*types.Project, error) {
	t.Helper()
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: t.TempDir(), Environment: environment,
		ConfigFiles: []types.ConfigFile{{Filename: name, Content: []byte(read(t, name))}},
	})
}

func composeSecrets() map[string]string {
	all := map[string]string{"POSTGRES_PASSWORD": "aa11", "DATABASE_PASSWORD": "bb22"}
	for _, name := range []string{"PAYGATE_SECRETS", "PAYGATE_STAFF_TOKENS"} {
		all[name] = secretValue(name)
	}
	return all
}

func TestComposeFile(t *testing.T) {
	t.Parallel()
	c, err := project(t, "compose.yaml", composeSecrets())
	require.NoError(t, err)
	first := settingsOf(c.Services["paygate-1"])
	require.Equal(t, first, settingsOf(c.Services["paygate-2"]), "replicas have the same settings")
	requireSettings(t, first)
	require.Equal(t, imageVolume(t), first["TMPDIR"], "large uploads need a folder that can be written")
	for _, name := range []string{"paygate-1", "paygate-2"} {
		s := c.Services[name]
		require.EqualValues(t, []string{"CMD", "/paygate", "healthcheck"}, s.HealthCheck.Test)
		require.Equal(t, "65532:65532", s.User)
		require.True(t, s.ReadOnly)
		require.Greater(t, time.Duration(*s.StopGracePeriod), drain)
	}
	requireClosed(t, c)
	require.True(t, c.Networks["inner"].Internal)
	for _, name := range []string{"service", "postgres"} {
		require.Equal(t, []string{"inner"}, networks(c.Services[name]), "only Paygate reaches the %s", name)
		require.Empty(t, c.Services[name].Ports)
	}
	require.Equal(t, []string{"front"}, networks(c.Services["balancer"]))
}

// requireClosed requires that only this machine reaches the ports, and that the commands exist.
func requireClosed(t *testing.T, c *types.Project) {
	t.Helper()
	for name, s := range c.Services {
		for _, port := range s.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, "%s is open to other machines", name)
		}
		if s.Image == "paygate" {
			require.Equal(t, "never", s.PullPolicy, name)
		}
		if len(s.Command) > 0 {
			require.Zero(t, command.Run(t.Context(), command.Env{Stdout: io.Discard, Stderr: io.Discard},
				append([]string(s.Command), "-h")), name)
		}
	}
}

func networks(s types.ServiceConfig) []string { return s.NetworksByPriority() }

func settingsOf(s types.ServiceConfig) map[string]string {
	all := map[string]string{}
	for name, value := range s.Environment {
		all[name] = *value
	}
	return all
}

func TestComposeNeedsSecrets(t *testing.T) {
	t.Parallel()
	for name := range composeSecrets() {
		without := composeSecrets()
		delete(without, name)
		_, err := project(t, "compose.yaml", without)
		require.ErrorContains(t, err, name)
	}
}

// TestComposeDatabaseIsTheTestedOne holds the image to the version that the guide names.
func TestComposeDatabaseIsTheTestedOne(t *testing.T) {
	t.Parallel()
	c, err := project(t, "compose.yaml", composeSecrets())
	require.NoError(t, err)
	version, isPostgres := strings.CutPrefix(c.Services["postgres"].Image, "postgres:")
	require.True(t, isPostgres)
	version, _, _ = strings.Cut(version, "-")
	require.Contains(t, read(t, "../docs/how-to/stores.md"), "(tested with version "+version+")")
	require.Equal(t, "/var/lib/postgresql/data", c.Services["postgres"].Volumes[0].Target,
		"as versions before 18 have it")
}

func TestComposeFileOfSimulator(t *testing.T) {
	t.Parallel()
	_, err := project(t, "simulator/compose.yaml", map[string]string{"SERVICE_IMAGE": "mine", "TESTS_IMAGE": "tests"})
	require.NoError(t, err)
}
