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
	"paygate/journey/export"
)

// client speaks to the staff listener of a running gateway.
type client struct {
	config.Client
}

func (e Env) client() (client, error) {
	c, err := config.LoadClient(e.Environ)
	if err == nil && c.Token == "" {
		err = config.Faults{"PAYGATE_STAFF_TOKEN: is needed, or PAYGATE_STAFF_TOKENS, whose first is then used"}
	}
	return client{c}, err
}

// ask sends a request and returns the answer if its status is 200.
func (c client) ask(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	address := c.StaffURL.JoinPath(path)
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
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	dontFollow := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := (&http.Client{CheckRedirect: dontFollow}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("the staff listener does not answer at %s; is the gateway running?", c.StaffURL)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, problem(answer)
	}
	return answer, nil
}

// wrongRequest is wrong use that the staff listener noticed.
type wrongRequest struct{ error }

// problem returns what the staff listener says is wrong.
func problem(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	var said struct {
		Detail string `json:"detail"`
	}
	err := fmt.Errorf("the staff listener answered %s", answer.Status)
	if json.Unmarshal(text, &said) == nil && said.Detail != "" {
		err = errors.New(said.Detail)
	}
	if answer.StatusCode == http.StatusUnprocessableEntity {
		return wrongRequest{err}
	}
	return err
}

// read sends a request and reads the JSON of the answer.
func (c client) read(ctx context.Context, method, path string, query url.Values, body, into any) error {
	answer, err := c.ask(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("the staff listener's answer is not JSON: %w", err)
	}
	return nil
}

// printJourney asks for one journey, or that something be done to it, and prints the journey as it then is.
func (e Env) printJourney(ctx context.Context, method, path string, body any) error {
	c, err := e.client()
	if err != nil {
		return err
	}
	var whole export.Whole
	if err := c.read(ctx, method, path, nil, body, &whole); err != nil {
		return err
	}
	return e.printJSON(whole)
}

// journeyID returns the one argument of a command about one journey.
func (e Env) journeyID(name string, args []string) (string, error) {
	if len(args) != 1 || args[0] == "" || strings.ContainsAny(args[0], "/?#%. ") {
		return "", e.wrongUse(name, "one journey ID is needed, after the flags")
	}
	return strings.ToUpper(args[0]), nil
}

// printJSON writes a value for people and programs.
func (e Env) printJSON(value any) error {
	encoder := json.NewEncoder(e.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
