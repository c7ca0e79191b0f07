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
	"strconv"

	"paygate/journey"
)

// exportCSV writes a finance file to standard output, and the totals to check it with to standard error.
func exportCSV(ctx context.Context, e Env, args []string) error {
	query, what, address := url.Values{}, "journeys", "export.csv"
	_, err := e.flags("export", "[-refunds] [flags]", args, 0, func(set *flag.FlagSet) {
		set.BoolFunc("refunds", "a row for each refund, instead of each journey", func(string) error {
			what, address = "refunds", "refunds.csv"
			return nil
		})
		set.Func("from", "on or after this `date` or time", parameter(query, "from"))
		set.Func("to", "and before this `date` or time", parameter(query, "to"))
		set.Func("by", "which `date` counts: started (the default), paid, captured, settled or refunded; "+
			"with -refunds, refunded (the default) or settled", parameter(query, "by"))
		set.Func("units", "`pence` (the default) or pounds", parameter(query, "units"))
	})
	if err != nil {
		return err
	}
	answer, err := e.ask(ctx, http.MethodGet, address, query, nil)
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
	pounds := func(name string) string {
		pence, _ := strconv.ParseInt(total(name), 10, 64)
		return journey.Pounds(pence)
	}
	fmt.Fprintf(e.Stderr, "%s %s, asked %s, taken %s, refunded %s\n",
		what, total("Rows"), pounds("Amount-Pence"), pounds("Taken-Pence"), pounds("Refunded-Pence"))
	return out.Flush()
}
