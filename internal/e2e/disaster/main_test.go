package disaster

import (
	"testing"

	"paygate/internal/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m, map[string]func(){"fast": fastProgram}) }
