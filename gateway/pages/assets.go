package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strconv"
)

// How the sheet was made is told in assets/README.md.
var (
	//go:embed assets/govuk-frontend.css
	designSystem string
	//go:embed assets/paygate.css
	additions string

	style = designSystem + additions
	// styleName changes with the content, so that browsers may keep it for ever.
	styleName = "style-" + hash(style) + ".css"
)

func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:6])
}

// Style is the name of the style sheet among the assets.
func Style() string { return styleName }

// Asset answers a GET or HEAD with what the pages fetch, by its name under {prefix}/assets/. It writes nothing and returns
// false when there is nothing of this name; the caller then answers 404.
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
	_, _ = w.Write([]byte(style)) // a browser that left needs no answer; net/http drops it for HEAD
	return true
}
