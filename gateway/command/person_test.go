package command

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPersonListsWhatIsHeldAndErasesByID(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, r *http.Request) {
		answer := `{"journeys": [{"id": "A", "reference": "LIC-1", "state": "released", "typed": {"name": "Zoe"},
			"metadata": {"who": "Zoe"}, "email": "zoe@example.org", "reply_kept": true, "left": "Not yet."}],
			"kept": [{"what": "IDs", "why": "Proof."}]}`
		if r.URL.Path == "/person/erase" {
			answer = `{"erased": ["A"], "left": [{"id": "B", "why": "It has not ended."}], "kept": []}`
		}
		_, _ = io.WriteString(w, answer)
	})
	status, stdout, _ := s.run(t, "person", "-q", "zoe")
	require.Zero(t, status)
	require.Equal(t, []string{`POST /person {"q":"zoe"}`}, s.asked)
	for _, line := range []string{
		"LIC-1: Complete (released)", "Typed name: Zoe", "Metadata who: Zoe", "E-mail address: zoe@example.org",
		"The service's answer is kept.", "This cannot be erased yet. Not yet.", "  IDs. Proof.",
	} {
		require.Contains(t, stdout, line)
	}
	_, stdout, _ = s.run(t, "person", "-q", "zoe", "-format", "json")
	require.Contains(t, stdout, `"email": "zoe@example.org"`)

	for _, args := range [][]string{
		{"-erase", "a", "b", "-reason", "asked"},
		{"-reason", "asked", "-erase", "A,B"},
		{"-erase", "A", "-reason", "asked", "B"},
	} {
		status, stdout, _ = s.run(t, append([]string{"person"}, args...)...)
		require.Zero(t, status)
		require.Equal(t, []string{`POST /person/erase {"journeys":["A","B"],"reason":"asked"}`}, s.asked)
		require.Contains(t, stdout, "A: what came from the citizen is erased\nB: left as it is. It has not ended.\n")
	}
	for _, args := range [][]string{
		{"-erase", "A"}, {"-erase", "A", "-q", "zoe", "-reason", "x"}, {"zoe"}, {"-q", "zoe", "-format", "csv"},
	} {
		status, _, _ = s.run(t, append([]string{"person"}, args...)...)
		require.Equal(t, 2, status, args)
		require.Empty(t, s.asked)
	}
}

func TestPersonReadsTheSearchFromStandardInput(t *testing.T) {
	t.Parallel()
	s := newStaffServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	environ := []string{"PAYGATE_STAFF_URL=" + s.URL, "PAYGATE_STAFF_TOKEN=" + staffToken}
	e := Env{Environ: environ, Stdin: strings.NewReader("Zoe Zebedee\n"), Stdout: new(bytes.Buffer), Stderr: io.Discard}
	require.Zero(t, Run(t.Context(), e, []string{"person"}))
	require.Equal(t, []string{`POST /person {"q":"Zoe Zebedee"}`}, s.asked)
}
