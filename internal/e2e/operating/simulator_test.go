package operating

import (
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/gateway/command"
	"paygate/gateway/notify"
	"paygate/internal/testserver"
)

func TestTheSimulatorIsANotifyToo(t *testing.T) {
	t.Parallel()
	simulator := testserver.StartCommand(t, command.Env{}, "REFUNDED_CY=", "simulator", "-listen", "127.0.0.1:0")
	printed := func(setting string) string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^` + setting + `=(\S+)$`).FindStringSubmatch(simulator.Log.String())
		require.NotNil(t, found, "%s in %s", setting, simulator.Log)
		return found[1]
	}
	key, err := notify.ParseKey(printed("PAYGATE_NOTIFY_API_KEY"))
	require.NoError(t, err)
	address, err := url.Parse(printed("PAYGATE_NOTIFY_API_URL"))
	require.NoError(t, err)
	client := notify.NewClient(notify.Options{URL: address, Key: key, Now: time.Now})
	for _, what := range []string{"DELIVERED", "DELIVERED_CY", "RETURNED", "RETURNED_CY", "REFUNDED", "REFUNDED_CY"} {
		check, err := client.Check(t.Context(), notify.Template(printed("PAYGATE_NOTIFY_TEMPLATE_"+what)))
		require.NoError(t, err)
		require.Equal(t, notify.TemplateCheck{}, check)
	}
}
