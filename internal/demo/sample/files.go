package sample

import (
	"bytes"
	"net/http"
	"time"
)

// register is the public register of licences, a file that costs money.
func register(w http.ResponseWriter, r *http.Request) {
	serveFile(w, r, pdf("Rivermouth Council", "Register of fishing licences (extract)", "",
		"RVM-A-1968   Season   Upper reach", "RVM-A-1969   8 days   Mill pond", "RVM-A-1970   1 day    Harbour (east)",
		"", "Printed for whoever asked for a copy"))
}

// leaflet is a file that costs nothing.
func leaflet(w http.ResponseWriter, r *http.Request) {
	serveFile(w, r, pdf("Rivermouth Council", "Fishing: the byelaws in brief", "", "No nets. No night lines.", "Close the gate."))
}

// serveFile leaves ranges and conditions to net/http, which goes by the ETag. It lets caches keep the file, as such services
// do without thinking.
func serveFile(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("ETag", `"`+digest(content)[:16]+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
