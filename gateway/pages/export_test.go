package pages

import (
	"maps"
	"slices"
)

// WithTexts lists the pages that have texts.
func WithTexts() []Page { return slices.Collect(maps.Keys(texts)) }
