package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	bolt "go.etcd.io/bbolt"
)

// lookOver looks at a file before bbolt uses it: an empty one would silently become a new store, and a cut or damaged one
// crashes bbolt in a goroutine of its own, where nobody can catch it.
func lookOver(path string) error {
	file, err := openRegular(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := inspectMeta(file); err != nil {
		return err
	}
	return inspectLocked(path, file)
}

func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be looked at: %w", err)
	case info.IsDir():
		return nil, errors.New("is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("is no regular file")
	case info.Size() == 0:
		return nil, errors.New("is an empty file: what was in it is gone. Restore a backup, or remove it to begin anew")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.New("may not be read and written by this user")
	}
	return file, nil
}

// inspectLocked looks at the pages while nobody writes them. Opened for reading alone, bbolt takes its lock and does not
// walk the pages itself.
func inspectLocked(path string, file *os.File) error {
	db, err := openFile(path, bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	meta, err := inspectMeta(file)
	if err != nil {
		return err
	}
	return inspectTree(file, meta)
}

// metaPage is a bbolt meta page as it lies on the disk (go.etcd.io/bbolt/internal/common: Page, Meta).
type metaPage struct {
	Page struct {
		ID       uint64
		Flags    uint16
		Count    uint16
		Overflow uint32
	}
	Meta struct {
		Magic, Version, PageSize, Flags uint32
		Root, RootSequence              uint64
		Freelist, HighWater, TxID       uint64
	}
	Checksum uint64
}

const (
	boltMagic = 0xED0CDAED
	pageBytes = 16 // of a page's own header
	metaBytes = 56 // of a meta, less its checksum
)

// inspectMeta believes the newer of the two meta pages whose checksum holds, as bbolt does, and compares the file's size
// with the pages in use.
func inspectMeta(file *os.File) (metaPage, error) {
	best, found := newestMeta(file)
	if !found {
		return best, errors.New("is damaged, or not a Paygate store")
	}
	info, err := file.Stat() // after the metas: a file in use only grows
	if err != nil {
		return best, fmt.Errorf("cannot be looked at: %w", err)
	}
	if needed := int64(best.Meta.HighWater) * int64(best.Meta.PageSize); info.Size() < needed {
		return best, fmt.Errorf("is cut off: it has %d bytes of at least %d. Restore a backup", info.Size(), needed)
	}
	return best, nil
}

func newestMeta(file io.ReaderAt) (best metaPage, found bool) {
	consider := func(offset int64) {
		m, ok := readMeta(file, offset)
		if ok && (!found || m.Meta.TxID > best.Meta.TxID) {
			best, found = m, true
		}
	}
	consider(0)
	if found {
		consider(int64(best.Meta.PageSize))
		return best, found
	}
	for size := int64(1024); size <= 64<<10 && !found; size *= 2 { // the first is damaged: its page size is unknown
		consider(size)
	}
	return best, found
}

func readMeta(file io.ReaderAt, offset int64) (metaPage, bool) {
	raw := make([]byte, pageBytes+metaBytes+8)
	if _, err := file.ReadAt(raw, offset); err != nil {
		return metaPage{}, false
	}
	var m metaPage
	if _, err := binary.Decode(raw, binary.NativeEndian, &m); err != nil {
		return metaPage{}, false
	}
	sum := fnv.New64a()
	_, _ = sum.Write(raw[pageBytes : pageBytes+metaBytes])
	size := m.Meta.PageSize
	valid := m.Meta.Magic == boltMagic && m.Checksum == sum.Sum64() && size >= 1024 && size <= 64<<10 && size&(size-1) == 0
	return m, valid
}
