package probe

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func page(status int, body string, header ...string) answer {
	a := answer{status: status, header: http.Header{}, body: body}
	a.header.Set("Content-Type", "text/html")
	for i := 0; i < len(header); i += 2 {
		a.header.Set(header[i], header[i+1])
	}
	return a
}

// Answers of a service that says the same in different words each time.
var (
	receipt = "<h1>Application received</h1>" +
		"<p>Your reference is LIC-4711, token 9f3ac0. We write to you at Ann within ten days.</p>"
	received = page(200, receipt)
	another  = page(200, strings.NewReplacer("4711", "4712", "9f3ac0", "77aa01").Replace(receipt))
	missing  = page(404, "<h1>Not found</h1><p>There is no page /paygate-probe-nowhere here.</p>")
	lost     = page(404, "<h1>Not found</h1><p>There is no page /licences/paygate-probe-nowhere here.</p>")
	front    = page(200, "<h1>Fishing licences</h1><p>Apply for a licence, renew one, or look one up.</p>")
)

func TestYardstickTellsAnswersApart(t *testing.T) {
	t.Parallel()
	y := yardstick{path: "/licences/apply", plain: []answer{received, another}, others: []answer{missing, lost, front}}
	require.NoError(t, y.check())
	for name, c := range map[string]struct {
		answer answer
		effect effect
	}{
		"the code's own":           {page(200, strings.ReplaceAll(receipt, "4711", "9999")), likely},
		"not found":                {page(404, "<h1>Not found</h1><p>There is no page /x here.</p>"), notRun},
		"the front page":           {front, notRun},
		"refused by the server":    {page(400, "Bad Request"), notRun},
		"sent to the plain path":   {page(308, "", "Location", "/licences/apply"), notRun},
		"another page":             {page(200, "<h1>Opening hours</h1><p>Monday to Friday.</p>"), unclear},
		"the code, and it failed":  {page(500, "<h1>Sorry</h1>"), unclear},
		"the same in another type": {page(200, receipt, "Content-Type", "text/plain"), unclear},
	} {
		require.Equal(t, c.effect, y.effectOf(c.answer), name)
	}
}

func TestYardstickTellsRedirectsApart(t *testing.T) {
	t.Parallel()
	done := func(number string) answer {
		return page(303, "", "Location", "/licences/confirmation/RVM-"+number+"?flash=x")
	}
	login := page(302, "", "Location", "/login")
	y := yardstick{path: "/licences/apply", plain: []answer{done("0001"), done("0002")}, others: []answer{missing}}
	require.NoError(t, y.check())
	require.Equal(t, likely, y.effectOf(done("0417")))
	require.Equal(t, unclear, y.effectOf(login))
	require.Equal(t, notRun, y.effectOf(page(301, "", "Location", "http://apply.example/licences/apply")))
	everywhere := yardstick{plain: []answer{login, login}, others: []answer{login}}
	require.ErrorIs(t, everywhere.check(), errSame)
}

func TestExpectedTextDecides(t *testing.T) {
	t.Parallel()
	y := yardstick{expect: "Application received", plain: []answer{received}, others: []answer{missing}}
	require.NoError(t, y.check())
	require.Equal(t, ran, y.effectOf(page(500, "Application received, and then it broke")))
	require.Equal(t, notRun, y.effectOf(front))
	y.expect = "Not found"
	require.ErrorIs(t, y.check(), errAnywhere)
	y.expect = "elephant"
	require.ErrorIs(t, y.check(), errNoText)
}

func TestYardstickRefusesAnswersItCannotTellApart(t *testing.T) {
	t.Parallel()
	unsteady := yardstick{plain: []answer{received, front}, others: []answer{missing}}
	require.ErrorIs(t, unsteady.check(), errUnsteady)
	same := yardstick{plain: []answer{front, front}, others: []answer{front}}
	require.ErrorIs(t, same.check(), errSame)
	again := yardstick{plain: []answer{front, front}, others: []answer{missing}, page: []answer{front}}
	require.ErrorIs(t, again.check(), errPage)
}
