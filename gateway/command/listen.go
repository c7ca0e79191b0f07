package command

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
)

// listen opens an address, which can be "unix:" followed by the path of a socket.
func listen(address string) (net.Listener, error) {
	path, isSocket := strings.CutPrefix(address, "unix:")
	if !isSocket {
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
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New(path + " already exists and is not a socket")
	}
	if conn, err := net.Dial("unix", path); err == nil {
		return errors.Join(errors.New("another process listens on "+path), conn.Close())
	}
	return os.Remove(path)
}
