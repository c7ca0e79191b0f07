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
	"time"

	"paygate/gateway/config"
	"paygate/journey/export"
)

// ask sends a request to the staff listener of a running gateway, and returns the answer if its status is 200,
// or 202: it waits for a second person.
func (e Env) ask(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	c, err := config.LoadClient(e.Environ)
	if err != nil {
		return nil, err
	}
	if c.Token == "" {
		return nil, config.Faults{"PAYGATE_STAFF_TOKEN: is needed, unless PAYGATE_STAFF_TOKENS has exactly one " +
			"token: " +
			"the history names the member of staff who acts"}
	}
	request, err := staffRequest(ctx, c, method, path, query, body)
	if err != nil {
		return nil, err
	}
	client, err := staffClient(c)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if errors.Is(err, errCertificate) {
		return nil, fmt.Errorf("the staff listener at %s is not the one that is expected: %w", c.StaffURL,
			errCertificate)
	}
	if err != nil {
		return nil, fmt.Errorf("the staff listener does not answer at %s; is the gateway running?", c.StaffURL)
	}
	if answer.StatusCode == http.StatusAccepted {
		fmt.Fprintln(e.Stderr,
			"paygate: it waits for a second person: paygate approve -amount POUNDS ID, or paygate reject")
	} else if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, problem(answer)
	}
	return answer, nil
}

func staffRequest(
	ctx context.Context, c config.Client, method, path string, query url.Values, body any,
) (*http.Request, error) {
	address := c.StaffURL.JoinPath(path)
	address.RawQuery = query.Encode()
	header := http.Header{"Authorization": {"Bearer " + c.Token}, "Accept": {"application/json"}}
	var content bytes.Buffer
	if body != nil {
		header.Set("Content-Type", "application/json")
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), &content)
	if err == nil {
		request.Header = header
	}
	return request, err
}

// wrongRequest is wrong use that the staff listener reports.
type wrongRequest struct{ error }

// problem returns the error in an answer of the staff listener.
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
func (e Env) read(ctx context.Context, method, path string, query url.Values, body, into any) error {
	answer, err := e.ask(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("the staff listener's answer is not JSON: %w", err)
	}
	return nil
}

// about is what a command about one journey is told.
type about struct{ id, reason, format string }

// carryOut sends a request about one journey, and prints the journey in the answer.
func (e Env) carryOut(ctx context.Context, a about, method, action string, body any) error {
	var whole export.Whole
	if err := e.read(ctx, method, "journeys/"+a.id+action, nil, body, &whole); err != nil {
		return err
	}
	if a.format == "json" {
		return e.printJSON(whole)
	}
	return e.describe(whole)
}

// get fetches an address without a token, and returns the status and the text of the answer.
func get(ctx context.Context, client *http.Client, address string, timeout time.Duration) (status int, text []byte,
	err error,
) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return answer.StatusCode, text, err
}

// journeyID returns the one argument of a command about one journey.
func (e Env) journeyID(name string, args []string) (string, error) {
	if len(args) != 1 || args[0] == "" || strings.ContainsAny(args[0], "/?#%. ") {
		return "", e.wrongUse(name, "one journey ID is needed, after the flags")
	}
	return strings.ToUpper(args[0]), nil
}

// printJSON prints a value as indented JSON.
func (e Env) printJSON(value any) error {
	encoder := json.NewEncoder(e.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
