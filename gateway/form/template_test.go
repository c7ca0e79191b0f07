package form

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTemplateFill(t *testing.T) {
	t.Parallel()
	s := Submission{
		Form:  Form{Fields: []Field{{Name: "name", Value: "Ann"}, {Name: "name", Value: "Bob"}}},
		Query: []Field{{Name: "q", Value: "7"}},
	}
	path := map[string]string{"year": "20%2026"}
	template, err := ParseTemplate("LIC-{path:year}-{form:name}/{query:q}.")
	require.NoError(t, err)
	require.Equal(t, "LIC-20 26-Ann/7.", template.Fill(s, path))
	require.Equal(t, []string{"year"}, template.PathNames())
	for _, bad := range []string{"{rand}", "{form}", "{form:}", "{", "{random", "{cookie:x}"} {
		_, err := ParseTemplate(bad)
		require.Error(t, err, bad)
	}
	random, err := ParseTemplate("{random}")
	require.NoError(t, err)
	require.Regexp(t, `^[ABCDEFGHJKMNPQRSTVWXYZ2346789]{10}$`, random.Fill(s, path))
	require.NotEqual(t, random.Fill(s, path), random.Fill(s, path))
}
