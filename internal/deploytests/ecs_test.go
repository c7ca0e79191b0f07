package deploytests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
)

// readAWS reads a file strictly: an unknown field, and a word that the SDK does not know, is a fault.
func readAWS[Input any](t *testing.T, name string) *Input {
	t.Helper()
	var into Input
	decoder := json.NewDecoder(strings.NewReader(read(t, "ecs/"+name)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&into), name)
	requireWords(t, reflect.ValueOf(into))
	return &into
}

// requireWords requires that all enumerations have words of theirs.
func requireWords(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			requireWords(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				requireWords(t, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			requireWords(t, v.Index(i))
		}
	case reflect.String:
		if words := v.MethodByName("Values"); words.IsValid() && v.Len() > 0 {
			require.Contains(t, words.Call(nil)[0].Interface(), v.Interface())
		}
	}
}

// answering is an AWS that answers everything with nothing.
type answering struct{}

func (answering) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil))},
		nil
}

// requireComplete requires that the SDK would send a request: it checks first that nothing is missing.
func requireComplete(t *testing.T, err error) {
	t.Helper()
	var missing smithy.InvalidParamsError
	require.False(t, errors.As(err, &missing), "%v", err)
}

func TestECSFiles(t *testing.T) {
	t.Parallel()
	task := readAWS[ecs.RegisterTaskDefinitionInput](t, "task-definition.json")
	service := readAWS[ecs.CreateServiceInput](t, "service.json")
	group := readAWS[elb.CreateTargetGroupInput](t, "target-group.json")
	client := ecs.New(ecs.Options{
		Region: "eu-west-2", Credentials: aws.AnonymousCredentials{},
		HTTPClient: answering{},
	})
	_, err := client.RegisterTaskDefinition(t.Context(), task)
	requireComplete(t, err)
	_, err = client.CreateService(t.Context(), service)
	requireComplete(t, err)
	_, err = client.CreateService(t.Context(), &ecs.CreateServiceInput{})
	require.ErrorContains(t, err, "missing required field", "the SDK notices what is missing")

	container := task.ContainerDefinitions[0]
	settings := containerSettings(t, container)
	requireSettings(t, settings)
	require.Equal(t, []string{"CMD", "/paygate", "healthcheck"}, container.HealthCheck.Command)
	require.Equal(t, "65532:65532", *container.User)
	require.True(t, *container.ReadonlyRootFilesystem)
	require.Equal(t, imageVolume(t), settings["TMPDIR"], "large uploads need a folder that can be written")
	require.Equal(t, imageVolume(t), *container.MountPoints[0].ContainerPath)
	require.Greater(t, time.Duration(*container.StopTimeout)*time.Second, drain)
	require.Equal(t, *task.Family, *service.TaskDefinition)
	require.EqualValues(t, 2, *service.DesiredCount)
	require.Equal(t, *container.Name, *service.LoadBalancers[0].ContainerName)
	require.Equal(t, *group.Port, *service.LoadBalancers[0].ContainerPort)
	require.Equal(t, "/livez", *group.HealthCheckPath, "free traffic goes on while the database is away")
	require.Equal(t, "8001", *group.HealthCheckPort)
	require.EqualValues(t, "ip", group.TargetType)
}

// containerSettings returns the environment of a container, with the secrets filled in.
func containerSettings(t *testing.T, container ecstypes.ContainerDefinition) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pair := range container.Environment {
		all[*pair.Name] = *pair.Value
	}
	for _, secret := range container.Secrets {
		require.Contains(t, *secret.ValueFrom, ":secretsmanager:")
		all[*secret.Name] = secretValue(*secret.Name)
	}
	return all
}

// agent is what the tests need of the settings of the CloudWatch agent.
type agent struct {
	Logs struct {
		MetricsCollected struct {
			Prometheus struct {
				ConfigPath string `json:"prometheus_config_path"`
				Processor  struct {
					Namespace    string `json:"metric_namespace"`
					Declarations []struct {
						Labels     []string   `json:"source_labels"`
						Matcher    string     `json:"label_matcher"`
						Dimensions [][]string `json:"dimensions"`
						Selectors  []string   `json:"metric_selectors"`
					} `json:"metric_declaration"`
				} `json:"emf_processor"`
			} `json:"prometheus"`
		} `json:"metrics_collected"`
	} `json:"logs"`
}

// TestECSAlarms follows each alarm to the metric that the agent sends.
func TestECSAlarms(t *testing.T) {
	t.Parallel()
	task := readAWS[ecs.RegisterTaskDefinitionInput](t, "task-definition.json")
	settings := containerSettings(t, task.ContainerDefinitions[1])
	requireScrape(t, settings["PROMETHEUS_CONFIG_CONTENT"])
	var a agent
	require.NoError(t, json.Unmarshal([]byte(settings["CW_CONFIG_CONTENT"]), &a))
	prometheus := a.Logs.MetricsCollected.Prometheus
	require.Equal(t, "env:PROMETHEUS_CONFIG_CONTENT", prometheus.ConfigPath)
	declared := prometheus.Processor.Declarations[0]
	client := cloudwatch.New(cloudwatch.Options{
		Region: "eu-west-2", Credentials: aws.AnonymousCredentials{}, HTTPClient: answering{},
	})
	for i, name := range []string{"paygate_ready", "paygate_stuck"} {
		alarm := readAWS[cloudwatch.PutMetricAlarmInput](t, []string{"alarm-not-ready.json", "alarm-stuck.json"}[i])
		_, err := client.PutMetricAlarm(t.Context(), alarm)
		requireComplete(t, err)
		require.Equal(t, name, *alarm.MetricName)
		require.Equal(t, "^"+name+"$", declared.Selectors[i])
		require.Contains(t, read(t, "prometheus/paygate.rules.yaml"), name)
		require.Equal(t, prometheus.Processor.Namespace, *alarm.Namespace)
		require.Equal(t, declared.Dimensions, [][]string{{*alarm.Dimensions[0].Name}})
		require.Equal(t, declared.Labels, []string{*alarm.Dimensions[0].Name})
		require.Regexp(t, regexp.MustCompile(declared.Matcher), *alarm.Dimensions[0].Value)
		require.Contains(t, settings["PROMETHEUS_CONFIG_CONTENT"], "job_name: "+*alarm.Dimensions[0].Value)
	}
}

// requireScrape has Prometheus' own tool check a configuration.
func requireScrape(t *testing.T, text string) {
	t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		testenv.Missing(t, "promtool is not installed")
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, writeFile(file, text))
	out, err := exec.Command(promtool, "check", "config", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
