package command

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"paygate/gateway/config"
)

// grade says how serious a finding is.
type grade string

const (
	fine    grade = "ok"
	note    grade = "note"    // for a person to try or to know; nothing was found
	warning grade = "warning" // works, and is seldom meant
	wrong   grade = "wrong"   // would harm citizens, or the money; exit status 3
)

// finding is a line of the doctor's.
type finding struct {
	grade grade
	about string
	text  string
}

func found(g grade, about, format string, values ...any) finding {
	return finding{g, about, fmt.Sprintf(format, values...)}
}

// examined is what the checks of the doctor look at.
type examined struct {
	settings config.Settings
	lookUp   config.LookUp
	service  *serviceReader
	pages    []string // addresses with forms that lead to a pay route
}

// doctor checks the settings, then looks at what they speak of. It changes nothing and takes no journey from a gateway that
// runs beside it: it reads pages of the service, one answer of GOV.UK Pay, and some files.
func doctor(ctx context.Context, w Env, args []string) error {
	var pages []string
	_, err := w.flags("doctor", "[-page PATH …]", args, 0, func(set *flag.FlagSet) {
		set.Func("page", "the `path` of a page whose form leads to a pay route, where it is not the pay route's own; can be repeated", func(path string) error {
			if !strings.HasPrefix(path, "/") {
				return fmt.Errorf("must begin with /")
			}
			pages = append(pages, path)
			return nil
		})
	})
	if err != nil {
		return err
	}
	settings, err := config.Load(w.Environ)
	if err != nil {
		return err
	}
	fmt.Fprint(w.Stdout, settings.Describe(), "\n")
	return examine(ctx, w.Stdout, examined{settings: settings, lookUp: w.lookUp, pages: pages})
}

// examine prints each finding when it is made.
func examine(ctx context.Context, out io.Writer, e examined) error {
	counts := map[grade]int{}
	tell := func(findings ...finding) {
		for _, f := range findings {
			counts[f.grade]++
			fmt.Fprintf(out, "%-8s %-20s %s\n", f.grade, f.about, f.text)
		}
	}
	tell(found(fine, "settings", "can be used"))
	var reached finding
	e.service, reached = reachService(ctx, e.settings)
	tell(reached)
	tell(checkExposure(ctx, e))
	if e.service != nil {
		tell(checkPages(ctx, e)...)
		tell(checkForms(e)...)
		tell(checkPrefix(ctx, e))
		tell(checkCookies(e)...)
	}
	for _, check := range []func(context.Context, examined) []finding{
		checkPublic, checkUnpaid, checkPay, checkRoutes, checkAcceptance, checkStore, checkStaffDoor, checkWebhooks, checkSigningKeys, checkCertificate, checkFiles,
	} {
		tell(check(ctx, e)...)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d wrong, %d to think about\n", counts[wrong], counts[warning])
	if counts[wrong] > 0 {
		return errNeedsPerson
	}
	return nil
}

// list writes names for people, each once.
func list(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
