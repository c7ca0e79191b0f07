package app

import (
	"context"
	"time"

	"paygate/gateway/config"
	"paygate/gateway/signature"
)

// signingKeys returns the signing keys from the settings, or those in the store, which are made at the first start.
func signingKeys(ctx context.Context, s config.Settings, values store, now func() time.Time) (*signature.Ring, error) {
	if len(s.SigningKeys) > 0 {
		keys, err := config.ReadSigningKeys(s.SigningKeys)
		return signature.NewRing(keys, nil), err
	}
	if values.isAway {
		return signature.NewRing(nil, nil), nil
	}
	const name = "signing keys"
	var keys signature.Keys
	_, err := values.UpdateValue(ctx, name, func(old []byte) ([]byte, error) {
		stored, err := signature.Unmarshal(old)
		if err != nil {
			return nil, err
		}
		if keys, err = stored.Rotate(s.SigningAlg, now()); err != nil {
			return nil, err
		}
		return keys.Marshal()
	})
	return signature.NewRing(keys, func(ctx context.Context) (signature.Keys, error) {
		text, err := values.Value(ctx, name)
		if err != nil {
			return nil, err
		}
		return signature.Unmarshal(text)
	}), err
}
