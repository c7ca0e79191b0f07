package config

import (
	"fmt"
	"os"

	"paygate/gateway/signature"
)

// ReadSigningKeys reads the PEM files of PAYGATE_SIGNING_KEYS, newest first.
func ReadSigningKeys(files []string) (signature.Keys, error) {
	var keys signature.Keys
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("PAYGATE_SIGNING_KEYS: file %d cannot be read", i+1)
		}
		key, err := signature.ParsePEM(text)
		if err != nil {
			return nil, fmt.Errorf("PAYGATE_SIGNING_KEYS: file %d: %w", i+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
