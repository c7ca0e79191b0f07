package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strconv"
)

// assets/README.md says how the style sheet was made.
var (
	//go:embed assets/govuk-frontend.css
	designSystem string
	//go:embed assets/paygate.css
	additions string

	style = designSystem + additions
	// styleName changes with the content, so that browsers may cache it for ever.
	styleName = "style-" + hash(style) + ".css"
)

func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:6])
}

// Style returns the name of the style sheet among the assets.
func Style() string { return styleName }

// Asset answers a GET or HEAD for an asset of the pages, by its name under {prefix}/assets/. If there is none of this
// name, it writes nothing and returns false; the caller then answers 404.
func Asset(w http.ResponseWriter, name string) bool {
	if name != styleName {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(style)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Paygate-Answer", "yes")
	_, _ = w.Write([]byte(style)) // net/http drops the body for HEAD
	return true
}
