package config

import (
	"fmt"
	"strings"

	"paygate/gateway"
	"paygate/gateway/match"
	"paygate/journey"
)

// parseTell accepts one exact address. The home page is not one: a service that shows it for any path could not be
// reached any more, because no request from outside gets near the address.
func parseTell(text string) (tell, error) {
	p, err := match.ParsePattern(text)
	switch {
	case err != nil:
		return tell{}, err
	case p.Method() != "POST" || len(p.Names())+len(p.Parameters()) > 0:
		return tell{}, fmt.Errorf("%s must be POST and an exact path, without a query", text)
	case p.MayMean("/"):
		return tell{}, fmt.Errorf("%s may be taken for the home page; use a path that leads nowhere else", text)
	}
	return tell(p), nil
}

// events are what a service can be told.
var events = []string{journey.WhatRefunded, journey.WhatReturned, journey.WhatCollectionFailed}

func parseTellOn(text string) (tellOn, error) { return parseWords(text, events...) }

// checkTell reports a list of events that has no effect.
func (c routeChecker) checkTell(v routeSettings) {
	if len(v.TellOn) > 0 && c.text("TELL") == "" {
		c.fault("TELL_ON", "has no effect without TELL")
	}
}

// compareTell reports addresses of Paygate's own messages that the public needs: those of pay routes, those that ALLOW
// lists, and Paygate's own.
func (c *checker) compareTell(s Settings) {
	for _, r := range s.Routes {
		path := r.Terms.Tell
		if path == "" {
			continue
		}
		if path == s.Prefix || strings.HasPrefix(path, s.Prefix+"/") {
			c.fault(r.Setting+"TELL", "%s is under PAYGATE_PREFIX, where only Paygate's own addresses are", path)
		}
		for _, other := range s.Routes {
			c.compareTellWith(r, other)
		}
	}
}

func (c *checker) compareTellWith(r, other gateway.Route) {
	for _, p := range append(other.Patterns(), other.Allow...) {
		if p.Method() != "" && (p.MayMean(r.Terms.Tell) || r.Tell.MayMean(example(p))) {
			c.fault(r.Setting+"TELL", "%s overlaps with %s of route %s; no request from outside gets near TELL",
				r.Terms.Tell, p, other.Name)
		}
	}
}

// example returns a path of the pattern.
func example(p match.Pattern) string {
	values := map[string]string{}
	for _, name := range p.Names() {
		values[name] = "x"
	}
	path, _, _ := strings.Cut(p.Address(values), "?")
	return path
}

// describeTell returns what a service hears, and where.
func describeTell(t journey.Terms) string {
	words := t.TellOn
	if len(words) == 0 {
		words = events
	}
	return fmt.Sprintf("POST %s: %s; no request from outside gets there", t.Tell, strings.Join(words, ", "))
}
