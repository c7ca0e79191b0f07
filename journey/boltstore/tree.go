package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A page of bbolt's tree (go.etcd.io/bbolt/internal/common: Page, branchPageElement, leafPageElement): a header, then its
// elements, then their keys and values, which may reach into overflow pages.
const (
	branchPage   = 1
	leafPage     = 2
	elementBytes = 16
	bucketFlag   = 1
	bucketBytes  = 16 // of a bucket's own header, which is the value of its name
)

// tree walks the pages in use. It asks what bbolt takes for granted, and no more.
type tree struct {
	file      io.ReaderAt
	pageSize  uint64
	highWater uint64
	seen      []bool
	buffers   [][]byte // one page for each level, so that keys hold while the pages below are read
}

// inspectTree answers with what is wrong first.
func inspectTree(file io.ReaderAt, m metaPage) error {
	t := tree{
		file: file, pageSize: uint64(m.Meta.PageSize), highWater: m.Meta.HighWater, seen: make([]bool, m.Meta.HighWater),
	}
	if _, err := t.walk(m.Meta.Root, 0, span{}); err != nil {
		return fmt.Errorf("%w: %w. Restore a backup", errStructure, err)
	}
	return nil
}

// span is between which keys those of a page lie; nil is no bound.
type span struct{ from, below []byte }

// page is one node of the tree.
type page struct {
	id       uint64
	base     int64 // where it lies in the file
	size     uint64
	flags    uint16
	count    int
	raw      []byte // its first part, without overflow pages; holds until the next page of its level is read
	elements []byte
}

// element is an entry of a page.
type element struct {
	key   []byte
	child uint64 // the page below, or the root of a bucket; in a leaf 0 is none
}

// walk looks at a page and all below it, and answers with the last key.
func (t *tree) walk(id uint64, level int, within span) (last []byte, err error) {
	p, err := t.read(id, level)
	if err != nil {
		return nil, err
	}
	for i := range p.count {
		e, err := t.element(p, i)
		if err != nil {
			return nil, err
		}
		inOrder := i == 0 && bytes.Compare(within.from, e.key) <= 0 || i > 0 && bytes.Compare(last, e.key) < 0
		if !inOrder || within.below != nil && bytes.Compare(e.key, within.below) >= 0 {
			return nil, fmt.Errorf("page %d has keys out of order", id)
		}
		last = e.key
		if p.flags == leafPage && e.child == 0 {
			continue
		}
		if last, err = t.descend(p, i, e, level, within); err != nil {
			return nil, err
		}
	}
	return last, nil
}

func (t *tree) descend(p page, i int, e element, level int, within span) (last []byte, err error) {
	if p.flags == leafPage { // a bucket, with keys of its own
		_, err = t.walk(e.child, level+1, span{})
		return e.key, err
	}
	below := within.below
	if i+1 < p.count {
		next, err := t.element(p, i+1)
		if err != nil {
			return nil, err
		}
		below = next.key
	}
	last, err = t.walk(e.child, level+1, span{e.key, below})
	if last == nil {
		last = e.key
	}
	return last, err
}

// read takes a page that nobody has taken yet.
func (t *tree) read(id uint64, level int) (page, error) {
	if level == len(t.buffers) {
		t.buffers = append(t.buffers, make([]byte, t.pageSize))
	}
	if id < 2 || id >= t.highWater || level > 64 {
		return page{}, fmt.Errorf("page %d is out of bounds", id)
	}
	raw := t.buffers[level]
	base := int64(id * t.pageSize)
	if _, err := t.file.ReadAt(raw, base); err != nil {
		return page{}, fmt.Errorf("page %d cannot be read: %w", id, err)
	}
	overflow := uint64(binary.NativeEndian.Uint32(raw[12:]))
	if binary.NativeEndian.Uint64(raw) != id || id+overflow >= t.highWater {
		return page{}, fmt.Errorf("page %d is not what it was", id)
	}
	for i := id; i <= id+overflow; i++ {
		if t.seen[i] {
			return page{}, fmt.Errorf("page %d is used twice", i)
		}
		t.seen[i] = true
	}
	return t.parse(page{id: id, base: base, size: (overflow + 1) * t.pageSize}, raw)
}

func (t *tree) parse(p page, raw []byte) (page, error) {
	p.flags, p.count = binary.NativeEndian.Uint16(raw[8:]), int(binary.NativeEndian.Uint16(raw[10:]))
	end := uint64(pageBytes + p.count*elementBytes)
	known := p.flags == branchPage && p.count > 0 || p.flags == leafPage
	if !known || end > p.size {
		return page{}, fmt.Errorf("page %d is not what it was", p.id)
	}
	p.raw = raw
	var err error
	p.elements, err = t.bytes(p, pageBytes, end-pageBytes)
	return p, err
}

func (t *tree) element(p page, i int) (element, error) {
	raw := p.elements[i*elementBytes:]
	var position, keySize, valueSize, flags uint64
	var e element
	if p.flags == branchPage {
		position, keySize = uint64(binary.NativeEndian.Uint32(raw)), uint64(binary.NativeEndian.Uint32(raw[4:]))
		e.child = binary.NativeEndian.Uint64(raw[8:])
	} else {
		flags, position = uint64(binary.NativeEndian.Uint32(raw)), uint64(binary.NativeEndian.Uint32(raw[4:]))
		keySize, valueSize = uint64(binary.NativeEndian.Uint32(raw[8:])), uint64(binary.NativeEndian.Uint32(raw[12:]))
	}
	at := uint64(pageBytes+i*elementBytes) + position
	isBucket := flags&bucketFlag != 0
	if keySize == 0 || at < uint64(pageBytes+p.count*elementBytes) || at+keySize+valueSize > p.size || isBucket && valueSize < bucketBytes {
		return element{}, fmt.Errorf("page %d has an entry out of bounds", p.id)
	}
	var err error
	if e.key, err = t.bytes(p, at, keySize); err != nil || !isBucket {
		return e, err
	}
	value, err := t.bytes(p, at+keySize, valueSize)
	if err != nil {
		return e, err
	}
	if e.child = binary.NativeEndian.Uint64(value); e.child == 0 {
		err = t.inline(p, value[bucketBytes:])
	}
	return e, err
}

// inline looks at a bucket so small that it is a page within the value.
func (t *tree) inline(outer page, raw []byte) error {
	if len(raw) < pageBytes {
		return fmt.Errorf("page %d has an entry out of bounds", outer.id)
	}
	within := tree{pageSize: uint64(len(raw))}
	p, err := within.parse(page{id: outer.id, size: uint64(len(raw))}, raw)
	if err != nil {
		return err
	}
	var last []byte
	for i := range p.count {
		e, err := within.element(p, i)
		if err != nil {
			return err
		}
		if p.flags != leafPage || e.child != 0 || i > 0 && bytes.Compare(last, e.key) >= 0 {
			return fmt.Errorf("page %d has keys out of order", outer.id)
		}
		last = e.key
	}
	return nil
}

// bytes are those of a page from at on, which has them.
func (t *tree) bytes(p page, at, size uint64) ([]byte, error) {
	if at+size <= uint64(len(p.raw)) {
		return p.raw[at : at+size], nil
	}
	into := make([]byte, size)
	if _, err := t.file.ReadAt(into, p.base+int64(at)); err != nil {
		return nil, fmt.Errorf("page %d cannot be read: %w", p.id, err)
	}
	return into, nil
}
