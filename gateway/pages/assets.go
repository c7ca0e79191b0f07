package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
)

//go:embed assets/govuk-frontend.css
var style []byte

// styleName changes with the content, so that browsers may keep it for ever.
var styleName = "style-" + hash(style) + ".css"

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

// Asset serves what the pages fetch, by name; false when there is none of this name.
func Asset(w http.ResponseWriter, name string) bool {
	if name != styleName {
		return false
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Paygate-Answer", "yes")
	_, _ = w.Write(style)
	return true
}
