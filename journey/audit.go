package journey

import (
	"encoding/json"
	"strings"
	"time"
)

// AuditEntry is something that a member of staff did or looked at. It has nothing of what they typed.
type AuditEntry struct {
	ID      ID        `json:"id"` // of the entry; sorts by time
	At      time.Time `json:"at"`
	By      By        `json:"by"`
	Person  string    `json:"person,omitempty"` // what tells members of one name apart, as in [Person]
	Role    string    `json:"role"`
	What    string    `json:"what"` // empty if the entry can no longer be read
	Journey ID        `json:"journey,omitempty"`
	Search  []string  `json:"search,omitempty"` // by what they searched
	Result  string    `json:"result,omitempty"` // empty: it is not known how it ended
}

// SealAudit seals an entry under the newest secret.
func (c Codec) SealAudit(e AuditEntry) ([]byte, error) {
	plain, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return c.Seal("audit", string(e.ID), plain), nil
}

// OpenAudit opens what SealAudit sealed. If that is damaged, or sealed under a secret that is no longer listed, the
// entry has its time alone.
func (c Codec) OpenAudit(id ID, sealed []byte) (e AuditEntry) {
	plain, err := c.Open("audit", string(id), sealed)
	if err != nil || json.Unmarshal(plain, &e) != nil || e.ID != id {
		return AuditEntry{ID: id, At: id.time()}
	}
	return e
}

// IDsFrom returns a text before every id that was made at a time or later, and after every earlier one.
func IDsFrom(at time.Time) ID {
	text := idTime(uint64(max(0, at.UnixMilli())) << 14)
	return ID(text[:])
}

// IsID reports whether a text has the form of an id.
func IsID(text string) bool { return len(text) == 16 && strings.Trim(text, crockford) == "" }

// time returns when an id was made, to the millisecond.
func (id ID) time() time.Time {
	var bits int64
	for _, c := range []byte(id[:min(12, len(id))]) {
		bits = bits<<5 | int64(strings.IndexByte(crockford, c)&31)
	}
	return time.UnixMilli(bits >> 14).UTC()
}
