package probe

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func answer(status int, body string, header ...string) Answer {
	a := Answer{Status: status, Header: http.Header{}, Body: body}
	a.Header.Set("Content-Type", "text/html")
	for i := 0; i < len(header); i += 2 {
		a.Header.Set(header[i], header[i+1])
	}
	return a
}

// The answers of a service that says the same in other words each time.
var (
	receipt  = "<h1>Application received</h1><p>Your reference is LIC-4711, token 9f3ac0. We write to you at Ann within ten days.</p>"
	received = answer(200, receipt)
	another  = answer(200, strings.NewReplacer("4711", "4712", "9f3ac0", "77aa01").Replace(receipt))
	missing  = answer(404, "<h1>Not found</h1><p>There is no page /paygate-probe-nowhere here.</p>")
	lost     = answer(404, "<h1>Not found</h1><p>There is no page /licences/paygate-probe-nowhere here.</p>")
	front    = answer(200, "<h1>Fishing licences</h1><p>Apply for a licence, renew one, or look one up.</p>")
)

func TestAnswersAreToldApartByLikeness(t *testing.T) {
	t.Parallel()
	y := Yardstick{Path: "/licences/apply", Plain: []Answer{received, another}, Absent: []Answer{missing, lost, front}}
	require.NoError(t, y.check())
	for name, c := range map[string]struct {
		answer  Answer
		verdict Verdict
	}{
		"the code's own":           {answer(200, strings.ReplaceAll(receipt, "4711", "9999")), Likely},
		"not found":                {answer(404, "<h1>Not found</h1><p>There is no page /x here.</p>"), NotRun},
		"the front page":           {front, NotRun},
		"refused by the server":    {answer(400, "Bad Request"), NotRun},
		"sent to the plain path":   {answer(308, "", "Location", "/licences/apply"), NotRun},
		"another page":             {answer(200, "<h1>Opening hours</h1><p>Monday to Friday.</p>"), Unclear},
		"the code, and it failed":  {answer(500, "<h1>Sorry</h1>"), Unclear},
		"the same in another type": {answer(200, receipt, "Content-Type", "text/plain"), Unclear},
	} {
		require.Equal(t, c.verdict, y.Measure(c.answer), name)
	}
}

func TestRedirectsAreToldApartByTheirGoal(t *testing.T) {
	t.Parallel()
	done := func(number string) Answer {
		return answer(303, "", "Location", "/licences/confirmation/RVM-"+number+"?flash=x")
	}
	login := answer(302, "", "Location", "/login")
	y := Yardstick{Path: "/licences/apply", Plain: []Answer{done("0001"), done("0002")}, Absent: []Answer{missing}}
	require.NoError(t, y.check())
	require.Equal(t, Likely, y.Measure(done("0417")))
	require.Equal(t, Unclear, y.Measure(login))
	require.Equal(t, NotRun, y.Measure(answer(301, "", "Location", "http://apply.example/licences/apply")))
	everywhere := Yardstick{Plain: []Answer{login, login}, Absent: []Answer{login}}
	require.ErrorIs(t, everywhere.check(), ErrSame)
}

func TestATextIsCertain(t *testing.T) {
	t.Parallel()
	y := Yardstick{Expect: "Application received", Plain: []Answer{received}, Absent: []Answer{missing}}
	require.NoError(t, y.check())
	require.Equal(t, Ran, y.Measure(answer(500, "Application received, and then it broke")))
	require.Equal(t, NotRun, y.Measure(front))
	y.Expect = "Not found"
	require.ErrorIs(t, y.check(), ErrTextElsewhere)
	y.Expect = "elephant"
	require.ErrorIs(t, y.check(), ErrNoText)
}

func TestWhatCannotBeTold(t *testing.T) {
	t.Parallel()
	unsteady := Yardstick{Plain: []Answer{received, front}, Absent: []Answer{missing}}
	require.ErrorIs(t, unsteady.check(), ErrUnsteady)
	same := Yardstick{Plain: []Answer{front, front}, Absent: []Answer{front}}
	require.ErrorIs(t, same.check(), ErrSame)
	again := Yardstick{Plain: []Answer{front, front}, Absent: []Answer{missing}, Page: []Answer{front}}
	require.ErrorIs(t, again.check(), ErrPage)
}
