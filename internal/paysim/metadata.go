package paysim

import (
	"encoding/json"
	"strings"
)

func (f *fields) metadata() map[string]any {
	raw, given := f.all["metadata"]
	pairs, isObject := raw.(map[string]any)
	switch {
	case !given:
		return nil
	case raw == nil:
		f.reading(invalid("metadata", "Value must not be null"))
	case !isObject:
		f.reading(invalid("metadata", "Must be an object of JSON key-value pairs"))
	case len(pairs) > 15:
		f.reading(invalid("metadata", "Cannot have more than 15 key-value pairs"))
	}
	known := map[string]bool{}
	for key, value := range pairs {
		if length(key) < 1 || length(key) > 30 || known[strings.ToLower(key)] {
			f.reading(invalid("metadata",
				"Keys must be between 1 and 30 characters long, and differ in more than case"))
		}
		known[strings.ToLower(key)] = true
		f.metadataValue(value)
	}
	return pairs
}

func (f *fields) metadataValue(value any) {
	switch v := value.(type) {
	case string:
		if length(v) > 100 {
			f.reading(invalid("metadata", "Values must be no greater than 100 characters long"))
		}
	case bool, json.Number:
	default:
		f.reading(invalid("metadata", "Values must be of type String, Boolean or Number"))
	}
}
