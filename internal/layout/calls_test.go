package layout_test

import (
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCallsWithinAPackageGoDownOnly proves that the files of a package can be put in an order in which each calls
// functions and methods of later files only: no two files call each other, directly or by way of others.
func TestCallsWithinAPackageGoDownOnly(t *testing.T) {
	t.Parallel()
	for _, p := range typeChecked(t, "paygate/gateway") {
		if cycle := p.calls().cycle(); cycle != nil {
			t.Errorf("%s: these files call each other: %s", p.path, strings.Join(cycle, " → "))
		}
	}
}

// manyMethods are types that have many methods for a reason: a method for each fact, step, call or query that there is.
var manyMethods = []string{
	"paygate/journey.Journey", "paygate/journey.Runner", "paygate/journey/boltstore.Store",
	"paygate/journey/pgstore.Store",
	"paygate/internal/paysim.Simulator",
}

// TestNoTypeHasTooManyMethods proves that no type of the gateway does everything.
func TestNoTypeHasTooManyMethods(t *testing.T) {
	t.Parallel()
	const limit = 35
	for _, p := range typeChecked(t, "paygate/...") {
		for _, name := range p.types.Scope().Names() {
			if named, ok := p.types.Scope().Lookup(name).Type().(*types.Named); ok && named.NumMethods() > limit &&
				!slices.Contains(manyMethods, p.path+"."+name) {
				t.Errorf("%s.%s has %d methods, more than %d", p.path, name, named.NumMethods(), limit)
			}
		}
	}
}

// checkedPackage is a package with the types of its shipped files.
type checkedPackage struct {
	path  string
	fset  *token.FileSet
	files []*ast.File
	types *types.Package
	info  *types.Info
}

// typeChecked type-checks the shipped files of the packages that match a pattern.
func typeChecked(t *testing.T, pattern string) (checked []checkedPackage) {
	t.Helper()
	listed := listWithExports(t, pattern)
	exports := map[string]string{}
	for _, p := range listed {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc",
		func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range listed {
		if p.DepOnly || onlyForTests(p.ImportPath) {
			continue
		}
		c := checkedPackage{path: p.ImportPath, fset: fset, info: &types.Info{
			Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
		}}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			c.files = append(c.files, file)
		}
		var err error
		c.types, err = (&types.Config{Importer: imports}).Check(p.ImportPath, fset, c.files, c.info)
		require.NoError(t, err)
		checked = append(checked, c)
	}
	return checked
}

// exportedPackage is what go list -export prints about a package.
type exportedPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

func listWithExports(t *testing.T, pattern string) (listed []exportedPackage) {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly",
		pattern).Output()
	require.NoError(t, err)
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p exportedPackage
		require.NoError(t, decoder.Decode(&p))
		listed = append(listed, p)
	}
	return listed
}

// fileGraph has, for each file of a package, the other files that it calls.
type fileGraph map[string]map[string]bool

// calls returns which file calls functions or methods of which.
func (c checkedPackage) calls() fileGraph {
	graph := fileGraph{}
	for _, file := range c.files {
		from := c.fileOf(file.Pos())
		graph[from] = map[string]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok {
				if called, ok := c.info.Uses[name].(*types.Func); ok && called.Pkg() == c.types && !isAbstract(called) {
					graph[from][c.fileOf(called.Pos())] = true
				}
			}
			return true
		})
		delete(graph[from], from)
	}
	return graph
}

// isAbstract reports whether a method is one of an interface: what it calls is not known.
func isAbstract(f *types.Func) bool {
	receiver := f.Signature().Recv()
	return receiver != nil && types.IsInterface(receiver.Type())
}

func (c checkedPackage) fileOf(p token.Pos) string { return filepath.Base(c.fset.Position(p).Filename) }

// cycle returns files of which each calls the next, and the last the first; nil where there are none.
func (g fileGraph) cycle() []string {
	done := map[string]bool{}
	var path []string
	var visit func(file string) []string
	visit = func(file string) []string {
		if at := slices.Index(path, file); at >= 0 {
			return append(slices.Clone(path[at:]), file)
		}
		if done[file] {
			return nil
		}
		done[file] = true
		path = append(path, file)
		for _, called := range slices.Sorted(maps.Keys(g[file])) {
			if found := visit(called); found != nil {
				return found
			}
		}
		path = path[:len(path)-1]
		return nil
	}
	for _, file := range slices.Sorted(maps.Keys(g)) {
		if found := visit(file); found != nil {
			return found
		}
	}
	return nil
}
