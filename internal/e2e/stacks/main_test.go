package stacks

import (
	"testing"

	"paygate/internal/testprocess"
)

func TestMain(m *testing.M) { testprocess.Main(m) }
