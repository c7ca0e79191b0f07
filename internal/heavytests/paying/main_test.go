// Package paying tests payments in a browser: forms, cookies, tabs, frames and the scripts of libraries.
package paying

import (
	"testing"

	"paygate/internal/testprocess"
)

func TestMain(m *testing.M) { testprocess.Main(m) }
