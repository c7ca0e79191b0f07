package disaster

import (
	"paygate/internal/testserver"
	"testing"
)

func TestMain(m *testing.M) { testserver.Main(m, map[string]func(){"hasty": hasty}) }
