package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"paygate/gateway"
	"paygate/gateway/form"
	"paygate/gateway/match"
	"paygate/gateway/notify"
	"paygate/gateway/pages"
	"paygate/gateway/signin"
	"paygate/journey"
	"paygate/journey/pgstore"
	"paygate/journey/reconcile"
)

// Types of settings that share their Go type with settings of another form.
type (
	durationOrZero time.Duration
	returnGrace    time.Duration // 0: nothing is delivered early
	pounds         int64         // pence
	routeNames     []string
	accountNames   []string
	shares         []string
	methods        []string
	getQuery       []string // nil: any parameter
	origins        []string
	webhookURL     url.URL // secret: who has it can write to the channel
	emailField     string  // the name of a form field
	tell           match.Pattern
	tellOn         []string
)

// parsers returns the parser of each type of setting that the env package does not know, or is too lax about. An error
// never contains the value of a secret.
func parsers() map[reflect.Type]env.ParserFunc {
	all := map[reflect.Type]env.ParserFunc{}
	for _, p := range []typeParser{
		of(parseBool), of(parseCount), of(parseSize), of(parseDuration), of(parseDurationOrZero), of(parseReturnGrace),
		of(parseList), of(parseURL), of(parseService), of(parseOrigins), of(parseKeys), of(parseStore), of(parsePounds),
		of(parseStaffTokens), of(parseRouteNames), of(parseAccountNames), of(parseShares),
		ofEach[origins](parseCardOrigin), ofEach[[]netip.Prefix](parseNetwork), ofEach[methods](parseMethod),
		ofEach[signin.Grants](signin.ParseGrant), ofEach[[]pages.Link](parseLink),
		ofEach[[]gateway.LanguageSource](parseLanguage), ofEach[[]match.Pattern](match.ParsePattern),
		of(match.ParsePattern), of(form.ParseTemplate), of(parsePrice), of(parsePrices), of(parseCondition),
		of(parseMetadata), of(parsePrefill), of(parseGetQuery), of(parseStatuses), of(parsePlaces), of(parseTexts),
		of(notify.ParseKey), of(notify.ParseTemplate), of(parseWebhookURL), of(parseEmailField),
		of(parseTell), of(parseTellOn), of(reconcile.ParseAt),
		of(parseOTLPEndpoint), of(parseOTLPHeaders), of(parseAttributes), of(parseRatio),
	} {
		all[p.of] = p.parse
	}
	return all
}

// typeParser parses the texts of settings of one type.
type typeParser struct {
	of    reflect.Type
	parse env.ParserFunc
}

func of[T any](parse func(string) (T, error)) typeParser {
	return typeParser{reflect.TypeFor[T](), func(text string) (any, error) { return parse(text) }}
}

// ofEach returns the parser of a list whose items parse parses.
func ofEach[L ~[]T, T any](parse func(string) (T, error)) typeParser {
	return of(func(text string) (L, error) { return parseEach(text, parse) })
}

// parseBool returns the meaning of the words that the tag values allows.
func parseBool(word string) (bool, error) {
	return word == "on" || word == "live" || word == "refuse", nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, errors.New("must be a duration above zero, such as 90s, 30m or 3h")
	}
	return d, nil
}

func parseDurationOrZero(text string) (durationOrZero, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, errors.New("must be a duration, such as 3h; 0s is allowed")
	}
	return durationOrZero(d), nil
}

func parseReturnGrace(text string) (returnGrace, error) {
	if text == "off" {
		return 0, nil
	}
	d, err := parseDuration(text)
	if err != nil {
		return 0, errors.New("must be a duration above zero, such as 5m, or off")
	}
	return returnGrace(d), nil
}

var sizePattern = regexp.MustCompile(`^([0-9]{1,15})(KiB|MiB|GiB)?$`)

