package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Condition is what [Inspect] finds.
type Condition string

const (
	Missing Condition = "missing" // and the file can be created
	InUse   Condition = "in use"  // by another process
	Free    Condition = "free"
)

// Inspect reports whether [Open] could open the file, and fails as Open would. It changes nothing, and does not
// disturb a process that uses the file. It does not look for damaged pages.
func Inspect(path string) (Condition, error) {
	condition, err := inspect(path)
	if err != nil {
		return "", fmt.Errorf("the store %s %w", path, err)
	}
	return condition, nil
}

func inspect(path string) (Condition, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Missing, canCreate(path)
	}
	condition := Free
	err := examine(path, time.Nanosecond) // the lock is tried once
	if errors.Is(err, errInUse) {
		condition, err = InUse, nil
	}
	if err != nil {
		return "", err
	}
	return condition, canWrite(path)
}

// canCreate tries to create a file in the folder.
func canCreate(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".paygate-*")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("cannot be created: its folder does not exist")
	case err != nil:
		return errors.New("cannot be created: its folder may not be written by this user")
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func canWrite(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return errors.New("may not be read and written by this user")
	}
	return file.Close()
}
