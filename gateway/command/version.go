package command

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
)

// build is the revision that a binary was built from, and when that was committed; "unknown" if the build does not say.
type build struct{ revision, date string }

func readBuild() build {
	b := build{"unknown", "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	values := map[string]string{}
	for _, s := range info.Settings {
		values[s.Key] = s.Value
	}
	b.revision = cmp.Or(values["vcs.revision"], b.revision)
	b.date = cmp.Or(values["vcs.time"], b.date)
	if values["vcs.modified"] == "true" {
		b.revision += "-modified"
	}
	return b
}

func version(_ context.Context, e Env, args []string) error {
	if _, err := e.flags("version", "", args, 0, nil); err != nil {
		return err
	}
	b := readBuild()
	fmt.Fprintf(e.Stdout, "paygate %s\nrevision %s\ncommitted %s\n", e.Version, b.revision, b.date)
	return nil
}
