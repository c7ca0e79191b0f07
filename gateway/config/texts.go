package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// checkKey accepts what an HTTP header can carry.
func checkKey(text string) (string, error) {
	if strings.ContainsFunc(text, isNotPrintable) {
		return "", errors.New("has blanks or other characters that no key has")
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

func checkLevel(text string) error {
	var level slog.Level
	if level.UnmarshalText([]byte(text)) != nil {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
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
		return "", errors.New("must be a path such as /_pay: lower-case letters, digits and -._~, without a / at the end")
	}
	return text, nil
}
