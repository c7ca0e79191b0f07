package pay

import (
	"context"
	"io"
	"net/http"
	"time"
)

// KeyStatus is what Pay says about the key.
type KeyStatus string

const (
	// KeyAccepted is a key that Pay knows.
	KeyAccepted KeyStatus = "accepted"
	// KeyRefused is a key that Pay does not know, or no longer knows.
	KeyRefused KeyStatus = "refused"
	// KeyUnclear is an answer that says nothing about the key: Pay is in trouble, or something else answers.
	KeyUnclear KeyStatus = "unclear"
)

// KeyCheck is Pay's answer to a harmless read.
type KeyCheck struct {
	Key        KeyStatus
	HTTPStatus int
	Code       string    // Pay's, such as P0200; often empty
	Date       time.Time // by Pay's clock, to the second; zero if it does not say
}

// noPayment is an id that no payment has: a read of it reveals and changes nothing.
const noPayment = "00000000000000000000000000"

// CheckKey asks Pay for a payment that does not exist. The error is an *Error if there was no answer.
func (c *Client) CheckKey(ctx context.Context) (KeyCheck, error) {
	const name = "get"
	request, err := c.request(ctx, call{name, http.MethodGet, "/v1/payments/" + noPayment, nil})
	if err != nil {
		return KeyCheck{}, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return KeyCheck{}, unreachable(name, err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBytes))
	code, _ := codeAndField(body)
	check := KeyCheck{Key: keyStatus(answer.StatusCode, code), HTTPStatus: answer.StatusCode, Code: code}
	check.Date, _ = http.ParseTime(answer.Header.Get("Date")) // zero if there is none
	return check, nil
}

// keyStatus interprets an answer. Pay checks the key first and answers 401 to a wrong one, so any of Pay's codes means
// that the key was accepted (FACTS 1.2), except the firewall's P0920, which comes before the check.
func keyStatus(status int, code string) KeyStatus {
	switch {
	case status == http.StatusUnauthorized:
		return KeyRefused
	case status >= 400 && status <= 499 && code != "" && code != "P0920":
		return KeyAccepted
	default:
		return KeyUnclear
	}
}
