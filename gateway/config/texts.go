package config

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// checks are the rules for texts that the tag "check" names. Each returns the text as Paygate uses it.
var checks = map[string]func(string) (string, error){
	"key":            checkKey,
	"host":           checkHost,
	"issuer":         checkIssuer,
	"header":         checkHeader,
	"prefix":         checkPrefix,
	"address":        checkAddress,
	"public address": checkPublicAddress,
	"level":          checkLevel,
	"protocol":       checkProtocol,
	"sampler":        checkSampler,
	"name":           func(text string) (string, error) { return checkLine(text, 255) },
	"contact":        func(text string) (string, error) { return checkLine(text, 500) },
	"noun":           func(text string) (string, error) { return checkLine(text, 50) },
	"description":    checkDescription,
}

// oneOf returns a word that must be one of several.
func oneOf(text string, words []string) (string, error) {
	if slices.Contains(words, text) {
		return text, nil
	}
	last := len(words) - 1
	return "", fmt.Errorf("must be %s or %s", strings.Join(words[:last], ", "), words[last])
}

// checkKey accepts what an HTTP header can carry.
func checkKey(text string) (string, error) {
	if strings.ContainsFunc(text, isNotPrintable) {
		return "", errors.New("has blanks or other characters that no key contains")
	}
	return text, nil
}

// checkLine accepts text of one line.
func checkLine(text string, maxLength int) (string, error) {
	var errs []error
	if len([]rune(text)) > maxLength {
		errs = append(errs, fmt.Errorf("is longer than %d characters", maxLength))
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		errs = append(errs, errors.New("has control characters"))
	}
	return text, errors.Join(errs...)
}

// checkDescription applies the limits of GOV.UK Pay.
func checkDescription(text string) (string, error) {
	text, err := checkLine(text, 255)
	if strings.ContainsAny(text, `<>|"\`) {
		err = errors.Join(err, errors.New(`GOV.UK Pay refuses the characters < > | " \`))
	}
	return text, err
}

func checkLevel(text string) (string, error) {
	var level slog.Level
	if level.UnmarshalText([]byte(text)) != nil {
		return "", errors.New("must be debug, info, warn or error")
	}
	return text, nil
}

// checkPrefix accepts a path without a final slash.
func checkPrefix(text string) (string, error) {
	path, absolute := strings.CutPrefix(text, "/")
	valid := absolute
	for segment := range strings.SplitSeq(path, "/") {
		letters := strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz0123456789-._~") == ""
		valid = valid && strings.Trim(segment, ".") != "" && letters
	}
	if !valid {
		return "", errors.New("must be a path such as /_pay: lower-case letters, digits and -._~, " +
			"without a / at the end")
	}
	return text, nil
}
