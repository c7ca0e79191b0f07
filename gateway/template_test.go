package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTemplates(t *testing.T) {
	t.Parallel()
	v := values{
		form:  func(name string) string { return "form-" + name },
		query: func(name string) string { return "query-" + name },
		path:  func(name string) string { return "path-" + name },
	}
	template, err := ParseTemplate("LIC-{path:year}-{form:name}/{query:q}.")
	require.NoError(t, err)
	require.Equal(t, "LIC-path-year-form-name/query-q.", template.fill(v))
	require.Equal(t, []string{"year"}, template.PathNames())
	for _, bad := range []string{"{rand}", "{form}", "{form:}", "{", "{random", "{cookie:x}"} {
		_, err := ParseTemplate(bad)
		require.Error(t, err, bad)
	}
	random, err := ParseTemplate("{random}")
	require.NoError(t, err)
	require.Regexp(t, `^[ABCDEFGHJKMNPQRSTVWXYZ2346789]{10}$`, random.fill(v))
	require.NotEqual(t, random.fill(v), random.fill(v))
}
