package main_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goPackage is what `go list` says of one package.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// sideways are the only imports between rooms of one floor.
var sideways = map[string][]string{
	"paygate/internal/paysim":  {"paygate/journey/pay"},
	"paygate/gateway/form":     {"paygate/gateway/cards", "paygate/gateway/reading"},
	"paygate/gateway/delivery": {"paygate/gateway/signature", "paygate/gateway/origin", "paygate/gateway/headers", "paygate/gateway/dial"},
}

// floor is how high a room lies. Imports go down only.
func floor(path string) int {
	switch path {
	case "paygate", "paygate/gateway/command", "paygate/gateway/command/doctor", "paygate/gateway/command/probe", "paygate/gateway/config":
		return 3
	case "paygate/gateway", "paygate/gateway/staff", "paygate/mopup":
		return 2
	case "paygate/journey":
		return 0
	default:
		return 1
	}
}

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "paygate") {
				require.True(t, mayImport(p.ImportPath, imported), "%s must not import %s", p.ImportPath, imported)
			} else if p.ImportPath == "paygate/journey" {
				require.NotContains(t, imported, ".", "journey stands on the standard library alone")
			}
		}
	}
}

// mayImport: down to a lower floor, within the top floor, or one of the two doors between rooms.
func mayImport(from, to string) bool {
	return floor(to) < floor(from) || floor(from) == 3 && to != "paygate" || slices.Contains(sideways[from], to)
}

func TestNoTestLibraryShips(t *testing.T) {
	t.Parallel()
	testLibraries := []string{
		"testing", "github.com/stretchr/testify", "pgregory.net/rapid", "github.com/rogpeppe/go-internal",
		"github.com/getkin/kin-openapi", "github.com/chromedp", "net/http/httptest", "go.yaml.in/yaml",
	}
	for _, p := range packages(t) {
		if forTests(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			for _, library := range testLibraries {
				require.False(t, imported == library || strings.HasPrefix(imported, library+"/"), "%s ships %s", p.ImportPath, imported)
			}
			require.False(t, forTests(imported), "%s ships %s", p.ImportPath, imported)
		}
	}
}

// forTests are the rooms that only tests enter.
func forTests(path string) bool {
	return path == "paygate/journey/storetest" || strings.HasPrefix(path, "paygate/internal/")
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
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
