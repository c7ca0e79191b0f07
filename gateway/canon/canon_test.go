package canon

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table of decoders into docs/explanation/threats.md")

func FuzzInterpret(f *testing.F) {
	f.Add("/a%2fb;c/%00")
	f.Add("licences/list-1.old_~x/")
	f.Fuzz(func(t *testing.T, path string) {
		set := Interpret("/"+path, MaxOfPath)
		require.Equal(t, "/"+path, set.Paths[0], "a path is its own first interpretation")
		require.LessOrEqual(t, len(set.Paths), MaxOfPath)
		for _, decoder := range decoders {
			if IsPlain("/" + path) {
				require.Equal(t, "/"+path, decoder.decode("/"+path), decoder.Name)
			}
			applied := decoder.apply("/"+path, IsASCII(path))
			require.Equal(t, decoder.decode("/"+path), applied, "%s: marks", decoder.Name)
		}
		for i, want := range set.Paths {
			got := "/" + path
			for _, decoder := range set.Decoders(i) {
				got = decoder.decode(got)
			}
			require.Equal(t, want, got, "the decoders of an interpretation make it")
		}
	})
}

func TestInterpretBoundsTheInterpretationsOfAHostilePath(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{
		"%2525252f", "/x/..;a/%2e", "/a%5c..;x%3a%00%23%3f%c0%af%25u0061+(S(x))", "/a.php/index.php", "%25",
	} {
		path := "/" + strings.Repeat(unit, 60_000/len(unit))
		set, size := Interpret(path, MaxOfPath), 0
		for _, interpretation := range set.Paths {
			size += len(interpretation)
		}
		require.LessOrEqual(t, len(set.Paths), MaxOfPath, unit)
		require.LessOrEqual(t, size, maxBytes+2*len(path), unit)
	}
}

// TestEachDecoder shows what each decoder of the table does.
func TestEachDecoder(t *testing.T) {
	t.Parallel()
	examples := map[string][2]string{
		"escapes decoded":                             {"/a%2Fb%zz%2561", "/a/b%zz%61"},
		"unreserved characters decoded":               {"/%61%2f%2e", "/a%2f."},
		"all escapes but slashes decoded":             {"/%61%2f%5C%20", "/a%2f%5C "},
		"`%uXXXX` decoded":                            {"/%u0061%U002f%u00", "/a/%u00"},
		"overlong UTF-8 decoded":                      {"/\xc1\xa1\xe0\x80\xaf\xc0\x2f\xff", "/a//\xff"},
		"bytes read as ISO 8859-1":                    {"/\xe9é", "/éé"},
		"`+` read as a space":                         {"/a+b", "/a b"},
		"compatible letters folded":                   {"/ａ∕b․", "/a/b."},
		"accents dropped":                             {"/éłß", "/elss"},
		"backslashes turned":                          {`/a\b`, "/a/b"},
		"slashes merged":                              {"//a///b/", "/a/b/"},
		"dot segments resolved":                       {"/../a/./b/../c/.", "/a/c/"},
		"`../` dropped":                               {"/a/../b/..", "/a/b"},
		"`;parameters` dropped":                       {"/a;x=1/b;y", "/a/b"},
		"NTFS streams dropped":                        {"/a::$DATA/b", "/a/b"},
		"cookieless tickets dropped":                  {"/(S(a)F(b))/c", "//c"},
		"cookieless tickets dropped with their slash": {"/(S(a)F(b))/c", "/c"},
		"cut at NUL":                                  {"/a\x00b", "/a"},
		"cut at `#`":                                  {"/a#b", "/a"},
		"cut at `?`":                                  {"/a?b", "/a"},
		"cut at a line end":                           {"/a\nb", "/a"},
		"cut at `&`":                                  {"/a&b=c", "/a"},
		"the last `&name=` taken":                     {"/a&x=b&url=c", "/c"},
		"invisible characters dropped":                {"/a\u200b\x01b", "/ab"},
		"all but ASCII dropped":                       {"/aéb", "/ab"},
		"tags dropped":                                {"/a<b>c<d", "/ac"},
		"blanks and final dots of segments dropped":   {"/ a. /b\t/..", "/a/b/.."},
	}
	for _, decoder := range decoders {
		example, found := examples[decoder.Name]
		require.True(t, found, decoder.Name)
		require.Equal(t, example[1], decoder.apply(example[0], IsASCII(example[0])), decoder.Name)
	}
	require.Len(t, decoders, len(examples))
}

func TestDecodersNameWhatLeadsToAnInterpretation(t *testing.T) {
	t.Parallel()
	set := Interpret("/x/%2e%2e/apply", MaxOfPath)
	at := -1
	for i, path := range set.Paths {
		if path == "/apply" {
			at = i
			break
		}
	}
	names, servers := Describe(set.Decoders(at))
	require.Equal(t, "escapes decoded, then dot segments resolved", names)
	require.Contains(t, servers, ", then all")
	require.Empty(t, set.Decoders(0))
}

// TestThePageOnThreatsHasTheTable compares the table in docs/explanation/threats.md with the decoders. With -update it
// writes it.
func TestThePageOnThreatsHasTheTable(t *testing.T) {
	const page, head = "../../docs/explanation/threats.md", "| what is done to a path | by |\n|---|---|\n"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), head)
	require.True(t, found)
	_, after, _ := strings.Cut("\n"+rest, "\n\n")
	var rows strings.Builder
	for _, decoder := range decoders {
		rows.WriteString("| " + decoder.Name + " | " + decoder.Servers + " |\n")
	}
	want := before + head + rows.String() + "\n" + after
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "go test ./gateway/canon -update")
}
