package boltstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// read runs visit in a transaction that only reads.
func (s *Store) read(ctx context.Context, visit func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return advise(guard(func() error { return s.db.View(visit) }))
}

// write runs change in a transaction that it shares with other writers. change may run more than once; its error comes
// back unchanged, and undoes only this change.
func (s *Store) write(ctx context.Context, change func(*bolt.Tx) error) error {
	err := s.commits.run(func(tx *bolt.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return change(tx)
	})
	if panicked, ok := errors.AsType[callersPanic](err); ok {
		panic(panicked.value)
	}
	return advise(err)
}

// advise completes the sentences that errStructure and errNotWritten begin.
func advise(err error) error {
	switch {
	case errors.Is(err, errStructure):
		return fmt.Errorf("the store %w. Stop Paygate, run paygate check -store, and restore a backup", err)
	case errors.Is(err, errNotWritten):
		return fmt.Errorf("the store %w. Paygate writes again after a restart, once the disk is sound", err)
	}
	return err
}

// guard turns bbolt's panics on damaged pages, and faults of the disk under its memory map, into errors.
func guard(do func() error) (err error) {
	defer recoverDamage(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return do()
}

func recoverDamage(err *error) {
	if trouble := recover(); trouble != nil {
		*err = fmt.Errorf("%w: %v", errUnreadable, trouble)
	}
}

// callersPanic is a panic of a function that was handed to the store: a mistake in the program, not damage. It travels
// as an error to the goroutine of that caller.
type callersPanic struct{ value any }

func (p callersPanic) Error() string { return fmt.Sprint("a change panicked: ", p.value) }

// call runs a function of the store's caller.
func call[A, B any](function func(A) (B, error), argument A) (result B, err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = callersPanic{trouble}
		}
	}()
	return function(argument)
}

// isFull reports whether there was no space to write. bbolt leaves nothing but the text of errors that it meets when it
// grows the file.
func isFull(err error) bool {
	if err == nil {
		return false
	}
	for _, noSpace := range []error{bolterrors.ErrMaxSizeReached, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		grown := strings.HasPrefix(err.Error(), "file ") && strings.Contains(err.Error(), noSpace.Error())
		if grown || errors.Is(err, noSpace) {
			return true
		}
	}
	return false
}
