package signin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Person is someone whom another system has signed in.
type Person struct {
	Name     string   `json:"name"` // shown and recorded, and never compared
	Subject  string   `json:"sub"`
	Email    string   `json:"email,omitempty"`
	Verified bool     `json:"verified,omitempty"` // the system says that the address is theirs
	Groups   []string `json:"groups,omitempty"`
}

// Grant gives a role to some people.
type Grant struct {
	kind  grantKind
	value string
	role  Role
}

type grantKind int

const (
	toEmail grantKind = iota
	toDomain
	toSubject
	toGroup
)

// Grants are the roles of people whom another system signs in.
type Grants []Grant

// ParseGrant reads WHO=ROLE, where WHO is an e-mail address, *@domain, sub:ID or group:NAME.
func ParseGrant(text string) (Grant, error) {
	at := strings.LastIndex(text, "=")
	if at < 0 {
		return Grant{}, fmt.Errorf("%q must be WHO=ROLE, such as ann@example.gov.uk=refund", text)
	}
	g := Grant{value: strings.TrimSpace(text[:at])}
	var err error
	if g.role, err = ParseRole(strings.TrimSpace(text[at+1:])); err != nil {
		return g, err
	}
	for prefix, kind := range map[string]grantKind{"*@": toDomain, "sub:": toSubject, "group:": toGroup} {
		if rest, found := strings.CutPrefix(g.value, prefix); found {
			g.kind, g.value = kind, rest
		}
	}
	local, domain, isAddress := cutAddress(g.value)
	switch {
	case g.value == "", g.kind == toEmail && (!isAddress || local == "" || domain == ""):
		return g, fmt.Errorf("%q must begin with an e-mail address, *@domain, sub:ID or group:NAME", text)
	case g.kind == toDomain && strings.ContainsAny(g.value, "@*"):
		return g, errors.New("a domain after *@ has neither @ nor *")
	}
	return g, nil
}

// cutAddress cuts an e-mail address at its last @.
func cutAddress(address string) (local, domain string, found bool) {
	at := strings.LastIndex(address, "@")
	if at < 0 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}

// roleOf returns the highest role that a person has. An e-mail address counts only if it is known to be theirs.
func (all Grants) roleOf(p Person, trustEmail bool) Role {
	role := NoRole
	for _, g := range all {
		if g.role > role && g.fits(p, p.Verified || trustEmail) {
			role = g.role
		}
	}
	return role
}

func (g Grant) fits(p Person, isTheirs bool) bool {
	_, domain, isAddress := cutAddress(p.Email)
	switch g.kind {
	case toSubject:
		return g.value == p.Subject
	case toGroup:
		return slices.Contains(p.Groups, g.value)
	case toDomain:
		return isTheirs && isAddress && lower(domain) == lower(g.value)
	default:
		return isTheirs && lower(p.Email) == lower(g.value)
	}
}

// useGroups reports whether any role depends on a group.
func (all Grants) useGroups() bool {
	return slices.ContainsFunc(all, func(g Grant) bool { return g.kind == toGroup })
}

// lower is for ASCII only: there are other letters that [strings.ToLower] turns into ASCII ones.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}
