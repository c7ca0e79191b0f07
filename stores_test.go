package main

import (
	"path/filepath"
	"testing"
)

// storeKind is a kind of store that the proofs run on.
type storeKind struct {
	name      string
	processes int                       // that may work on one store at a time
	setting   func(t testing.TB) string // makes an empty store, and gives the PAYGATE_STORE that leads to it
}

func storeKinds() []storeKind {
	return []storeKind{
		{"bbolt", 1, func(t testing.TB) string { return "bbolt:" + filepath.Join(t.TempDir(), "paygate.db") }},
	}
}

// onEveryStore proves something on each kind of store.
func onEveryStore(t *testing.T, prove func(t *testing.T, kind storeKind)) {
	t.Helper()
	for _, kind := range storeKinds() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			prove(t, kind)
		})
	}
}
