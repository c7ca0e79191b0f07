// Package probe knows how requests can be spelled, and asks a service directly which spellings reach its pay code. It
// is for staging only, because its requests are unpaid and run that code.
//
// spellings.txt is the table of spellings, which tests of other packages use too. spellings.go makes requests of it for
// one address, and service.go sends them byte for byte. yardstick.go tells by the answers whether the code ran, and
// remedy.go finds the settings that close what Paygate lets through. acceptance.go and rule.go are for probe -wrong:
// they find the settings that say which answer means that the service accepted a form.
package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"paygate/gateway"
	"paygate/gateway/config"
	"paygate/gateway/modes"
	"paygate/journey"
)

// Options say what to probe, and how.
type Options struct {
	Settings config.Settings
	Route    string            // the one to probe; empty: all
	Form     string            // the body of the request
	Type     string            // its content type
	Wrong    []string          // forms with mistakes; if there are any, only these and Form are sent
	Header   []string          // further lines, "Name: value"
	Expect   string            // a text that only the pay code writes; may be empty
	Fill     map[string]string // the values of wildcards, by name
	Timeout  time.Duration     // for each answer
	Out      io.Writer
}

// Run probes the routes and prints what it found. It reports whether there is nothing to set, or to look at.
func Run(ctx context.Context, o Options) (fine bool, err error) {
	p := prober{Options: o}
	if p.service, err = newService(o); err != nil {
		return false, err
	}
	fine = true
	for _, r := range o.Settings.Routes {
		switch {
		case o.Route != "" && r.Name != o.Route:
			continue
		case r.Mode == modes.Free:
			fmt.Fprintf(o.Out, "route %s: is free, and so not probed\n\n", r.Name)
			continue
		}
		fmt.Fprintf(o.Out, "route %s: %s\n", r.Name, r.Match)
		probe := p.trySpellings
		if len(o.Wrong) > 0 {
			probe = p.askAcceptance
		}
		fineHere, err := probe(ctx, r)
		if err != nil {
			return false, fmt.Errorf("route %s: %w", r.Name, err)
		}
		fine = fine && fineHere
	}
	return fine, nil
}

func newService(o Options) (service, error) {
	s := o.Settings
	trust, err := config.ReadUpstreamRoots(s.UpstreamCAFile)
	if err != nil {
		return service{}, err
	}
	main := s.Origins.Main()
	header := []string{"X-Forwarded-Host: " + main.Host, "X-Forwarded-Proto: " + main.Scheme}
	return service{
		url: s.Upstream.URL, socket: s.Upstream.Socket, tls: trust,
		host: cmp.Or(s.UpstreamHost, main.Host), public: main.Host,
		timeout: o.Timeout, header: append(header, o.Header...), follow: o.Expect != "",
	}, nil
}

type prober struct {
	Options
	service service
}

// address returns the route's address with the form that is sent there. It adds the field that WHEN names if the form
// lacks it.
func (p *prober) address(r gateway.Route, form string) (Address, error) {
	path, query, _ := strings.Cut(r.Match.Address(p.filling(r)), "?")
	if path == "" {
		return Address{}, errors.New("-fill does not make an address of its MATCH")
	}
	a := Address{Method: r.Match.Method(), Path: path, Query: query, Host: p.Settings.Origins.Main().Host}
	switch {
	case r.Terms.Kind == journey.KindPass:
		return a, nil
	case p.Type != FormType:
		a.Type, a.Body = p.Type, form
		return a, nil
	}
	a.Form = form
	if r.When == nil {
		return a, nil
	}
	a.Field, a.Value = r.When.Field, r.When.Value
	if fields, _ := url.ParseQuery(form); !fields.Has(a.Field) {
		a.Form = strings.TrimPrefix(a.Form+"&"+url.QueryEscape(a.Field)+"="+url.QueryEscape(a.Value), "&")
	}
	return a, nil
}

// filling returns the values of the wildcards in the route's address.
func (p *prober) filling(r gateway.Route) map[string]string {
	values := map[string]string{}
	for _, name := range r.Match.Names() {
		values[name] = cmp.Or(p.Fill[name], "1")
	}
	return values
}

// dryRun returns a dry run of the public listener with these routes.
func dryRun(s config.Settings, routes []gateway.Route) *gateway.DryRun {
	return gateway.NewDryRun(gateway.Options{
		Origins: s.Origins, Prefix: s.Prefix, Methods: s.Methods, Routes: routes, RefuseActions: s.RefuseActions,
	})
}

// tried returns a spelling as the public listener would get it.
func (s Spelling) tried() gateway.RawRequest {
	header := http.Header{}
	for _, line := range s.Header {
		name, value, _ := strings.Cut(line, ": ")
		header[name] = append(header[name], value)
	}
	if s.Type != "" {
		header["Content-Type"] = append(header["Content-Type"], s.Type)
	}
	return gateway.RawRequest{Method: s.Method, Target: s.Target, Header: header, Body: s.Body}
}
