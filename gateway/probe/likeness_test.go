package probe_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/probe"
)

func answer(status int, body string, header ...string) probe.Answer {
	a := probe.Answer{Status: status, Header: http.Header{}, Body: body}
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
	y := probe.Yardstick{Path: "/licences/apply", Plain: []probe.Answer{received, another}, Absent: []probe.Answer{missing, lost, front}}
	require.NoError(t, y.Check())
	for name, c := range map[string]struct {
		answer  probe.Answer
		verdict probe.Verdict
	}{
		"the code's own":           {answer(200, strings.ReplaceAll(receipt, "4711", "9999")), probe.Likely},
		"not found":                {answer(404, "<h1>Not found</h1><p>There is no page /x here.</p>"), probe.NotRun},
		"the front page":           {front, probe.NotRun},
		"refused by the server":    {answer(400, "Bad Request"), probe.NotRun},
		"sent to the plain path":   {answer(308, "", "Location", "/licences/apply"), probe.NotRun},
		"another page":             {answer(200, "<h1>Opening hours</h1><p>Monday to Friday.</p>"), probe.Unclear},
		"the code, and it failed":  {answer(500, "<h1>Sorry</h1>"), probe.Unclear},
		"the same in another type": {answer(200, receipt, "Content-Type", "text/plain"), probe.Unclear},
	} {
		require.Equal(t, c.verdict, y.Measure(c.answer), name)
	}
}

func TestRedirectsAreToldApartByTheirGoal(t *testing.T) {
	t.Parallel()
	done := func(number string) probe.Answer {
		return answer(303, "", "Location", "/licences/confirmation/RVM-"+number+"?flash=x")
	}
	login := answer(302, "", "Location", "/login")
	y := probe.Yardstick{Path: "/licences/apply", Plain: []probe.Answer{done("0001"), done("0002")}, Absent: []probe.Answer{missing}}
	require.NoError(t, y.Check())
	require.Equal(t, probe.Likely, y.Measure(done("0417")))
	require.Equal(t, probe.Unclear, y.Measure(login))
	require.Equal(t, probe.NotRun, y.Measure(answer(301, "", "Location", "http://apply.example/licences/apply")))
	everywhere := probe.Yardstick{Plain: []probe.Answer{login, login}, Absent: []probe.Answer{login}}
	require.ErrorIs(t, everywhere.Check(), probe.ErrSame)
}

func TestATextIsCertain(t *testing.T) {
	t.Parallel()
	y := probe.Yardstick{Expect: "Application received", Plain: []probe.Answer{received}, Absent: []probe.Answer{missing}}
	require.NoError(t, y.Check())
	require.Equal(t, probe.Ran, y.Measure(answer(500, "Application received, and then it broke")))
	require.Equal(t, probe.NotRun, y.Measure(front))
	y.Expect = "Not found"
	require.ErrorIs(t, y.Check(), probe.ErrTextElsewhere)
	y.Expect = "elephant"
	require.ErrorIs(t, y.Check(), probe.ErrNoText)
}

func TestWhatCannotBeTold(t *testing.T) {
	t.Parallel()
	unsteady := probe.Yardstick{Plain: []probe.Answer{received, front}, Absent: []probe.Answer{missing}}
	require.ErrorIs(t, unsteady.Check(), probe.ErrUnsteady)
	same := probe.Yardstick{Plain: []probe.Answer{front, front}, Absent: []probe.Answer{front}}
	require.ErrorIs(t, same.Check(), probe.ErrSame)
}
