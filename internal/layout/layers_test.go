// Package layout_test checks how the repository is laid out: which package may import which.
package layout_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goPackage is what go list prints about a package.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// layers lists the packages that are not leaves from the bottom up. A package may import those of lower layers only;
// every package that is not listed is a leaf, just above journey.
var layers = [][]string{
	{"paygate/journey"},
	nil, // leaves
	{"paygate/gateway", "paygate/gateway/staff", "paygate/mopup"},
	{"paygate/gateway/config"},
	{"paygate/internal/app", "paygate/internal/demo"},
	{"paygate/gateway/command/doctor", "paygate/gateway/command/probe"},
	{"paygate/gateway/command"},
	{"paygate"},
}

const leaf = 1

// betweenLeaves are the imports of one leaf by another.
var betweenLeaves = map[string][]string{
	"paygate/gateway/form":    {"paygate/gateway/canon", "paygate/gateway/cards"},
	"paygate/gateway/headers": {"paygate/gateway/origin"},
	"paygate/gateway/match": {
		"paygate/gateway/canon", "paygate/gateway/form", "paygate/gateway/headers", "paygate/gateway/origin",
	},
	"paygate/gateway/proxy": {
		"paygate/gateway/cookie", "paygate/gateway/csp", "paygate/gateway/dial", "paygate/gateway/headers",
		"paygate/gateway/marker", "paygate/gateway/origin",
	},
	"paygate/gateway/delivery": {
		"paygate/gateway/dial", "paygate/gateway/headers", "paygate/gateway/origin", "paygate/gateway/signature",
	},
	"paygate/gateway/signature":  {"paygate/gateway/headers"},
	"paygate/gateway/metrics":    {"paygate/gateway/modes"},
	"paygate/gateway/webhook":    {"paygate/journey/pay"},
	"paygate/gateway/notify":     {"paygate/gateway/origin"},
	"paygate/internal/paysim":    {"paygate/gateway/pages", "paygate/journey/pay"},
	"paygate/internal/notifysim": {"paygate/gateway/notify"},
	"paygate/journey/boltstore":  {"paygate/journey/find"},
	"paygate/journey/pgstore":    {"paygate/journey/find"},
}

func layer(path string) int {
	for i, paths := range layers {
		if slices.Contains(paths, path) {
			return i
		}
	}
	return leaf
}

func mayImport(from, to string) bool {
	return layer(to) < layer(from) || slices.Contains(betweenLeaves[from], to)
}

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if onlyForTests(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "paygate") {
				require.True(t, mayImport(p.ImportPath, imported), "%s must not import %s", p.ImportPath, imported)
			} else if p.ImportPath == "paygate/journey" {
				require.NotContains(t, imported, ".", "journey imports the standard library only")
			}
		}
	}
}

func TestNoTestLibraryShips(t *testing.T) {
	t.Parallel()
	testLibraries := []string{
		"testing", "github.com/stretchr/testify", "pgregory.net/rapid", "github.com/rogpeppe/go-internal",
		"net/http/httptest", "go.yaml.in/yaml",
	}
	for _, p := range packages(t) {
		if onlyForTests(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			for _, library := range testLibraries {
				require.False(t, imported == library || strings.HasPrefix(imported, library+"/"), "%s ships %s",
					p.ImportPath, imported)
			}
			require.False(t, onlyForTests(imported), "%s ships %s", p.ImportPath, imported)
		}
	}
}

// A large library that one test needs would be compiled by every go vet and go test of all packages.
func TestLargeTestLibrariesAreInAModuleOfTheirOwn(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	for _, library := range []string{
		"chromedp", "kin-openapi", "zitadel", "helm.sh", "k8s.io",
		"aws-sdk", "compose-go",
	} {
		require.NotContains(t, string(module), library, "see internal/heavytests and internal/deploytests")
	}
}

// onlyForTests reports whether only tests import a package.
func onlyForTests(path string) bool {
	for _, prefix := range []string{
		"paygate/journey/storetest", "paygate/internal/test", "paygate/internal/e2e",
		"paygate/internal/bareproxy", "paygate/examples",
	} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "paygate/...").Output()
	require.NoError(t, err)
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p goPackage
		require.NoError(t, decoder.Decode(&p))
		all = append(all, p)
	}
	require.NotEmpty(t, all)
	return all
}
