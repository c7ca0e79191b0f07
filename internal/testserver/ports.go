package testserver

import (
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// QuietPort is the last that was opened.
var QuietPort atomic.Int64

// QuietListener listens on a port below those that the system gives to outgoing connections. It uses no port twice, so
// that a test can close the port and open it again.
func QuietListener(t testing.TB) net.Listener {
	t.Helper()
	for range 200 {
		if listener, err := net.Listen("tcp",
			"127.0.0.1:"+strconv.Itoa(12000+int(QuietPort.Add(1)%18000))); err == nil {
			return listener
		}
	}
	t.Fatal("no free port")
	return nil
}

// FreePorts returns the first of n consecutive free ports.
func FreePorts(t *testing.T, n int) int {
	t.Helper()
	for range 50 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := first.Addr().(*net.TCPAddr).Port
		held := []net.Listener{first}
		for i := 1; i < n && port+n < 65535; i++ {
			if next, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+i)); err == nil {
				held = append(held, next)
			}
		}
		for _, listener := range held {
			_ = listener.Close()
		}
		if len(held) == n {
			return port
		}
	}
	t.Fatal("no free ports in a row")
	return 0
}
