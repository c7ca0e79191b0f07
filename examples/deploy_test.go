package examples_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"paygate/gateway/command"
	"paygate/gateway/config"
)

func secret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return base64.RawURLEncoding.EncodeToString(key)
}

// requireSettings requires that Paygate accepts an environment, and returns the settings.
func requireSettings(t *testing.T, environment map[string]string) config.Settings {
	t.Helper()
	var environ []string
	known := config.KnownNames(strings.Split(environment["PAYGATE_ROUTES"], ","))
	for name, value := range environment {
		if strings.HasPrefix(name, "PAYGATE_") {
			require.Contains(t, known, name)
			environ = append(environ, name+"="+value)
		}
	}
	settings, err := config.Load(environ)
	require.NoError(t, err)
	require.Equal(t, "postgres", settings.Store.Kind)
	require.NotEmpty(t, settings.StaffTokens)
	require.NotEmpty(t, settings.TrustedProxies)
	return settings
}

// drain is how long Paygate finishes deliveries after SIGTERM.
const drain = 30 * time.Second

type composeService struct {
	Image       string
	Command     []string
	Environment map[string]string
	Ports       []string
	Networks    []string
	User        string
	ReadOnly    bool   `yaml:"read_only"`
	StopGrace   string `yaml:"stop_grace_period"`
	PullPolicy  string `yaml:"pull_policy"`
	Healthcheck struct {
		Test    []string
		Disable bool
	}
}

type compose struct {
	Services map[string]composeService
	Configs  map[string]struct{ Content string }
	Networks map[string]struct{ Internal bool }
}

// readCompose reads compose.yaml and replaces ${…}, as docker compose does.
func readCompose(t *testing.T) compose {
	t.Helper()
	text, err := os.ReadFile("compose.yaml")
	require.NoError(t, err)
	values := map[string]string{
		"PAYGATE_SECRETS": secret(), "PAYGATE_STAFF_TOKENS": "admin:" + secret(), "POSTGRES_PASSWORD": "aa11",
		"DATABASE_PASSWORD": "bb22",
	}
	filled := regexp.MustCompile(`\$\$|\$\{([A-Z_]+)(?::\?[^}]*)?\}`).ReplaceAllStringFunc(string(text),
		func(found string) string {
			if found == "$$" {
				return "$"
			}
			name := regexp.MustCompile(`[A-Z_]+`).FindString(found)
			require.Contains(t, values, name)
			return values[name]
		})
	var c compose
	require.NoError(t, yaml.Unmarshal([]byte(filled), &c))
	return c
}

func TestComposeFile(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	replicas := []composeService{c.Services["paygate-1"], c.Services["paygate-2"]}
	require.Equal(t, replicas[0].Environment, replicas[1].Environment, "replicas have the same settings")
	for _, s := range replicas {
		requireSettings(t, s.Environment)
		require.Equal(t, []string{"CMD", "/paygate", "healthcheck"}, s.Healthcheck.Test)
		require.Equal(t, "65532:65532", s.User)
		require.True(t, s.ReadOnly)
		require.Equal(t, imageVolume(t), s.Environment["TMPDIR"], "large uploads need a writable folder")
		grace, err := time.ParseDuration(s.StopGrace)
		require.NoError(t, err)
		require.Greater(t, grace, drain)
	}
	for name, s := range c.Services {
		for _, port := range s.Ports {
			require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s is open to other machines", name)
		}
		if s.Image == "paygate" {
			require.Equal(t, "never", s.PullPolicy, name)
		}
		if len(s.Command) > 0 {
			require.Zero(t, command.Run(t.Context(), command.Env{Stdout: io.Discard, Stderr: io.Discard},
				append(s.Command, "-h")), name)
		}
	}
	require.True(t, c.Networks["inner"].Internal)
	for _, name := range []string{"service", "postgres"} {
		require.Equal(t, []string{"inner"}, c.Services[name].Networks, "only Paygate reaches the %s", name)
		require.Empty(t, c.Services[name].Ports)
	}
	require.Equal(t, []string{"front"}, c.Services["balancer"].Networks)
}

