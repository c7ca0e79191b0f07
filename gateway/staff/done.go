package staff

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"paygate/journey"
)

// What Paygate does from time to time, for the overview.
const (
	DoneSweep  = "last sweep"
	DoneBackup = "last backup"
)

// Done is what was done last, at any replica.
type Done struct {
	At     time.Time      `json:"at"`
	Counts map[string]int `json:"counts,omitempty"` // of a sweep, by result
}

// NoteDone keeps what was just done. name is one of the constants above.
func NoteDone(ctx context.Context, s Store, name string, d Done) error {
	_, err := s.UpdateValue(ctx, name, func([]byte) ([]byte, error) { return json.Marshal(d) })
	return err
}

// lastDone returns what was done last; nil if it was never done.
func (s *server) lastDone(ctx context.Context, name string) (*Done, error) {
	text, err := s.Store.Value(ctx, name)
	if errors.Is(err, journey.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var d Done
	return &d, json.Unmarshal(text, &d)
}
