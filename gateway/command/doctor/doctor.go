// Package doctor compares the settings with what they describe: the service and its pages, the public addresses,
// GOV.UK Pay, the store and the files. It only reads, so it can run beside a running Paygate.
package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/journey"
)

// grade says how serious a finding is.
type grade string

const (
	fine    grade = "ok"
	note    grade = "note"    // for a person to know or to try
	warning grade = "warning" // works, but is seldom meant
	wrong   grade = "wrong"   // would harm citizens or the money
)

// Options are what the doctor examines.
type Options struct {
	Settings config.Settings
	LookUp   config.LookUp // resolves host names
	Pages    []string      // paths of pages whose forms lead to a pay route, besides the routes' own
	Out      io.Writer
}

// Run prints a line for each finding. It reports whether nothing is wrong.
func Run(ctx context.Context, o Options) (healthy bool, err error) {
	e := &examination{Options: o, counts: map[grade]int{}}
	e.report(fine, "settings", "can be used")
	answers := e.checkService(ctx)
	e.checkExposure(ctx)
	if answers {
		e.checkPages(ctx)
		e.checkForms()
		e.checkPrefix(ctx)
		e.checkCookies()
		checkRedirects(e)
		checkGrace(e)
		checkTell(ctx, e)
	}
	e.checkPublic(ctx)
	e.checkUnpaid()
	e.checkPay(ctx)
	e.checkEmails(ctx)
	checkContact(e)
	e.checkRoutes()
	e.checkAcceptance()
	e.checkStore(ctx)
	e.checkStaffListener()
	e.checkWebhooks()
	e.checkSigningKeys()
	e.checkCertificates()
	e.checkSecretFiles()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	fmt.Fprintf(e.Out, "\n%d wrong, %d to think about\n", e.counts[wrong], e.counts[warning])
	return e.counts[wrong] == 0, nil
}

// examination is one run of the doctor.
type examination struct {
	Options
	counts map[grade]int
	client *http.Client // reaches the service
	read   []page       // of the service, in the order in which they were read
}

// report prints a finding.
func (e *examination) report(g grade, about, format string, values ...any) {
	e.counts[g]++
	fmt.Fprintf(e.Out, "%-8s %-20s %s\n", g, about, fmt.Sprintf(format, values...))
}

// formPages returns the paths of the pages with forms: the named ones, and the submission routes' own.
func (e *examination) formPages() []string {
	paths := slices.Clone(e.Pages)
	for _, r := range e.submissions() {
		if path := r.Match.Address(nil); path != "" {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func (e *examination) submissions() []gateway.Route {
	return slices.DeleteFunc(slices.Clone(e.Settings.Routes), func(r gateway.Route) bool {
		return r.Terms.Kind != journey.KindSubmission
	})
}

// outcome returns what Paygate would do with a request if these were its routes.
func outcome(s config.Settings, routes []gateway.Route, method, target string) gateway.Outcome {
	run := gateway.NewDryRun(gateway.Options{
		Origins: s.Origins, Prefix: s.Prefix, Methods: s.Methods, Routes: routes, RefuseActions: s.RefuseActions,
	})
	return run.Outcome(gateway.RawRequest{Method: method, Target: target})
}

// list joins names for people, each once.
func list(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
