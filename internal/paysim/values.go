package paysim

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is a flag's value, made of how it is read and how it is shown.
type value struct {
	set  func(text string) error
	show func() string
}

var _ flag.Value = value{}

// Set reads a value.
func (v value) Set(text string) error { return v.set(text) }

// String shows the value. Package flag also asks the zero value.
func (v value) String() string {
	if v.show == nil {
		return ""
	}
	return v.show()
}

func wordValue(to *string, words []string) value {
	return value{show: func() string { return *to }, set: func(text string) error {
		if !slices.Contains(words, text) {
			return errors.New("must be one of " + strings.Join(words, ", "))
		}
		*to = text
		return nil
	}}
}

// urlValue accepts an absolute http or https address, or none.
func urlValue(to *string) value {
	return value{show: func() string { return *to }, set: func(text string) error {
		u, err := url.Parse(text)
		if text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("must be an address that begins with http:// or https://")
		}
		*to = text
		return nil
	}}
}

func secretValue(to *string) value {
	return value{
		show: func() string { return hidden(len(*to)) },
		set:  func(text string) error { *to = text; return nil },
	}
}

func hidden(length int) string {
	if length == 0 {
		return ""
	}
	return "(not shown)"
}

func penceValue(to *int64) value {
	return value{show: func() string { return strconv.FormatInt(*to, 10) }, set: func(text string) error {
		pence, err := strconv.ParseInt(text, 10, 64)
		if err != nil || pence < 0 {
			return errors.New("must be whole pence")
		}
		*to = pence
		return nil
	}}
}

func spanValue(to *time.Duration) value {
	return value{show: func() string { return to.String() }, set: func(text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return errors.New(`must be a duration such as "90m"`)
		}
		*to = d
		return nil
	}}
}

func keysValue(to *[]string) value {
	return value{show: func() string { return hidden(len(*to)) }, set: func(text string) error {
		*to = listOf(text)
		return nil
	}}
}

// listOf returns the parts between commas that are not blank.
func listOf(text string) (parts []string) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// accountsValue shows the names only.
func accountsValue(to *[]Account) value {
	return value{show: func() string { return namesOf(*to) }, set: func(text string) error {
		var accounts []Account
		for i, part := range listOf(text) {
			name, keys, _ := strings.Cut(part, "=")
			key, secret, _ := strings.Cut(keys, ":")
			if name == "" || name == firstAccount || key == "" || slices.ContainsFunc(accounts, func(a Account) bool {
				return a.Name == name || a.Keys[0] == key
			}) {
				return fmt.Errorf("account %d must be NAME=KEY, both its own", i+1) // not the text, which has a key
			}
			accounts = append(accounts, Account{Name: name, Keys: []string{key}, WebhookSecret: secret})
		}
		*to = accounts
		return nil
	}}
}

func namesOf(accounts []Account) string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.Name)
	}
	return strings.Join(names, ",")
}
