package sample

import (
	"bytes"
	_ "embed"
	"net/http"
	"time"
)

// The public register of licences costs money; the byelaws are free.
var (
	//go:embed register.pdf
	register []byte
	//go:embed byelaws.pdf
	byelaws []byte
)

// serveFile returns a handler for a PDF. net/http deals with ranges and conditions, by the ETag. It lets caches keep
// the file, as such services do.
func serveFile(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("ETag", `"`+digest(content)[:16]+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}
