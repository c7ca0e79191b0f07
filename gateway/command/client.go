package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"paygate/gateway/config"
)

// staffDoor speaks to a running gateway's staff door.
type staffDoor struct {
	config.Client
}

// door reads how to reach the staff door.
func (w Env) door() (staffDoor, error) {
	client, err := config.LoadClient(w.Environ)
	if err != nil {
		return staffDoor{}, err
	}
	if client.Token == "" {
		return staffDoor{}, config.Faults{"PAYGATE_STAFF_TOKEN: is needed, or PAYGATE_STAFF_TOKENS, whose first is then used"}
	}
	return staffDoor{client}, nil
}

// ask sends a request and gives the answer, whose status is 200. What the door says otherwise is the error.
func (d staffDoor) ask(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	address := d.StaffURL.JoinPath(path)
	address.RawQuery = query.Encode()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+d.Token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return nil, errors.New("the staff door does not answer at " + d.StaffURL.String() + "; is the gateway running?")
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, refusal(answer)
	}
	return answer, nil
}

// refusal is what the door said in words. What it was asked wrongly is wrong use.
func refusal(answer *http.Response) error {
	err := said(answer)
	if answer.StatusCode == http.StatusUnprocessableEntity {
		return askedWrongly{err}
	}
	return err
}

// askedWrongly is wrong use that the staff door noticed.
type askedWrongly struct{ error }

func said(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	var problem struct {
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(text, &problem); err != nil || problem.Detail == "" {
		return fmt.Errorf("the staff door answered %s", answer.Status)
	}
	return errors.New(problem.Detail)
}

// read asks and reads the JSON of the answer.
func (d staffDoor) read(ctx context.Context, method, path string, query url.Values, body, into any) error {
	answer, err := d.ask(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("the staff door's answer is no JSON: %w", err)
	}
	return nil
}

// journeyID is the one argument of a command about one journey.
func (w Env) journeyID(name string, args []string) (string, error) {
	if len(args) != 1 || args[0] == "" || strings.ContainsAny(args[0], "/?#%. ") {
		fmt.Fprintf(w.Stderr, "paygate %s: one journey ID is needed, behind the flags\n", name)
		return "", errUsage
	}
	return strings.ToUpper(args[0]), nil
}

// printJSON writes a value for people and programs.
func (w Env) printJSON(value any) error {
	encoder := json.NewEncoder(w.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
