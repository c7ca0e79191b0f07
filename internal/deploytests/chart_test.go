package deploytests

import (
	"bufio"
	"errors"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
	sigs "sigs.k8s.io/yaml"
)

// Helm says each time that the alerts are a link.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// The values that the tests render: those of the examples.
var examplesOfValues = []string{"bbolt", "replicas", "everything"}

const chartFolder = examples + "/helm/paygate"

// values returns the values of an example, with others over them.
func values(t *testing.T, name, over string) chartutil.Values {
	t.Helper()
	all, err := chartutil.ReadValuesFile(filepath.Join(examples, "helm", name+".yaml"))
	require.NoError(t, err)
	other, err := chartutil.ReadValues([]byte(over))
	require.NoError(t, err)
	return chartutil.CoalesceTables(other, all)
}

// render returns what `helm template` would: the text of each template.
func render(t *testing.T, with chartutil.Values) (map[string]string, error) {
	t.Helper()
	chart, err := loader.LoadDir(chartFolder)
	require.NoError(t, err)
	release := chartutil.ReleaseOptions{Name: "paygate", Namespace: "licences", IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, with, release, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, all)
}

// objects returns the objects of a release. They are decoded strictly: an unknown field is a fault.
func objects(t *testing.T, with chartutil.Values) []runtime.Object {
	t.Helper()
	texts, err := render(t, with)
	require.NoError(t, err)
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, gateway.Install, monitoring.AddToScheme} {
		require.NoError(t, add(known))
	}
	decoder := serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
	var all []runtime.Object
	for name, text := range texts {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for _, document := range documents(t, text) {
			object, _, err := decoder.Decode(document, nil, nil)
			require.NoError(t, err, "%s:\n%s", name, document)
			all = append(all, object)
		}
	}
	return all
}

// documents splits a file, and leaves out what has only comments.
func documents(t *testing.T, text string) (all [][]byte) {
	t.Helper()
	for reader := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text))); ; {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		var content map[string]any
		require.NoError(t, sigs.UnmarshalStrict(document, &content))
		if len(content) > 0 {
			all = append(all, document)
		}
	}
}

// of returns the objects of a type, by name.
func of[T interface {
	runtime.Object
	GetName() string
}](all []runtime.Object) map[string]T {
	found := map[string]T{}
	for _, object := range all {
		if is, ok := object.(T); ok {
			found[is.GetName()] = is
		}
	}
	return found
}

func TestHelmLint(t *testing.T) {
	t.Parallel()
	for _, name := range examplesOfValues {
		result := lint.All(chartFolder, values(t, name, ""), "licences", false)
		require.Less(t, result.HighestSeverity, support.WarningSev, "%s: %v", name, result.Messages)
	}
}

func TestChartRefusesWrongValues(t *testing.T) {
	t.Parallel()
	for over, why := range map[string]string{
		"image: {repository: ''}":                                      "repository",
		"existingSecret: ''":                                           "existingSecret",
		"replica: 3":                                                   "replica",
		"routes: {licence: {MODE: on}}":                                "MODE",
		"routes: {licence: {PRICE: 25.00}}":                            "PRICE",
		"routes: {Licence: {MATCH: POST /x, DESCRIPTION: X}}":          "Licence",
		"settings: {PAYGATE_SECRETS: abc}":                             "PAYGATE_SECRETS",
		"settings: {PAYGATE_STORE: 'postgres://paygate:x@db/paygate'}": "PAYGATE_STORE",
		"settings: {PAYGATE_ROUTE_LICENCE_MODE: free}":                 "PAYGATE_ROUTE_LICENCE_MODE",
		"settings: {PAYGATE_TRUSTED_PROXIES: ''}":                      "PAYGATE_TRUSTED_PROXIES",
		"settings: {PROXIES: 10.0.0.0/8}":                              "PROXIES",
		"env: [{name: PAYGATE_ROUTE_LICENCE_MODE, value: free}]":       "env",
		"networkPolicy: {publicFrom: []}":                              "publicFrom",
		"networkPolicy: {staffFrom: [{}]}":                             "staffFrom",
		"networkPolicy: {serviceLabels: null}":                         "serviceLabels",
		"store: {kind: sqlite}":                                        "kind",
		"serviceMonitor: {enabled: true}":                              "staffFrom",
		"httpRoute: {parentRefs: []}":                                  "parentRefs",
		"ingress: {enabled: true}":                                     "host",
		"image: {digest: latest}":                                      "digest",
		"secretKeys: {PAYGATE_SECRETS: null}":                          "PAYGATE_SECRETS",
	} {
		_, err := render(t, values(t, "replicas", over))
		require.ErrorContains(t, err, why, over)
	}
}

func TestChartLeavesOutSecret(t *testing.T) {
	t.Parallel()
	c := pod(t, objects(t, values(t, "replicas", "secretKeys: {PAYGATE_STAFF_TOKENS: null}"))).Spec.Containers[0]
	require.NotContains(t, environment(t, c), "PAYGATE_STAFF_TOKENS_FILE")
}

// TestChartTakesEverySetting holds the schema to the settings: one that may be a file is a secret, and is not in
// values.
func TestChartTakesEverySetting(t *testing.T) {
	t.Parallel()
	byChart := []string{
		"PAYGATE_ROUTES", "PAYGATE_LISTEN", "PAYGATE_STAFF_LISTEN", "PAYGATE_PAY_ACCOUNTS",
	}
	known := knownSettings()
	for _, name := range known {
		_, err := render(t, values(t, "replicas", "settings: {"+name+": x}"))
		if isSecret(known, name) || contains(byChart, name) {
			require.Error(t, err, name)
		} else {
			require.NoError(t, err, name)
		}
	}
}
