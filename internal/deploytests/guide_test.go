package deploytests

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
)

// commands returns the lines of code of a document that begin with a word.
func commands(t *testing.T, document, word string) (all []string) {
	t.Helper()
	text := strings.ReplaceAll(read(t, document), "\\\n", "")
	for _, block := range regexp.MustCompile("(?ms)^ *```\n(.*?)^ *```$").FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, word+" ") {
				all = append(all, line)
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// TestGuideOfECSUsesEveryFile requires that each file has its command.
func TestGuideOfECSUsesEveryFile(t *testing.T) {
	t.Parallel()
	var used []string
	for _, line := range commands(t, "ecs/README.md", "aws") {
		found := regexp.MustCompile(`^aws \S+ \S+ --cli-input-json file://examples/(\S+)$`).FindStringSubmatch(line)
		require.NotNil(t, found, line)
		used = append(used, filepath.Join(examples, found[1]))
	}
	files, err := filepath.Glob(examples + "/ecs/*.json")
	require.NoError(t, err)
	require.ElementsMatch(t, files, used)
}

// TestGuideOfKubernetes holds what the commands of the guide name to what the chart makes.
func TestGuideOfKubernetes(t *testing.T) {
	t.Parallel()
	guide := "../docs/how-to/deploy.md"
	all := objects(t, values(t, "replicas", ""))
	var keys []string
	for _, item := range pod(t, all).Spec.Volumes[0].Secret.Items {
		keys = append(keys, item.Key)
	}
	secret := commands(t, guide, "kubectl")[0]
	require.Contains(t, secret, "create secret generic "+pod(t, all).Spec.Volumes[0].Secret.SecretName+" ")
	var made []string
	for _, key := range regexp.MustCompile(`--from-file=(\S+)`).FindAllStringSubmatch(secret, -1) {
		made = append(made, key[1])
	}
	require.ElementsMatch(t, keys, made)

	helm := commands(t, guide, "helm")
	require.True(t, slices.ContainsFunc(helm, func(line string) bool {
		return strings.Contains(line, " upgrade --install paygate examples/helm/paygate ")
	}))
	text := strings.Join(strings.Fields(read(t, guide)), " ")
	for _, named := range regexp.MustCompile(`\b(svc|deployment)/([a-z-]+)`).FindAllStringSubmatch(text, -1) {
		if named[1] == "svc" {
			require.Contains(t, of[*core.Service](all), named[2])
		} else {
			require.Contains(t, of[*apps.Deployment](all), named[2])
		}
	}
}

// TestChartHasVersionOfChanges holds the chart, which names the image by its version, to the newest version.
func TestChartHasVersionOfChanges(t *testing.T) {
	t.Parallel()
	newest := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+)`).FindStringSubmatch(read(t, "../CHANGELOG.md"))
	require.NotNil(t, newest)
	chart, err := loader.LoadDir(chartFolder)
	require.NoError(t, err)
	require.Equal(t, newest[1], chart.Metadata.AppVersion)
	require.Equal(t, newest[1], chart.Metadata.Version)
}
