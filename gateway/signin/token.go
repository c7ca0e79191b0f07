package signin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"paygate/journey"
)

// Member is a member of staff who is known.
type Member struct {
	Name string
	Role Role
	ID   string // their identities, which they cannot change; see [journey.Person]
}

// Person returns the member as orders name them.
func (m Member) Person() journey.Person { return journey.Person{Name: m.Name, ID: m.ID} }

// By returns the member as the history names them.
func (m Member) By() journey.By { return journey.ByStaff(m.Name) }

// Token is a member who is known by a token.
type Token struct {
	Member
	Secret string
}

// Tokens are all tokens.
type Tokens []Token

// minSecret is the least length of a token.
const minSecret = 16

// ParseToken reads name:token or name:role:token. Without a role, the member is an admin.
func ParseToken(text string) (t Token, ok bool) {
	t.Role = Admin
	t.Name, t.Secret, ok = strings.Cut(text, ":")
	t.ID = "token " + t.Name
	if word, rest, more := strings.Cut(t.Secret, ":"); more {
		if role, err := ParseRole(word); err == nil {
			t.Role, t.Secret = role, rest
		}
	}
	return t, ok
}

// Add adds a token that is written as for [ParseToken]. The error contains nothing of the text.
func (t Tokens) Add(text string) (Tokens, error) {
	added, ok := ParseToken(text)
	is := func(same func(Token) bool) bool { return slices.ContainsFunc(t, same) }
	switch {
	case !ok || added.Name == "" || strings.ContainsFunc(added.Name, isNotPrintable):
		return t, errors.New("must be name:token or name:role:token")
	case len(added.Secret) < minSecret:
		return t, fmt.Errorf("has a token of fewer than %d characters", minSecret)
	case is(func(o Token) bool { return o.Name == added.Name }):
		return t, errors.New("has a name that appears twice")
	case is(func(o Token) bool { return o.Secret == added.Secret }):
		return t, errors.New("has a token that belongs to another name too: the history could not tell them apart")
	}
	return append(t, added), nil
}

// isNotPrintable reports whether a character is a blank, a control character or not ASCII.
func isNotPrintable(r rune) bool { return r <= ' ' || r > '~' }

// Holder returns the member with this token. It compares every token, each in constant time.
func (t Tokens) Holder(secret string) (holder Member, known bool) {
	for _, token := range t {
		if equal(digest(secret), digest(token.Secret)) {
			holder, known = token.Member, true
		}
	}
	return holder, known
}

// still returns the member of this name if their token still has this digest.
func (t Tokens) still(name, sum string) (Member, bool) {
	for _, token := range t {
		if token.Name == name && equal(digest(token.Secret), sum) {
			return token.Member, true
		}
	}
	return Member{}, false
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
