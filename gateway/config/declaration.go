package config

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// prefix begins the name of every setting.
const prefix = "PAYGATE_"

// routePrefix begins the names of the settings of a route.
func routePrefix(route string) string { return prefix + "ROUTE_" + upper(route) + "_" }

// upper returns the name of a route or an account as it is in the names of its settings.
func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// declaration is a field of Settings or routeSettings that declares a setting.
type declaration struct {
	name     string // of the environment variable
	required bool
	field    reflect.StructField
}

func (d declaration) tag(key string) string { return d.field.Tag.Get(key) }

// declarations returns the declarations in T, with a prefix before their names.
func declarations[T any](prefix string) []declaration {
	var all []declaration
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, option, _ := strings.Cut(field.Tag.Get("env"), ",")
		if name != "" {
			all = append(all, declaration{prefix + name, option == "required", field})
		}
	}
	return all
}

// KnownNames lists every variable that may be set, given the names of the routes and of the further accounts.
func KnownNames(routes []string, accounts ...string) []string {
	all := slices.Concat(declarations[Settings](prefix), declarations[Tracing](tracingPrefix))
	for _, route := range routes {
		all = append(all, declarations[routeSettings](routePrefix(route))...)
	}
	for _, account := range accounts {
		all = append(all, declarations[accountSettings](accountPrefix(account))...)
	}
	var names []string
	for _, d := range all {
		names = append(names, d.name)
		if d.tag("secret") != "" {
			names = append(names, d.name+"_FILE")
		}
	}
	slices.Sort(names)
	return names
}

// read fills a struct of declarations from the environment. It reports every value that is wrong, which then counts as
// not set.
func read[T any](c *checker, into *T, prefix string) {
	all := declarations[T](prefix)
	options := env.Options{
		Environment: c.checkedTexts(all), Prefix: prefix, DefaultValueTagName: "default", FuncMap: parsers(),
	}
	var failed env.AggregateError
	errors.As(env.ParseWithOptions(into, options), &failed)
	for _, err := range failed.Errors {
		switch err := err.(type) {
		case env.ParseError:
			i := slices.IndexFunc(all, func(d declaration) bool { return d.field.Name == err.Name })
			c.report(all[i].name, err.Err)
		case env.VarIsNotSetError: // reported by checkedTexts
		default:
			panic(err) // a declaration is wrong
		}
	}
}

// checkedTexts returns the settings whose texts pass the checks in their tags.
func (c *checker) checkedTexts(all []declaration) map[string]string {
	texts := map[string]string{}
	for _, d := range all {
		text, set := c.environment[d.name]
		if c.faulty[d.name] || !c.concerns(d.name) || !set && !d.required {
			continue
		}
		text, err := d.checkText(text)
		c.report(d.name, err)
		if err == nil {
			texts[d.name] = text
		}
	}
	return texts
}

// checkText applies the checks in the tags to the text of a setting.
func (d declaration) checkText(text string) (string, error) {
	if d.required && strings.TrimSpace(text) == "" {
		return "", errors.New("is required")
	}
	if words := d.tag("values"); words != "" {
		return oneOf(text, strings.Split(words, ","))
	}
	if rule := d.tag("check"); rule != "" {
		return checks[rule](text)
	}
	return text, nil
}
