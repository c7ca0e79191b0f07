package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"paygate/journey"
)

// read runs visit in a transaction that only reads.
func (s *Store) read(ctx context.Context, visit func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return advise(guard(func() error { return s.db.View(visit) }))
}

// write runs change in a transaction that it shares with other writers. change may run more than once; its error comes
// back as it is, and undoes this change alone.
func (s *Store) write(ctx context.Context, change func(*bolt.Tx) error) error {
	err := s.commits.run(func(tx *bolt.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return change(tx)
	})
	if isFull(err) {
		return fmt.Errorf("%w: %w", journey.ErrFull, err)
	}
	return advise(err)
}

// advise completes the sentence that errStructure begins.
func advise(err error) error {
	if errors.Is(err, errStructure) {
		return fmt.Errorf("the store %w. Stop Paygate, run paygate check -store, and restore a backup", err)
	}
	return err
}

// committer lets changes that come at the same time share one commit, which costs a write to the disk. Unlike bbolt's
// Batch it commits in goroutines that are ours, so that a panic on a damaged page does not end the process.
type committer struct {
	db   *bolt.DB
	file *os.File

	busy   chan struct{} // holds a token while a goroutine commits
	broken error         // what ended writing; guarded by busy

	mu      sync.Mutex
	waiting []*pending
}

// pending is a change that waits for its commit.
type pending struct {
	change func(*bolt.Tx) error
	done   chan struct{}
	err    error // valid once done is closed
}

// errAlone says that a change failed together with others, and must be tried by itself.
var errAlone = errors.New("to be tried alone")

func newCommitter(db *bolt.DB, file *os.File) *committer {
	return &committer{db: db, file: file, busy: make(chan struct{}, 1)}
}

// run commits a change, and all others that are waiting unless another goroutine is committing.
func (c *committer) run(change func(*bolt.Tx) error) error {
	p := &pending{change: change, done: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, p)
	c.mu.Unlock()
	select {
	case <-p.done:
	case c.busy <- struct{}{}:
		c.commitWaiting()
	}
	if !errors.Is(p.err, errAlone) {
		return p.err
	}
	c.busy <- struct{}{}
	defer func() { <-c.busy }()
	return c.update(change)
}

func (c *committer) commitWaiting() {
	defer func() { <-c.busy }()
	c.mu.Lock()
	batch := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for len(batch) > 0 {
		failed, err := c.commit(batch)
		if failed < 0 {
			if err != nil && len(batch) > 1 { // perhaps because of one: the others must not fail with it
				err = errAlone
			}
			finish(batch, err)
			return
		}
		finish(batch[failed:failed+1], errAlone)
		batch = slices.Delete(batch, failed, failed+1)
	}
}

func finish(batch []*pending, err error) {
	for _, p := range batch {
		p.err = err
		close(p.done)
	}
}

// commit commits all changes together or none. It reports which of them failed, or -1.
func (c *committer) commit(batch []*pending) (failed int, err error) {
	failed = -1
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("a change panicked: %v", trouble)
		}
	}()
	err = c.update(func(tx *bolt.Tx) error {
		for i, p := range batch {
			failed = i
			if err := p.change(tx); err != nil {
				return err
			}
		}
		failed = -1
		return nil
	})
	return failed, err
}

// update ends all writing once bbolt has met pages that it cannot read: it may still hold its locks, and what it would
// write could do more harm.
func (c *committer) update(change func(*bolt.Tx) error) error {
	if c.broken != nil {
		return c.broken
	}
	err := guard(func() error { return c.db.Update(change) })
	if errors.Is(err, errUnreadable) {
		c.broken = err
	}
	return err
}

// close waits for commits under way. bbolt might wait for its own locks for ever to close a broken file.
func (c *committer) close() error {
	c.busy <- struct{}{}
	defer func() { <-c.busy }()
	if c.broken != nil {
		return abandon(c.file)
	}
	return c.db.Close()
}

// guard turns bbolt's panics on damaged pages, and faults of the disk under its memory map, into errors.
func guard(do func() error) (err error) {
	defer recoverDamage(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return do()
}

func recoverDamage(err *error) {
	switch trouble := recover().(type) {
	case nil:
	case callersPanic:
		panic(trouble)
	default:
		*err = fmt.Errorf("%w: %v", errUnreadable, trouble)
	}
}

// callersPanic is a panic of a function that was handed to the store: a mistake in the program, not damage.
type callersPanic struct{ value any }

// call runs a function of the store's caller.
func call[A, B any](function func(A) (B, error), argument A) (B, error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			panic(callersPanic{trouble})
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