// imageVolume returns the only writable folder of the image.
func imageVolume(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^VOLUME (\S+)$`).FindStringSubmatch(string(text))
	require.NotNil(t, found)
	return found[1]
}

// kubernetes returns the documents of the file by kind and name.
func kubernetes(t *testing.T) map[string]map[string]any {
	t.Helper()
	text, err := os.ReadFile("kubernetes/paygate.yaml")
	require.NoError(t, err)
	found := map[string]map[string]any{}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document map[string]any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return found
		} else {
			require.NoError(t, err)
		}
		found[document["kind"].(string)+" "+at(t, document, "metadata.name").(string)] = document
	}
}

// at returns the value at a path of a document. "0" is the first element of a list.
func at(t *testing.T, document any, keys string) any {
	t.Helper()
	for key := range strings.SplitSeq(keys, ".") {
		switch within := document.(type) {
		case map[string]any:
			require.Contains(t, within, key, keys)
			document = within[key]
		case []any:
			require.Equal(t, "0", key)
			document = within[0]
		default:
			t.Fatalf("there is no %s", keys)
		}
	}
	return document
}

func TestKubernetesFile(t *testing.T) {
	t.Parallel()
	all := kubernetes(t)
	deployment := all["Deployment paygate"]
	pod := at(t, deployment, "spec.template.spec")
	container := at(t, pod, "containers.0")
	requireSettings(t, kubernetesSettings(t, all, at(t, container, "volumeMounts.0.mountPath").(string)))

	require.Equal(t, 2, at(t, deployment, "spec.replicas"))
	require.Equal(t, false, at(t, pod, "enableServiceLinks"),
		"Kubernetes would set unknown settings such as PAYGATE_SERVICE_HOST")
	grace := time.Duration(at(t, pod, "terminationGracePeriodSeconds").(int)) * time.Second
	sleep := time.Duration(at(t, container, "lifecycle.preStop.sleep.seconds").(int)) * time.Second
	require.Greater(t, grace, drain+sleep)
	require.Equal(t, 65532, at(t, pod, "securityContext.runAsUser"))
	require.Equal(t, true, at(t, pod, "securityContext.runAsNonRoot"))
	require.Equal(t, true, at(t, container, "securityContext.readOnlyRootFilesystem"))
	require.Equal(t, map[string]any{"name": "uploads", "mountPath": "/tmp"},
		at(t, container, "volumeMounts").([]any)[1])
	require.Equal(t, "uploads", at(t, pod, "volumes").([]any)[1].(map[string]any)["name"])
	for probe, address := range map[string]string{
		"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/livez",
	} {
		require.Equal(t, address, at(t, container, probe+".httpGet.path"))
		require.Equal(t, "staff", at(t, container, probe+".httpGet.port"))
	}

	labels := at(t, deployment, "spec.template.metadata.labels")
	for _, selector := range []any{
		at(t, deployment, "spec.selector.matchLabels"), at(t, all["Service paygate"], "spec.selector"),
		at(t, all["Service paygate-staff"], "spec.selector"),
		at(t, all["NetworkPolicy paygate"], "spec.podSelector.matchLabels"),
		at(t, all["PodDisruptionBudget paygate"], "spec.selector.matchLabels"),
		at(t, all["NetworkPolicy licences-through-paygate-alone"], "spec.ingress.0.from.0.podSelector.matchLabels"),
	} {
		require.Equal(t, labels, selector)
	}
	require.Equal(t, "public", at(t, all["Service paygate"], "spec.ports.0.targetPort"))
	service := at(t, all["NetworkPolicy licences-through-paygate-alone"], "spec")
	require.Len(t, at(t, service, "ingress"), 1)
	require.Len(t, at(t, service, "ingress.0.from"), 1, "only Paygate")
}

// kubernetesSettings returns the settings of the ConfigMap, with the Secret filled in and written to files.
func kubernetesSettings(t *testing.T, all map[string]map[string]any, mounted string) map[string]string {
	t.Helper()
	folder, environment := t.TempDir(), map[string]string{}
	for name, value := range at(t, all["Secret paygate"], "stringData").(map[string]any) {
		filled := map[string]string{"secrets": secret(), "staff-tokens": "admin:" + secret()}[name]
		if filled == "" {
			filled = value.(string)
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(filled+"\n"), 0o600))
	}
	for name, value := range at(t, all["ConfigMap paygate"], "data").(map[string]any) {
		environment[name] = value.(string)
		if file := value.(string); strings.HasSuffix(name, "_FILE") {
			require.Equal(t, mounted, path.Dir(file))
			environment[name] = filepath.Join(folder, path.Base(file))
		}
	}
	return environment
}

type ecsPair struct{ Name, Value, ValueFrom string }

type ecsTask struct {
	Family               string
	ContainerDefinitions []struct {
		Name, User             string
		ReadonlyRootFilesystem bool
		StopTimeout            int
		HealthCheck            struct{ Command []string }
		PortMappings           []struct{ ContainerPort int }
		MountPoints            []struct{ ContainerPath string }
		Environment, Secrets   []ecsPair
	}
}

type ecsService struct {
	TaskDefinition string
	DesiredCount   int
	LoadBalancers  []struct {
		ContainerName string
		ContainerPort int
	}
}

func TestECSFiles(t *testing.T) {
	t.Parallel()
	read := func(name string, into any) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, into))
	}
	var task ecsTask
	var service ecsService
	read("ecs/task-definition.json", &task)
	read("ecs/service.json", &service)
	container := task.ContainerDefinitions[0]
	environment := map[string]string{}
	for _, pair := range container.Environment {
		environment[pair.Name] = pair.Value
	}
	values := map[string]string{
		"PAYGATE_PAY_API_KEY": "api_live_x", "PAYGATE_SECRETS": secret(), "PAYGATE_STAFF_TOKENS": "admin:" + secret(),
		"PAYGATE_STORE": "postgres://paygate:x@db/paygate?sslmode=require",
	}
	for _, pair := range container.Secrets {
		require.Contains(t, values, pair.Name)
		require.Contains(t, pair.ValueFrom, ":secretsmanager:")
		environment[pair.Name] = values[pair.Name]
	}
	requireSettings(t, environment)
	require.Equal(t, []string{"CMD", "/paygate", "healthcheck"}, container.HealthCheck.Command)
	require.Equal(t, "65532:65532", container.User)
	require.True(t, container.ReadonlyRootFilesystem)
	require.Equal(t, imageVolume(t), environment["TMPDIR"], "large uploads need a writable folder")
	require.Equal(t, imageVolume(t), container.MountPoints[0].ContainerPath)
	require.Greater(t, time.Duration(container.StopTimeout)*time.Second, drain)
	require.Equal(t, task.Family, service.TaskDefinition)
	require.Equal(t, 2, service.DesiredCount)
	require.Equal(t, container.Name, service.LoadBalancers[0].ContainerName)
	require.Equal(t, 8000, service.LoadBalancers[0].ContainerPort)
}
