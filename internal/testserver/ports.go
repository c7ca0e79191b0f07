package testserver

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

// Quiet ports lie below those that the system gives to outgoing connections.
const firstQuietPort, quietPorts = 12000, 18000

// lastQuietPort begins anywhere, so that test binaries that run side by side rarely meet.
var lastQuietPort atomic.Int64

func init() { lastQuietPort.Store(rand.Int64N(quietPorts)) }

// QuietListener listens on a port that it returns only once, so that a test can close the port and open it again.
func QuietListener(t testing.TB) net.Listener {
	t.Helper()
	for range 200 {
		port := firstQuietPort + int(lastQuietPort.Add(1)%quietPorts)
		if listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			return listener
		}
	}
	t.Fatal("no free port")
	return nil
}
