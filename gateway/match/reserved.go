package match

import (
	"path"
	"slices"
	"strings"

	"paygate/gateway/canon"
	"paygate/gateway/form"
)

// reservedFor returns the route whose service hears from Paygate at an address that a target may be read as, whatever
// its method. A target with too many interpretations may be read as any.
func (c *Classifier) reservedFor(t Target, paths func() *Paths) *Route {
	if len(c.reserved) == 0 {
		return nil
	}
	named := namedPaths(t.parameters())
	for _, w := range c.reserved {
		isHere := !paths().Complete() || w.isFor(paths(), false)
		if isHere || slices.ContainsFunc(named, w.pattern.isCanonical) {
			return w.route
		}
	}
	return nil
}

// namedPaths returns the paths in a query: many front controllers take the path from a parameter, whatever its name
// (/index.php?q=/licences/apply), or from the whole query (/?/licences/apply).
func namedPaths(query string) (named [][]string) {
	if query == "" {
		return nil
	}
	for _, f := range form.LooseQuery(query) {
		for _, text := range []string{f.Name, f.Value} {
			decoded, _, _ := strings.Cut(canon.DecodeEscapes(canon.DecodeEscapes(text)), "?")
			if strings.Contains(decoded, "/") {
				named = append(named, segmentsOf(path.Clean("/"+decoded)))
			}
		}
	}
	return named
}
