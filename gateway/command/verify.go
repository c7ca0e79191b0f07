package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"paygate/gateway/signature"
)

// verify checks the signature of a captured request, from a file or standard input.
func verify(ctx context.Context, e Env, args []string) error {
	var keySource, audience, at string
	rest, err := e.flags("verify", "-keys URL|FILE -audience URL [-at TIME] [FILE]", args, 1, func(set *flag.FlagSet) {
		set.StringVar(&keySource, "keys", "", "where the key set is: the URL of the gateway's /_pay/keys, or a file")
		set.StringVar(&audience, "audience", "", "PAYGATE_AUDIENCE, or else the public URL")
		set.StringVar(&at, "at", "", "the `time` when the request arrived, if not now, such as 2026-11-22T10:41:07Z")
	})
	if err != nil {
		return err
	}
	if keySource == "" || audience == "" {
		return e.wrongUse("verify", "-keys and -audience are needed")
	}
	moment := time.Now()
	if at != "" {
		if moment, err = time.Parse(time.RFC3339, at); err != nil {
			return e.wrongUse("verify", "-at must be a time such as 2026-11-22T10:41:07Z")
		}
	}
	keys, err := readKeys(ctx, keySource)
	if err != nil {
		return err
	}
	captured, err := readCaptured(e, rest)
	if err != nil {
		return err
	}
	return report(e.Stdout, signature.VerifyRequest(captured, keys, audience, moment))
}

func report(out io.Writer, checks []signature.Check) error {
	bad := 0
	for _, c := range checks {
		word := "good"
		if !c.Good {
			word = "BAD"
			bad++
		}
		fmt.Fprintf(out, "%-22s %-5s %s\n", c.Name, word, c.Detail)
	}
	if bad > 0 {
		return errors.New("the request is not what Paygate signed")
	}
	return nil
}

func readKeys(ctx context.Context, source string) (keys jose.JSONWebKeySet, err error) {
	var text []byte
	status := http.StatusOK
	if strings.HasPrefix(source, "http") {
		status, text, err = get(ctx, http.DefaultClient, source, 10*time.Second)
	} else {
		text, err = os.ReadFile(source)
	}
	switch {
	case err != nil:
		return keys, fmt.Errorf("reading the key set: %w", err)
	case status != http.StatusOK:
		return keys, fmt.Errorf("reading the key set: status %d", status)
	}
	if err := json.Unmarshal(text, &keys); err != nil {
		return keys, errors.New("the key set is not a JSON Web Key Set")
	}
	return keys, nil
}

func readCaptured(e Env, rest []string) ([]byte, error) {
	if len(rest) == 1 && rest[0] != "-" {
		return os.ReadFile(rest[0])
	}
	return io.ReadAll(io.LimitReader(e.Stdin, 64<<20))
}
