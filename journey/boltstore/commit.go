package boltstore

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	bolt "go.etcd.io/bbolt"

	"paygate/journey"
)

// committer lets changes that come at the same time share one commit, which costs a write to the disk. Unlike bbolt's
// Batch it commits in goroutines that are ours, so that a panic on a damaged page does not end the process.
type committer struct {
	db   *bolt.DB
	file *os.File

	mu      sync.Mutex
	waiting []*pending

	// busy holds a token while a goroutine commits. Unlike a mutex, it goes to those that wait in their order: a writer
	// that comes back at once finds others before it, and shares their commit.
	busy   chan struct{}
	broken error // what ended writing; guarded by busy
}

// pending is a change that waits for its commit.
type pending struct {
	change    func(*bolt.Tx) error
	committed bool // guarded by busy
}

func newCommitter(db *bolt.DB, file *os.File) *committer {
	return &committer{db: db, file: file, busy: make(chan struct{}, 1)}
}

// run commits a change together with all that are waiting, and by itself if that fails.
func (c *committer) run(change func(*bolt.Tx) error) error {
	p := &pending{change: change}
	c.mu.Lock()
	c.waiting = append(c.waiting, p)
	c.mu.Unlock()

	c.busy <- struct{}{}
	defer func() { <-c.busy }()
	if !p.committed {
		c.commitWaiting()
	}
	if p.committed {
		return nil
	}
	return c.update(change)
}

// commitWaiting commits the waiting changes together. It leaves out those that fail, because the others must not fail
// with them, and one that is left alone: their own goroutines try them again.
func (c *committer) commitWaiting() {
	c.mu.Lock()
	batch := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for len(batch) > 1 {
		failed := c.commit(batch)
		if failed < 0 {
			return
		}
		batch = slices.Delete(batch, failed, failed+1)
	}
}

// commit commits all changes or none. It returns the index of a change that failed, or -1.
func (c *committer) commit(batch []*pending) (failed int) {
	failed = -1
	err := c.update(func(tx *bolt.Tx) error {
		for i, p := range batch {
			if err := p.change(tx); err != nil {
				failed = i
				return err
			}
		}
		return nil
	})
	for _, p := range batch {
		p.committed = err == nil
	}
	return failed
}

// update ends all writing after two errors. Once bbolt has met pages that it cannot read, it may still hold its locks,
// and what it would write could do more harm. Once a commit has failed for anything but a lack of space, the system may
// have dropped pages that bbolt takes for written, and the next commit would build on them.
func (c *committer) update(change func(*bolt.Tx) error) error {
	if c.broken != nil {
		return c.broken
	}
	changed := false
	err := guard(func() error {
		return c.db.Update(func(tx *bolt.Tx) error {
			err := change(tx)
			changed = err == nil
			return err
		})
	})
	switch {
	case errors.Is(err, errUnreadable):
		c.broken = err
	case isFull(err):
		return fmt.Errorf("%w: %w", journey.ErrFull, err)
	case changed && err != nil:
		c.broken = fmt.Errorf("%w: %w", errNotWritten, err)
		return c.broken
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
