package testserver

import (
	"bytes"
	"flag"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// LongTimeout ends a test that hangs. No test waits for it.
const LongTimeout = 2 * time.Minute

var launch = flag.String("launch", "",
	"a command that becomes the real program, put before it: to bound what a replica may use of a processor")

// Program is the real program in a process of its own.
type Program struct {
	T      testing.TB
	Cmd    *exec.Cmd
	Stdout bytes.Buffer // to be read when it has ended
	log    *LogBuffer
	Exited chan struct{}
}

// BuildBinary builds a program as it ships, without the instrumentation of the tests.
func BuildBinary(t testing.TB, program string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "paygate")
	out, err := exec.Command("go", "build", "-o", binary, program).CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// StartProgram starts "paygate" with these settings only. The end of the test kills it.
func StartProgram(t testing.TB, environ []string, args ...string) *Program {
	t.Helper()
	binary, err := exec.LookPath("paygate") // the launcher may have another path to search
	require.NoError(t, err)
	command := append(append(strings.Fields(*launch), binary), args...)
	return StartBinary(t, command[0], environ, command[1:]...)
}

// StartBinary does the same with another binary.
func StartBinary(t testing.TB, binary string, environ []string, args ...string) *Program {
	t.Helper()
	p := &Program{T: t, Cmd: exec.Command(binary, args...), log: &LogBuffer{}, Exited: make(chan struct{})}
	p.Cmd.Env, p.Cmd.Stdout, p.Cmd.Stderr = environ, &p.Stdout, p.log
	require.NoError(t, p.Cmd.Start())
	go func() {
		_ = p.Cmd.Wait()
		close(p.Exited)
	}()
	t.Cleanup(p.Kill)
	return p
}

// Kill kills the program and waits for its end.
func (p *Program) Kill() {
	_ = p.Cmd.Process.Kill()
	<-p.Exited
}

// Wait waits for the end of the program, and returns its exit status.
func (p *Program) Wait() int {
	p.T.Helper()
	select {
	case <-p.Exited:
	case <-time.After(LongTimeout):
		p.T.Fatalf("the program does not end\n%s", p.Logged())
	}
	return p.Cmd.ProcessState.ExitCode()
}

// Logged returns what the program has logged.
func (p *Program) Logged() string { return p.log.String() }

// WaitForLog waits until the log contains a text.
func (p *Program) WaitForLog(text string) {
	p.T.Helper()
	hung := time.AfterFunc(LongTimeout, p.Kill)
	defer hung.Stop()
	require.True(p.T, p.log.Wait(text, p.Exited), "the program never logs %s:\n%s", text, p.Logged())
}
