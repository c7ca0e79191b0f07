package find

import "strings"

// The lengths of the references that are found in spite of a mistake: of shorter ones too many resemble each other, and
// longer ones would need too many digests.
const (
	minSimilar, maxSimilar = 6, 20

	inReferences = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// similar returns the references that may have been read out or typed with one mistake: one character is another, or
// two neighbours are swapped.
func (q Query) similar() (all []string) {
	if n := len(q.whole); n < minSimilar || n > maxSimilar || strings.Trim(q.whole, inReferences) != "" {
		return nil
	}
	for i := range len(q.whole) {
		before, c, after := q.whole[:i], q.whole[i], q.whole[i+1:]
		for _, other := range inReferences {
			if other != rune(c) {
				all = append(all, before+string(other)+after)
			}
		}
		if after != "" && after[0] != c {
			all = append(all, before+after[:1]+string(c)+after[1:])
		}
	}
	return all
}
