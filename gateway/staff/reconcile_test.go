package staff_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFormsOfTheComparisonSayWhatIsWrongAndKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	b := l.admin(t)
	answer, text := b.do("/reconcile", url.Values{"from": {"2026-11-20"}, "to": {"2026-11-02"}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	require.Contains(t, text, `<a href="#from">From and to must be`)
	require.Contains(t, text, `value="2026-11-20"`)
	require.Contains(t, text, `value="2026-11-02"`)
	answer, text = b.do("/reconcile/adopt", url.Values{"payment_id": {"pay1"}, "reason": {" "}})
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	require.Contains(t, text, `<a href="#reason">Give a reason`)
	answer, text = l.do(t, http.MethodPost, "/reconcile", `{"from":"x"}`)
	require.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode)
	require.Contains(t, text, `"detail":"From and to must be`)
}
