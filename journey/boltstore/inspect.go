package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
)

// inspect looks at a file before bbolt does: an empty one would silently become a new store, and a cut one can crash it.
func inspect(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // to be made
	case err != nil:
		return fmt.Errorf("cannot be looked at: %w", errors.Unwrap(err))
	case info.IsDir():
		return errors.New("is a folder")
	case !info.Mode().IsRegular():
		return errors.New("is no regular file")
	case info.Size() == 0:
		return errors.New("is an empty file: what was in it is gone. Restore a backup, or remove it to begin anew")
	}
	file, err := os.Open(path)
	if err != nil {
		return errors.New("may not be read by this user")
	}
	defer file.Close()
	return inspectPages(file, info.Size())
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

// inspectPages believes the newer of the two meta pages whose checksum holds, as bbolt does, and compares the file's size
// with the pages in use.
func inspectPages(file io.ReaderAt, size int64) error {
	best, found := newestMeta(file)
	if !found {
		return errors.New("is damaged, or not a Paygate store")
	}
	if needed := int64(best.Meta.HighWater) * int64(best.Meta.PageSize); size < needed {
		return fmt.Errorf("is cut off: it has %d bytes of at least %d. Restore a backup", size, needed)
	}
	return nil
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
	valid := m.Meta.Magic == boltMagic && m.Checksum == sum.Sum64() && m.Meta.PageSize >= 512 && m.Meta.PageSize <= 64<<10
	return m, valid
}
