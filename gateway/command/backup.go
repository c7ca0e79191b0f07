package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

// backup writes a copy of the running store to a new file.
func backup(ctx context.Context, e Env, args []string) error {
	rest, err := e.flags("backup", "FILE", args, 1, nil)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] == "" {
		return e.wrongUse("backup", "the name of a new file is needed")
	}
	if _, err := os.Lstat(rest[0]); err == nil {
		return fmt.Errorf("%s already exists", rest[0])
	}
	answer, err := e.ask(ctx, http.MethodGet, "backup", nil, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := saveBackup(rest[0], answer); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "%s bytes\n", answer.Trailer.Get("Paygate-Backup-Bytes"))
	return nil
}

// saveBackup writes an answer to a file that only its owner can read. The file gets its name once it is complete and on
// disk.
func saveBackup(name string, answer *http.Response) (err error) {
	part := name + ".part"
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	n, err := io.Copy(file, answer.Body)
	if err == nil && answer.Trailer.Get("Paygate-Backup-Bytes") != strconv.FormatInt(n, 10) {
		err = errors.New("the backup is incomplete")
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(part, name)
}