// parseSize returns a number of bytes.
func parseSize(text string) (int64, error) {
	groups := sizePattern.FindStringSubmatch(text)
	if groups == nil {
		return 0, errors.New("must be whole bytes, or KiB, MiB or GiB, such as 10MiB")
	}
	n, _ := strconv.ParseInt(groups[1], 10, 64)
	factor := map[string]int64{"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[groups[2]]
	if n == 0 || n > (1<<40)/factor {
		return 0, errors.New("must be above zero and at most 1024GiB")
	}
	return n * factor, nil
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1000 {
		return 0, errors.New("must be a whole number from 1 to 1000")
	}
	return n, nil
}

// parseList splits a text at its commas. Blanks around the items do not count.
func parseList(text string) ([]string, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	items := strings.Split(text, ",")
	for i, item := range items {
		if items[i] = strings.TrimSpace(item); items[i] == "" {
			return nil, errors.New("has an empty item")
		}
	}
	return items, nil
}

// parseEach parses each item of a list, and returns the errors of all.
func parseEach[T any](text string, parse func(string) (T, error)) ([]T, error) {
	items, err := parseList(text)
	if len(items) == 0 {
		return nil, err
	}
	values, errs := make([]T, len(items)), make([]error, len(items))
	for i, item := range items {
		values[i], errs[i] = parse(item)
	}
	return values, errors.Join(errs...)
}

// parseWords returns a list of different words of those that are allowed.
func parseWords(text string, allowed ...string) ([]string, error) {
	var listed []string
	return parseEach(text, func(word string) (string, error) {
		switch {
		case !slices.Contains(allowed, word):
			return "", fmt.Errorf("%q is not one of %s", word, strings.Join(allowed, ", "))
		case slices.Contains(listed, word):
			return "", fmt.Errorf("%q appears twice", word)
		}
		listed = append(listed, word)
		return word, nil
	})
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil || network.Addr().Is4In6():
		return network, fmt.Errorf("%q is not a network; write it as 10.0.0.0/8", text)
	case network.Bits() == 0:
		return network, fmt.Errorf("%q is every address, so anyone could set the headers of a proxy", text)
	}
	return network, nil
}

// parseKeys returns keys of 32 random bytes, written in base64url with or without padding.
func parseKeys(text string) ([][]byte, error) {
	var keys [][]byte
	number := 0
	return parseEach(text, func(item string) ([]byte, error) {
		number++
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(item, "="))
		switch {
		case err != nil || len(key) != 32:
			return nil, fmt.Errorf("secret %d must be 32 random bytes in base64url; `paygate keys` makes one", number)
		case isWeak(key):
			return nil, fmt.Errorf("secret %d is not random; `paygate keys` makes one", number)
		case slices.ContainsFunc(keys, func(other []byte) bool { return slices.Equal(other, key) }):
			return nil, fmt.Errorf("secret %d appears twice", number)
		}
		keys = append(keys, key)
		return key, nil
	})
}

// isWeak reports whether a key was typed by a person: 32 random bytes have more than 12 different values.
func isWeak(key []byte) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(key)))) <= 12
}

func parseStore(text string) (Store, error) {
	path, isBbolt := strings.CutPrefix(text, "bbolt:")
	switch {
	case isBbolt && path != "":
		return Store{Kind: Bbolt, Path: path}, nil
	case strings.HasPrefix(text, "postgres://"), strings.HasPrefix(text, "postgresql://"):
		return Store{Kind: Postgres, Path: text}, pgstore.CheckURL(text)
	}
	return Store{}, errors.New("must be bbolt:PATH or postgres://USER:PASSWORD@HOST/DATABASE")
}

// parseStaffTokens returns the tokens in their order. An item that is wrong is reported by its number.
func parseStaffTokens(text string) (signin.Tokens, error) {
	var tokens signin.Tokens
	number := 0
	_, err := parseEach(text, func(item string) (struct{}, error) {
		number++
		added, err := tokens.Add(item)
		if err != nil {
			return struct{}{}, fmt.Errorf("item %d %w", number, err)
		}
		tokens = added
		return struct{}{}, nil
	})
	return tokens, err
}

func parsePounds(text string) (pounds, error) {
	pence, err := journey.ParsePounds(text)
	return pounds(pence), err
}

// isNotPrintable reports whether a character is a blank, a control character or not ASCII.
func isNotPrintable(r rune) bool { return r <= ' ' || r > '~' }

var methodPattern = regexp.MustCompile(`^[A-Z][A-Z-]{0,30}$`)

func parseMethod(m string) (string, error) {
	if !methodPattern.MatchString(m) || m == "CONNECT" || m == "TRACE" || m == "PRI" {
		return "", fmt.Errorf("%q cannot be let through", m)
	}
	return m, nil
}
