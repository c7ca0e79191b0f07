package command

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// listen opens an address, which can be "unix:" followed by the path of a socket.
func listen(address string) (net.Listener, error) {
	path, found := strings.CutPrefix(address, "unix:")
	if !found {
		return net.Listen("tcp", address)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	// Any user may connect: the permissions of the folder decide who reaches the socket.
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// removeStale removes a socket whose process ended without closing it.
func removeStale(path string) error {
	if exists, err := isSocket(path); err != nil || !exists {
		return err
	}
	if conn, err := net.Dial("unix", path); err == nil {
		return errors.Join(errors.New("another process listens on "+path), conn.Close())
	}
	return os.Remove(path)
}

// isSocket reports whether there is a socket. Another kind of file is an error.
func isSocket(path string) (bool, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Mode().Type() != fs.ModeSocket:
		return false, errors.New(path + " already exists and is not a socket")
	}
	return true, nil
}

// canListen returns why listen would fail, without disturbing a process that listens at the address.
func canListen(address string) error {
	if path, found := strings.CutPrefix(address, "unix:"); found {
		_, err := isSocket(path)
		return errors.Join(err, canWriteIn(filepath.Dir(path)))
	}
	host, _, _ := net.SplitHostPort(address)
	if _, err := netip.ParseAddr(host); err != nil {
		return nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return err
	}
	return listener.Close()
}

func canWriteIn(folder string) error {
	file, err := os.CreateTemp(folder, ".paygate-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
