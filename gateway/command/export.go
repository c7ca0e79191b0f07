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
	"os"
	"strconv"
)

// exportCSV writes the finance file to standard output, and what it can be checked against to standard error.
func exportCSV(ctx context.Context, w Env, args []string) error {
	query := url.Values{}
	_, err := w.flags("export", "-from DATE -to DATE", args, 0, func(set *flag.FlagSet) {
		set.Func("from", "journeys begun on or after this `date` or time", func(s string) error { query.Set("from", s); return nil })
		set.Func("to", "and before this `date` or time", func(s string) error { query.Set("to", s); return nil })
	})
	if err != nil {
		return err
	}
	door, err := w.door()
	if err != nil {
		return err
	}
	answer, err := door.ask(ctx, http.MethodGet, "export.csv", query, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	out := bufio.NewWriter(w.Stdout)
	if _, err := io.Copy(out, answer.Body); err != nil || answer.Trailer.Get("Paygate-Export-Rows") == "" {
		return errors.Join(out.Flush(), errors.New("the export broke off: what was written is not whole"))
	}
	fmt.Fprintf(w.Stderr, "journeys %s, asked %s pence, taken %s pence, refunded %s pence\n", answer.Trailer.Get("Paygate-Export-Rows"),
		answer.Trailer.Get("Paygate-Export-Amount-Pence"), answer.Trailer.Get("Paygate-Export-Taken-Pence"), answer.Trailer.Get("Paygate-Export-Refunded-Pence"))
	return out.Flush()
}

// backup writes a copy of the running store to a file that is not there yet. It appears under its name once it is whole.
func backup(ctx context.Context, w Env, args []string) error {
	rest, err := w.flags("backup", "FILE", args, 1, nil)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] == "" {
		fmt.Fprintln(w.Stderr, "paygate backup: the name of a new file is needed")
		return errUsage
	}
	if _, err := os.Lstat(rest[0]); err == nil {
		return fmt.Errorf("%s is there already", rest[0])
	}
	door, err := w.door()
	if err != nil {
		return err
	}
	answer, err := door.ask(ctx, http.MethodGet, "backup", nil, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := keep(rest[0], answer); err != nil {
		return err
	}
	fmt.Fprintf(w.Stdout, "%s bytes\n", answer.Trailer.Get("Paygate-Backup-Bytes"))
	return nil
}

// keep writes an answer to a file that only its owner reads, and gives it its name when it is whole and on the disk.
func keep(name string, answer *http.Response) (err error) {
	file, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(name + ".part")
		}
	}()
	n, err := io.Copy(file, answer.Body)
	if err == nil && answer.Trailer.Get("Paygate-Backup-Bytes") != strconv.FormatInt(n, 10) {
		err = errors.New("the backup broke off")
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}
