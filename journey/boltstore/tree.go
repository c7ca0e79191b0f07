package boltstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"slices"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// What bbolt writes at the beginning of a page, and of each entry in it. Numbers are in the byte order of the machine.
const (
	pageHead     = 16 // number, kind, count of entries, pages that it needs besides the first
	entryHead    = 16 // in a branch: offset, key size, page; in a leaf: flags, offset, key size, value size
	bucketHead   = 16 // root, sequence; if the root is 0, a page follows
	branchPage   = 1
	leafPage     = 2
	freePage     = 16
	metaPages    = 2  // pages 0 and 1 say where the others are
	metaSum      = 56 // where their checksum is, after the head: it covers what comes before
	nestedBucket = 1  // the flag of an entry
)

// tree reads the pages of a bbolt file, and trusts none of them. bbolt does: a damaged page can send it round in
// circles, or to a value that is larger than the memory.
type tree struct {
	file     []byte
	pageSize uint64
	pages    uint64 // in use
	root     uint64
	free     map[uint64]bool // what they have is old: a journey in them may have gone on since
	seen     map[uint64]bool // in this walk
	visited  map[uint64]bool // in any walk
	shared   bool            // two buckets lead to a page, and the one that is not its own lacks one
	fault    error           // the first outside the buckets
}

// withTree hands over the file of a transaction. Nothing of it may be kept.
func withTree(tx *bolt.Tx, visit func(*tree) error) error {
	file, err := os.Open(tx.DB().Path())
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	size := min(info.Size(), tx.Size())
	mapped, err := syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	pageSize := uint64(tx.DB().Info().PageSize)
	t := &tree{
		file: mapped, pageSize: pageSize, pages: uint64(size) / pageSize, root: uint64(tx.Cursor().Bucket().Root()),
		visited: map[uint64]bool{},
	}
	t.free, t.fault = t.freePages(uint64(tx.ID()))
	return errors.Join(guard(func() error { return visit(t) }), syscall.Munmap(mapped))
}

// freePages returns the pages that the transaction does not use.
func (t *tree) freePages(transaction uint64) (map[uint64]bool, error) {
	var page []byte
	for number := range uint64(metaPages) {
		meta := t.file[number*t.pageSize+pageHead:]
		if binary.NativeEndian.Uint64(meta[48:]) == transaction {
			t.seen = map[uint64]bool{}
			var err error
			if page, err = t.page(binary.NativeEndian.Uint64(meta[32:])); err != nil {
				return nil, err
			}
		}
	}
	if len(page) == 0 || binary.NativeEndian.Uint16(page[8:]) != freePage {
		return nil, fmt.Errorf("%w: it has no list of free pages", errStructure)
	}
	count, numbers := uint64(binary.NativeEndian.Uint16(page[10:])), page[pageHead:]
	if count == math.MaxUint16 { // it is larger, and comes first
		count, numbers = binary.NativeEndian.Uint64(numbers), numbers[8:]
	}
	if count > uint64(len(numbers)/8) {
		return nil, fmt.Errorf("%w: its list of free pages is cut off", errStructure)
	}
	free, last := map[uint64]bool{}, uint64(metaPages-1)
	for n := range count {
		next := binary.NativeEndian.Uint64(numbers[n*8:])
		if next <= last {
			return nil, fmt.Errorf("%w: its list of free pages is not in order", errStructure)
		}
		free[next], last = true, next
	}
	return free, nil
}

// firstPages fails if one of the two pages that say where the others are is damaged. bbolt would go on from the other
// without a word, and that one may be a change behind. A power cut leaves both intact: each fits in a sector of a disk.
func (t *tree) firstPages() error {
	for number := range uint64(metaPages) {
		meta := t.file[number*t.pageSize+pageHead:]
		sum := fnv.New64a()
		_, _ = sum.Write(meta[:metaSum])
		if sum.Sum64() != binary.NativeEndian.Uint64(meta[metaSum:]) {
			return fmt.Errorf("%w: one of its first two pages is damaged; the last change may be lost", errStructure)
		}
	}
	return nil
}

// buckets returns what is stored under the name of each bucket that can be found, and the first fault.
func (t *tree) buckets() (map[string][]byte, error) {
	t.seen = map[uint64]bool{}
	found := map[string][]byte{}
	fault := t.walkPage(t.root, func(flags uint32, name, head []byte) error {
		if flags != nestedBucket || len(head) < bucketHead {
			return fmt.Errorf("%w: %.40q is not a bucket", errStructure, name)
		}
		found[string(name)] = head
		return nil
	})
	return found, cmp.Or(t.fault, fault)
}

// check returns the first fault of all pages.
func (t *tree) check() error {
	heads, fault := t.buckets()
	for _, name := range slices.Sorted(maps.Keys(heads)) {
		fault = cmp.Or(fault, t.walk(heads[name], func(_, _ []byte) {}))
	}
	if fault == nil && t.shared {
		fault = fmt.Errorf("%w: two lists lead to the same page", errStructure)
	}
	return fault
}

