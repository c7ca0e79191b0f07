package faults

import (
	"testing"

	"paygate/internal/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m, nil) }
