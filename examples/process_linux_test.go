package examples_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testprocess"
)

// run starts a server in the foreground, and waits until it listens. The end of the test stops it.
func run(t *testing.T, network, address string, command ...string) {
	t.Helper()
	server := testprocess.Start(t, testprocess.InGroup(exec.Command(command[0], command[1:]...)))
	server.WaitFor(t, func() bool { return testprocess.Listens(network, address) })
}

// port returns a free port.
func port(t *testing.T) string {
	t.Helper()
	_, number, err := net.SplitHostPort(testprocess.FreeAddress(t))
	require.NoError(t, err)
	return number
}

// home returns a folder that a server can read when it runs as another user.
func home(t *testing.T) string {
	t.Helper()
	made, err := os.MkdirTemp("", "gate")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(made) })
	require.NoError(t, os.Chmod(made, 0o755))
	return made
}

func isRoot() bool { return os.Geteuid() == 0 }

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o755))
}

// writePages writes the free pages of a site.
func writePages(t *testing.T, root, suffix, program string) {
	t.Helper()
	for name, text := range map[string]string{
		"about": "about us", "licences/apply-guidance": "guidance",
		"licences/renew": "renew",
	} {
		write(t, filepath.Join(root, name+suffix), fmt.Sprintf(program, text))
	}
	write(t, filepath.Join(root, "assets/apply.css"), "colour")
	write(t, filepath.Join(root, "a b.txt"), "blank")
	write(t, filepath.Join(root, "100%.txt"), "per cent")
}

// writePHP writes three services: of files, with a router of the URI, and with a router of the parameter q.
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

// startPHP runs php-fpm and returns its socket.
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