// walk visits the entries of a bucket, leaves out what is damaged, and returns the first fault.
func (t *tree) walk(head []byte, visit func(key, value []byte)) error {
	t.seen = map[uint64]bool{}
	entry := func(flags uint32, key, value []byte) error {
		if flags != 0 || len(key) == 0 || len(key) > bolt.MaxKeySize {
			return fmt.Errorf("%w: the entry %.40q cannot be one of Paygate's", errStructure, key)
		}
		visit(key, value)
		return nil
	}
	if root := binary.NativeEndian.Uint64(head); root != 0 {
		return t.walkPage(root, entry)
	}
	if len(head) < bucketHead+pageHead {
		return fmt.Errorf("%w: a bucket is cut off", errStructure)
	}
	return t.walkEntries(head[bucketHead:], entry)
}

// leaves visits the entries of all pages in use, even if no other page leads to them any more.
func (t *tree) leaves(visit func(key, value []byte)) {
	t.seen = map[uint64]bool{}
	for number := uint64(metaPages); number < t.pages; number++ {
		page, err := t.page(number)
		if err != nil || binary.NativeEndian.Uint16(page[8:]) != leafPage {
			continue
		}
		_ = t.walkEntries(page, func(flags uint32, key, value []byte) error {
			if flags == 0 {
				visit(key, value)
			}
			return nil
		})
	}
}

type visitEntry func(flags uint32, key, value []byte) error

// walkPage visits the entries below a page.
func (t *tree) walkPage(number uint64, visit visitEntry) error {
	page, err := t.page(number)
	if err != nil {
		return err
	}
	return t.walkEntries(page, visit)
}

// page returns a page, which has to be the one with this number and to come once.
func (t *tree) page(number uint64) ([]byte, error) {
	switch {
	case number < metaPages || number >= t.pages:
		return nil, fmt.Errorf("%w: page %d is not among the file's %d", errStructure, number, t.pages)
	case t.free[number]:
		return nil, fmt.Errorf("%w: page %d is in use and free", errStructure, number)
	case t.seen[number]:
		return nil, fmt.Errorf("%w: two entries lead to page %d", errStructure, number)
	}
	t.shared = t.shared || t.visited[number]
	t.seen[number], t.visited[number] = true, true
	page := t.file[number*t.pageSize:]
	further := uint64(binary.NativeEndian.Uint32(page[12:]))
	switch {
	case binary.NativeEndian.Uint64(page) != number:
		return nil, fmt.Errorf("%w: page %d has the content of another", errStructure, number)
	case further >= t.pages-number:
		return nil, fmt.Errorf("%w: page %d extends beyond the end of the file", errStructure, number)
	}
	return page[:(1+further)*t.pageSize], nil
}

func (t *tree) walkEntries(page []byte, visit visitEntry) (fault error) {
	kind, count := binary.NativeEndian.Uint16(page[8:]), int(binary.NativeEndian.Uint16(page[10:]))
	next := pageHead + count*entryHead // keys and values follow each other without gaps
	if kind != branchPage && kind != leafPage || next > len(page) {
		return fmt.Errorf("%w: a page has no list of entries", errStructure)
	}
	if count == 0 && len(bytes.Trim(page[pageHead:], "\x00")) > 0 {
		return fmt.Errorf("%w: a page says that it is empty, and is not", errStructure)
	}
	note := func(err error) {
		if fault == nil {
			fault = err
		}
	}
	for n := range count {
		e, err := newEntry(page, pageHead+n*entryHead, kind)
		note(err)
		if e.start != next {
			note(fmt.Errorf("%w: an entry is not where the one before it ends", errStructure))
		}
		next = e.end
		switch {
		case kind == branchPage:
			note(t.walkPage(e.child, visit))
		case err == nil:
			note(visit(e.flags, e.key, e.value))
		}
	}
	return fault
}

// pageEntry is a key, and what it leads to.
type pageEntry struct {
	start, end int // of key and value in the page
	child      uint64
	flags      uint32
	key, value []byte
}

// newEntry reads the entry whose numbers are at a place of the page. It fails if it does not end in the page.
func newEntry(page []byte, at int, kind uint16) (e pageEntry, err error) {
	number := func(offset int) int { return int(binary.NativeEndian.Uint32(page[at+offset:])) }
	var keySize, valueSize int
	if kind == branchPage {
		e.start, keySize, e.child = at+number(0), number(4), binary.NativeEndian.Uint64(page[at+8:])
	} else {
		e.flags, e.start, keySize, valueSize = uint32(number(0)), at+number(4), number(8), number(12)
	}
	middle := e.start + keySize
	if e.end = middle + valueSize; e.end > len(page) {
		return e, fmt.Errorf("%w: an entry extends beyond its page", errStructure)
	}
	e.key, e.value = page[e.start:middle:middle], page[middle:e.end:e.end]
	return e, nil
}
