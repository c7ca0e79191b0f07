package form

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCouldBeField(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"licence", "Licence", "LICENCE", "licence[]", "licence[0]", "licence[ 1 ]", "licence.0", " licence ",
		"licence\x00x", "licence[", "licence[x]", "li\x00cence",
		"[licence]", "[licence", "]licence", "licence]", "[[licence]]", "!licence", "_licence", "'licence'",
		`"licence`, "\ufefflicence", "lic\u200bence",
		"ｌicence", "lic%65nce", "lic%2565nce", "lic%u0065nce", "licence%00", "+licence", "model.licence",
		"m[licence]", "['licence']", "top['licence']", "ctl00$Main$licence",
		"[licence]x", "[licence][x]", "licence]x", "m[licence]x", "m[licence].x", "licence[x]y", "x.licence]y",
		"form:licence", "a.b[0].licence[]", "lic\xffence", "licen\xc1\xa3e", "%25%36%63icence",
	} {
		require.True(t, CouldBeField(name, "licence"), "%q", name)
	}
	for _, c := range [][2]string{
		{"licence.type", "licence_type"},
		{"licence type", "licence_type"},
		{"licence-type", "licence_type"},
		{"LicenceType", "licence_type"},
		{"x.licence_type", "licence_type"},
		{"application.licence", "application[licence]"},
		{"licence", "application[licence]"},
		{"Licence", "model.licence"},
		{"application[licence]x", "application[licence]"},
		{"application[licence].x", "application[licence]"},
		{"application[licence][]", "application[licence]"},
		{"application[licence][x]", "application[licence]"},
		{"application[licence", "application[licence]"},
		{"application]licence", "application[licence]"},
		{"application[[licence]]x", "application[licence]"},
		{" application[licence]x", "application[licence]"},
		{"application%5Blicence%5Dx", "application[licence]"},
		{"[application]x[licence]y", "application[licence]"},
		{"[application][licence]", "application[licence]"},
		{"application[]licence", "application[licence]"},
		{"the.form[licence]x", "the_form[licence]"},
		{"the form[licence]x", "the_form[licence]"},
		{"a[b]c[d]e[f]g", "a[b][d][f]"},
		{"form1$application[licence]x", "application[licence]"},
		{"ſtep", "step"},
		{"stép", "step"},
	} {
		require.True(t, CouldBeField(c[0], c[1]), "%q", c)
	}
	for _, c := range [][2]string{
		{"licences", "licence"},
		{"lic", "licence"},
		{"", "licence"},
		{"xlicence", "licence"},
		{"licence2", "licence"},
		{"line2", "line1"},
		{"address_2", "address_1"},
		{"application[name]", "application[licence]"},
		{"type", "licence_type"},
		{"licence[type]", "type[licence]"},
		{"-", "licence"},
		{"licence.holder", "licence"},
		{"application[holder]licence", "application[licence]"},
		{"application[x]", "application[licence]"},
		{"application", "application[licence]"},
		{"applicationx[licence]y", "application[licence]"},
	} {
		require.False(t, CouldBeField(c[0], c[1]), "%q", c)
	}
}

// Otherwise this would take an hour.
func TestALongNameIsReadOnce(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{".", "?/", "a.", "[", "[]", "]", "[x]licences", "[lic[ences]x"} {
		require.False(t, CouldBeField(strings.Repeat(unit, 1<<18/len(unit)), "licence"), unit)
	}
	require.True(t, CouldBeField(strings.Repeat("x.", 1<<17)+"licence", "licence"))
}
