package examples_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// output keeps what a process says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// run starts a server in the foreground, waits until it listens, and stops it with the test.
func run(t *testing.T, network, address string, command ...string) {
	t.Helper()
	said := &output{}
	process := exec.Command(command[0], command[1:]...)
	process.Stdout, process.Stderr = said, said
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	process.WaitDelay = 10 * time.Second
	require.NoError(t, process.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = process.Wait()
	}()
	t.Cleanup(func() { stop(process, ended) })
	require.Eventually(t, func() bool { return over(ended) || listens(network, address) }, 30*time.Second,
		10*time.Millisecond, "%s\n%s", command, said)
	require.False(t, over(ended), "%s\n%s", command, said)
}

// stop asks a process to end, and ends it with all its children if it does not.
func stop(process *exec.Cmd, ended chan struct{}) {
	_ = process.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
		<-ended
	}
}

func over(ended chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

func listens(network, address string) bool {
	conn, err := net.Dial(network, address)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// port is one that was free a moment ago.
func port(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, number, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return number
}

// home is a folder that a server can read after it gave up being root.
func home(t *testing.T) string {
	t.Helper()
	made, err := os.MkdirTemp("", "gate")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(made) })
	require.NoError(t, os.Chmod(made, 0o755))
	return made
}

// installed is where a program is; servers lie where not every user looks.
func installed(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
		if found, _ := filepath.Glob("/usr/sbin/" + name); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	missing(t, names[0]+" is not installed")
	return ""
}

func isRoot() bool { return os.Geteuid() == 0 }

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o755))
}

// writePages makes the pages that every site has, whatever serves it.
func writePages(t *testing.T, root, suffix, program string) {
	t.Helper()
	for name, text := range map[string]string{"about": "about us", "licences/apply-guidance": "guidance",
		"licences/renew": "renew"} {
		write(t, filepath.Join(root, name+suffix), fmt.Sprintf(program, text))
	}
	write(t, filepath.Join(root, "assets/apply.css"), "colour")
	write(t, filepath.Join(root, "a b.txt"), "blank")
	write(t, filepath.Join(root, "100%.txt"), "per cent")
}

// writePHP makes three services: of files, behind a router of the request's URI, and behind a router of the parameter
// q.
func writePHP(t *testing.T, root string) {
	t.Helper()
	router, err := os.ReadFile("testdata/router.php")
	require.NoError(t, err)
	for _, name := range []string{"files", "router", "query"} {
		writePages(t, filepath.Join(root, name), ".php", "<?php echo '%s';")
	}
	write(t, filepath.Join(root, "files/licences/apply.php"), "<?php echo '"+ran+"';")
	write(t, filepath.Join(root, "router/index.php"), string(router))
	write(t, filepath.Join(root, "query/index.php"), string(router))
}

// startPHP runs php-fpm and gives its socket.
func startPHP(t *testing.T, root string) string {
	t.Helper()
	fpm := installed(t, "php-fpm", "php-fpm[0-9]*")
	socket := filepath.Join(root, "fpm.sock")
	pool := "[global]\ndaemonize = no\nerror_log = /dev/stderr\n[www]\nlisten = " + socket +
		"\npm = static\npm.max_children = 2\n"
	command := []string{fpm, "-n", "-F", "-y", filepath.Join(root, "fpm.conf")}
	if isRoot() {
		pool, command = pool+"user = root\n", append(command, "-R")
	}
	write(t, filepath.Join(root, "fpm.conf"), pool)
	run(t, "unix", socket, command...)
	return socket
}
