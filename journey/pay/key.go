package pay

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// KeyStatus is what Pay makes of the key.
type KeyStatus string

const (
	// KeyTaken is a key that Pay knows.
	KeyTaken KeyStatus = "taken"
	// KeyRefused is a key that Pay does not know, or no longer.
	KeyRefused KeyStatus = "refused"
	// KeyUnclear is an answer that says nothing of the key: Pay has trouble, or it is not Pay that answers.
	KeyUnclear KeyStatus = "unclear"
)

// KeyCheck is Pay's answer to a harmless read.
type KeyCheck struct {
	Key        KeyStatus
	HTTPStatus int       // HTTP
	Code       string    // Pay's, such as P0200; often empty
	Date       time.Time // by Pay's clock, to the second; zero where it does not say
}

// noPayment is an id that no payment has: asked for it, Pay gives nobody's data away and makes nothing.
const noPayment = "00000000000000000000000000"

// CheckKey asks Pay for a payment that does not exist. The error is an *Error: there was no answer.
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
	check := KeyCheck{HTTPStatus: answer.StatusCode, Code: codeOf(body)}
	check.Key = keyStatus(check.HTTPStatus, check.Code)
	check.Date, _ = http.ParseTime(answer.Header.Get("Date")) // zero where there is none
	return check, nil
}

// keyStatus: a wrong key is stopped by a 401 before anything else, and whatever has one of Pay's codes came behind that
// (FACTS 1.2), but for the firewall's P0920, which comes before it.
func keyStatus(status int, code string) KeyStatus {
	switch {
	case status == http.StatusUnauthorized:
		return KeyRefused
	case status >= 400 && status <= 499 && code != "" && code != "P0920":
		return KeyTaken
	default:
		return KeyUnclear
	}
}

func codeOf(body []byte) string {
	var answer struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(body, &answer)
	if !codePattern.MatchString(answer.Code) {
		return ""
	}
	return answer.Code
}
