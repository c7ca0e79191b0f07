package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/gateway/origin"
	"paygate/gateway/reading"
)

func TestTheJudgeTellsWhatTheDoorWouldDo(t *testing.T) {
	t.Parallel()
	j := NewJudge(Options{
		Origins: origin.List{{Scheme: "https", Host: "apply.example"}}, Prefix: "/_pay", Methods: []string{"PROPFIND"},
		Routes: []Route{
			{Name: "licence", Match: patternOf(t, "POST /licences/apply"), Allow: []reading.Pattern{patternOf(t, "POST /licences/apply/photo")}, Strict: true, Mode: ModeOn},
			{Name: "register", Match: patternOf(t, "GET /register"), Mode: ModeOn},
			{Name: "fine", Match: patternOf(t, "POST /fines/pay"), Mode: ModeFree},
		},
	})
	for line, fate := range map[[2]string]Fate{
		{http.MethodPost, "/licences/apply"}:                     FateHeld,
		{http.MethodPost, "/licences/apply;jsessionid=1"}:        FateHeld,
		{http.MethodPost, "http://apply.example/licences/apply"}: FateHeld,
		{http.MethodPost, "/licences//apply"}:                    FateRefused,
		{http.MethodPost, "/licences/apply/x"}:                   FateRefused,
		{http.MethodPost, "/licences/apply/photo"}:               FateForwarded,
		{http.MethodPost, "/a b"}:                                FateRefused,
		{http.MethodPost, "/index.php?q=licences/apply"}:         FateForwarded,
		{http.MethodPost, "/fines/pay"}:                          FateForwarded,
		{http.MethodPost, "/_pay/again"}:                         FateOwn,
		{http.MethodPut, "/licences/apply"}:                      FateRefused,
		{"post", "/licences/apply"}:                              FateRefused,
		{"PROPFIND", "/dav"}:                                     FateForwarded,
		{http.MethodGet, "/licences/apply"}:                      FateForwarded,
		{http.MethodGet, "/register"}:                            FateHeld,
		{http.MethodGet, "//register"}:                           FateRefused,
		{http.MethodGet, "/./register?x"}:                        FateRedirected,
	} {
		require.Equal(t, fate, j.Fate(Tried{Method: line[0], Target: line[1]}), line)
	}
}
