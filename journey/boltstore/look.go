package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Found says how a store's file is found.
type Found string

const (
	// FoundNone is no file yet, in a folder where one can be made.
	FoundNone Found = "none"
	// FoundInUse is a file that another process uses.
	FoundInUse Found = "in use"
	// FoundFree is a file that nobody uses, as far as its size tells.
	FoundFree Found = "free"
)

// Look tells whether the file could be opened, without opening it for use: nothing in it changes, and a process that uses it, or
// begins to, is not disturbed. It fails in the words of [Open]; of the structure it checks the size alone.
func Look(path string) (Found, error) {
	found, err := look(path)
	if err != nil {
		return "", fmt.Errorf("the store %s %w", path, err)
	}
	return found, nil
}

func look(path string) (Found, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return FoundNone, lookForRoom(path)
	}
	err := examine(path, time.Nanosecond) // the lock is tried once, and let go at once
	switch {
	case errors.Is(err, errInUse):
		return FoundInUse, lookForWriting(path)
	case err != nil:
		return "", err
	}
	return FoundFree, lookForWriting(path)
}

// lookForRoom makes a file in the folder and removes it.
func lookForRoom(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".paygate-look-*")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("cannot be made: its folder does not exist")
	case err != nil:
		return errors.New("cannot be made: its folder may not be written by this user")
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func lookForWriting(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return errors.New("may not be read and written by this user")
	}
	return file.Close()
}
