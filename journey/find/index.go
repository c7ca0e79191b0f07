package find

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"

	"paygate/journey"
)

// DigestSize is the number of bytes of a digest. A store may find a wrong journey by chance, which Matches then
// rejects.
const DigestSize = 12

// Label is the purpose for which a store derives the keys of an Index from the secrets.
const Label = "find digest"

// Index makes the digests. Its keys are 32 bytes each, one from each secret, newest first: what was indexed under an
// older secret is found as long as that is listed.
type Index struct{ keys [][]byte }

// NewIndex returns an Index.
func NewIndex(keys [][]byte) Index { return Index{keys} }

// digest uses a key for each field, so that equal values of two fields do not show.
func digest(key []byte, t term) []byte {
	return mac(mac(key, t.field), t.text)[:DigestSize]
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// Changed returns the digests of the terms that an update adds to a journey, under the newest secret, and those of the
// terms that it removes, under every secret.
func (x Index) Changed(before, after journey.Journey) (added, removed [][]byte) {
	if before.Terms.Reference == after.Terms.Reference &&
		slices.Equal(before.Fingerprint.Findable, after.Fingerprint.Findable) &&
		before.Approval.Waits() == after.Approval.Waits() && before.CollectionFailed == after.CollectionFailed {
		return nil, nil
	}
	was, is := indexed(before), indexed(after)
	for _, t := range is {
		if !slices.Contains(was, t) {
			added = append(added, digest(x.keys[0], t))
		}
	}
	for _, t := range was {
		if !slices.Contains(is, t) {
			removed = append(removed, x.all(t)...)
		}
	}
	return added, removed
}

// Fields returns the names of the form fields by which a journey is found.
func Fields(j journey.Journey) (names []string) {
	for _, v := range j.Fingerprint.Findable {
		if v.Field != referenceField && !slices.Contains(names, v.Field) {
			names = append(names, v.Field)
		}
	}
	return names
}

// Digests returns the digests that lead to every journey that the query may find by its reference or by a value of one
// of the fields.
func (x Index) Digests(q Query, fields []string) (digests [][]byte) {
	if q.term != (term{}) {
		return x.all(q.term)
	}
	if q.near {
		for _, text := range q.similar() {
			digests = append(digests, x.all(term{referenceField, text})...)
		}
		return digests
	}
	for _, field := range append([]string{referenceField}, fields...) {
		for _, text := range slices.Compact([]string{q.whole, q.longest()}) {
			if text != "" {
				digests = append(digests, x.all(term{field, text})...)
			}
		}
	}
	return digests
}

func (x Index) all(t term) (digests [][]byte) {
	for _, key := range x.keys {
		digests = append(digests, digest(key, t))
	}
	return digests
}
