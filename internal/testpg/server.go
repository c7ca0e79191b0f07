//go:build linux

package testpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a running server.
type Server struct {
	dir        string // of its files and its socket
	bin        string
	credential *syscall.Credential // nil: the user of the tests
	log        *serverLog
	process    *os.Process
	ended      chan struct{}
}

// start creates a cluster and starts its server.
func start() (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, log: &serverLog{}}
	if s.credential, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "paygate-postgres-"); err != nil {
		return nil, err
	}
	for _, step := range []func() error{s.initialise, s.launch, s.roles} {
		if err := step(); err != nil {
			s.stop()
			return nil, fmt.Errorf("%w\nThe end of its log:\n%s", err, s.log.last())
		}
	}
	return s, nil
}

// find returns the folder of the newest PostgreSQL that is installed.
func find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", missing{errors.New("PostgreSQL is not installed (on Debian: the package postgresql)")}
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// unprivileged returns the user postgres if the tests run as root, which PostgreSQL refuses.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, missing{errors.New("PostgreSQL does not run as root, and there is no user postgres")}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func (s *Server) initialise() error {
	if s.credential != nil {
		if err := os.Chown(s.dir, int(s.credential.Uid), int(s.credential.Gid)); err != nil {
			return err
		}
	}
	data := filepath.Join(s.dir, "data")
	initdb := s.command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Stdout = s.log
	if err := initdb.Run(); err != nil {
		return err
	}
	access := filepath.Join(data, "pg_hba.conf")
	return os.WriteFile(access, []byte("local all +"+passwords+" scram-sha-256\nlocal all all trust\n"), 0o600)
}

func (s *Server) roles() error {
	return s.do("CREATE ROLE " + owner + " LOGIN; CREATE ROLE " + passwords)
}

func (s *Server) command(name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), arguments...)
	cmd.Dir, cmd.Stderr, cmd.WaitDelay = s.dir, s.log, time.Second
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

// launch starts the server and waits until it accepts connections.
func (s *Server) launch() error {
	cmd := s.command("postgres", "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=400", "-c", "shared_buffers=32MB")
	ready := s.log.await("ready to accept")
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig goes by the thread, which must live as long as the server
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.ended = cmd.Process, ended
	select {
	case <-ready:
		return nil
	case <-ended:
		return errors.New("the server ended")
	case <-time.After(timeout):
		return errors.New("the server does not get ready")
	}
}

func (s *Server) end(signal syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(timeout):
		return errors.New("the server does not end")
	}
}

func (s *Server) stop() {
	if s.end(syscall.SIGQUIT) != nil {
		_ = s.process.Kill()
	}
	_ = os.RemoveAll(s.dir)
}

// Pause suspends the server until Resume or the end of the test: clients wait for an answer that does not come.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	t.Cleanup(func() { s.Resume(t) })
	s.signal(t, syscall.SIGSTOP)
}

// Resume continues a paused server.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGCONT)
}

// signal goes to the server first, so that it starts no more children, and then to its children.
func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	for _, child := range children(s.process.Pid) {
		if err := syscall.Kill(child, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
}

// children lists the processes whose parent is pid.
func children(pid int) (found []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // state, parent, …
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			found = append(found, child)
		}
	}
	return found
}
