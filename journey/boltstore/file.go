package boltstore

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paygate/journey"
)

const lockTimeout = 2 * time.Second

var (
	errInUse = errors.New("is in use by another Paygate process")
	// errStructure is damage to the file itself rather than to one journey.
	errStructure = errors.New("is damaged in its structure")
	// errUnreadable is damage on which bbolt panicked.
	errUnreadable = fmt.Errorf("%w: its pages cannot be read", errStructure)
	// errNotWritten is a failed commit: what the disk holds is then unknown.
	errNotWritten = errors.New("could not be written")
)

// examine refuses files that bbolt would misread: it would turn an empty file into a new store, meet the missing pages
// of a truncated one as memory faults, and go back a change if a first page is damaged.
func examine(path string, timeout time.Duration) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("cannot be examined: %w", err)
	case info.IsDir():
		return errors.New("is a folder")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	case info.Size() == 0:
		return errors.New("is an empty file: what was in it is gone. Restore a backup, or remove it to start again")
	}
	return view(path, bolt.Options{ReadOnly: true, Timeout: timeout}, func(tx *bolt.Tx) error {
		info, err := os.Stat(path) // again, because a process that had the lock may have written
		switch {
		case err != nil:
			return err
		case info.Size() < tx.Size():
			return fmt.Errorf("is cut off: it has %d bytes of at least %d. Restore a backup", info.Size(), tx.Size())
		}
		return withTree(tx, (*tree).firstPages)
	})
}

// view runs visit in a file that it opens and closes.
func view(path string, o bolt.Options, visit func(*bolt.Tx) error) error {
	db, _, err := openFile(path, o)
	if err != nil {
		return err
	}
	err = guard(func() error { return db.View(visit) })
	return errors.Join(err, db.Close())
}

// openFile describes bbolt's errors, and its panics on damaged files, in plain words. It returns the file too, because
// bbolt may not be able to close it after a panic.
func openFile(path string, o bolt.Options) (db *bolt.DB, file *os.File, err error) {
	o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		var err error
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	defer func() {
		if errors.Is(err, errStructure) { // bbolt panicked, and left the file open and locked
			_ = abandon(file)
		}
	}()
	defer recoverDamage(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o.Timeout = cmp.Or(o.Timeout, lockTimeout)
	o.FreelistType = bolt.FreelistMapType
	db, err = bolt.Open(path, 0o600, &o)
	return db, file, describe(err)
}

// abandon closes a file that bbolt may still have mapped, so that it does not stay locked.
func abandon(file *os.File) error {
	return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
}

// describe says in plain words why a file could not be opened.
func describe(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return errInUse
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch),
		errors.Is(err, bolterrors.ErrChecksum):
		return errors.New("is damaged, or not a Paygate store")
	case strings.HasPrefix(err.Error(), "file size too small"):
		return errors.New("is cut off within its first pages. Restore a backup")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read and written by this user")
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("cannot be created: its folder does not exist")
	case isFull(err):
		return fmt.Errorf("cannot be opened: %w: %w", journey.ErrFull, err)
	default:
		return fmt.Errorf("cannot be opened: %w", err)
	}
}

// syncFolder makes the new file's name as durable as its content.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("is new, and its folder cannot be opened: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("is new, and its folder cannot be made durable: %w", err)
	}
	return nil
}
