package metrics_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/metrics"
)

const pageHead = `# Metrics

A test writes this page from the code: §go test ./gateway/metrics -run Page -update§.

Prometheus reads §/metrics§ from the staff listener of each replica. [Alerts](../how-to/alerts.md)
says how to add up what replicas report. The metrics of Go and of the process (§go_…§, §process_…§)
are there too.

| metric | type | labels | |
|---|---|---|---|
`

// TestMetricsPageIsMadeFromRegistry compares docs/reference/metrics.md with all metrics.
func TestMetricsPageIsMadeFromRegistry(t *testing.T) {
	t.Parallel()
	m := metrics.New(&fakeStore{}, []string{"licence"}, []string{"default"}, func() time.Time { return now })
	m.AddModes(func(context.Context) (map[string]string, error) { return map[string]string{"licence": "on"}, nil })
	m.AddPauses([]string{"licence"}, func() map[string]time.Time { return nil })
	m.AddReady(func(context.Context) error { return nil })
	m.AddBuild("2.0.0", "abc")
	m.AddCertificate("public", "", "", time.Now)
	m.AddDisk("store", t.TempDir())
	m.AddReconciliation(func(context.Context) (map[string]int, time.Time, error) {
		return map[string]int{"unknown_payment": 1}, now, nil
	}, func() time.Time { return now })
	m.PayCalled("default", "create", "201", time.Second)
	_, text := scrape(t, m)

	page := strings.ReplaceAll(pageHead, "§", "`")
	heads := regexp.MustCompile(`(?m)^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)$`).FindAllStringSubmatch(text, -1)
	require.Greater(t, len(heads), 20)
	for _, head := range heads {
		page += fmt.Sprintf("| `%s` | %s | %s | %s |\n", head[1], head[3], labels(text, head[1]), head[2])
	}
	const file = "../../docs/reference/metrics.md"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	}
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, page, string(written), "go test ./gateway/metrics -run Page -update")
}

// labels returns the labels that samples of a metric have.
func labels(text, metric string) string {
	var names []string
	sample := regexp.MustCompile(`(?m)^` + metric + `(?:_bucket)?\{(.*)\} `)
	for _, found := range sample.FindAllStringSubmatch(text, -1) {
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(found[1], -1) {
			if name := "`" + label[1] + "`"; label[1] != "le" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, ", ")
}

// TestEveryMetricInTheCodeIsOnThePage finds a metric that no test registers.
func TestEveryMetricInTheCodeIsOnThePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reference/metrics.md")
	require.NoError(t, err)
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`"(paygate_[a-z_]+[a-z])"`).FindAllStringSubmatch(string(source), -1) {
			require.Contains(t, string(page), "`"+name[1]+"`")
		}
	}
}
