package canon

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzInterpret(f *testing.F) {
	f.Add("/a%2fb;c/%00")
	f.Add("licences/list-1.old_~x/")
	f.Fuzz(func(t *testing.T, path string) {
		set := Interpret("/"+path, MaxOfPath)
		require.Equal(t, "/"+path, set.Paths[0], "a path reads as itself")
		require.LessOrEqual(t, len(set.Paths), MaxOfPath)
		if IsPlain("/" + path) {
			for i, decoder := range decoders {
				require.Equal(t, "/"+path, decoder.decode("/"+path), "decoder %d", i)
			}
		}
	})
}

func TestAHostilePathHasBoundedReadings(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"%2525252f", "/x/..;a/%2e", "/a%5c..;x%3a%00%23%3f%c0%af%25u0061+(S(x))", "/a.php/index.php", "%25"} {
		path := "/" + strings.Repeat(unit, 60_000/len(unit))
		set, size := Interpret(path, MaxOfPath), 0
		for _, interpretation := range set.Paths {
			size += len(interpretation)
		}
		require.LessOrEqual(t, len(set.Paths), MaxOfPath, unit)
		require.LessOrEqual(t, size, maxBytes+2*len(path), unit)
	}
}
