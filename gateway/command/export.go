package command

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// exportCSV writes the finance file to standard output, and the totals to check it with to standard error.
func exportCSV(ctx context.Context, e Env, args []string) error {
	query := url.Values{}
	_, err := e.flags("export", "-from DATE -to DATE", args, 0, func(set *flag.FlagSet) {
		set.Func("from", "journeys begun on or after this `date` or time", parameter(query, "from"))
		set.Func("to", "and before this `date` or time", parameter(query, "to"))
	})
	if err != nil {
		return err
	}
	answer, err := e.ask(ctx, http.MethodGet, "export.csv", query, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	out := bufio.NewWriter(e.Stdout)
	_, err = io.Copy(out, answer.Body)
	total := func(name string) string { return answer.Trailer.Get("Paygate-Export-" + name) }
	if err != nil || total("Rows") == "" {
		return errors.Join(out.Flush(), errors.New("the export is incomplete, and so is the file that was written"))
	}
	fmt.Fprintf(e.Stderr, "journeys %s, asked %s pence, taken %s pence, refunded %s pence\n",
		total("Rows"), total("Amount-Pence"), total("Taken-Pence"), total("Refunded-Pence"))
	return out.Flush()
}
