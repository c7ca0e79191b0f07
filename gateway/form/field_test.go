package form

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLooseQuerySplitsWhereSomeServiceDoes(t *testing.T) {
	t.Parallel()
	for query, fields := range map[string][]Field{
		"a=1&b=2;c":  {{Name: "a", Value: "1"}, {Name: "b", Value: "2"}, {Name: "c"}, {Name: "b", Value: "2;c"}},
		"a[b]=1":     {{Name: "a[b]", Value: "1"}},
		"a[b]x=y]=1": {{Name: "a[b]x", Value: "y]=1"}, {Name: "a[b]x=y]", Value: "1"}},
		"a[b]x=1;y[]=2": {
			{Name: "a[b]x", Value: "1"},
			{Name: "y[]", Value: "2"},
			{Name: "a[b]x", Value: "1;y[]=2"},
			{Name: "a[b]x=1;y[]", Value: "2"},
		},
		"a[b]=x]=1":    {{Name: "a[b]", Value: "x]=1"}},
		"a%5bx=%5D=1=": {{Name: "a%5bx", Value: "%5D=1="}, {Name: "a%5bx=%5D", Value: "1="}},
	} {
		require.Equal(t, fields, LooseQuery(query), query)
	}
}

func TestParameterFitsQueriesThatQsSplitsLater(t *testing.T) {
	t.Parallel()
	page := Parameter{"page", "apply"}
	for query, fit := range map[string]Fit{
		"page=apply": Met, "[page]x=y]=apply": Unclear, "[page]=apply": Unclear, "page=home": Unmet,
		"[page]x=1;y]=apply": Unclear, "[page];y]=apply": Unclear, "x=y]=apply": Unmet, "[x]page=y]=apply": Unmet,
	} {
		require.Equal(t, fit, page.Fits(query), query)
	}
}
