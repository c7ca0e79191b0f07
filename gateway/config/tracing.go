package config

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// tracingPrefix begins the names of the standard variables of OpenTelemetry.
const tracingPrefix = "OTEL_"

// Tracing are the standard variables of OpenTelemetry that Paygate knows, declared as in Settings. Others that begin
// with OTEL_ may be set for other programs, and are no faults.
type Tracing struct {
	// An OpenTelemetry collector: Paygate sends traces by OTLP over HTTP (docs/how-to/traces.md) to the first address
	// with /v1/traces after it, or to the second as it is. Without either, nothing is traced, and no other variable
	// here counts. Of each pair here and below, the one with TRACES replaces the other.
	Endpoint       *otlpEndpoint `env:"EXPORTER_OTLP_ENDPOINT" example:"http://127.0.0.1:4318" section:"Traces"`
	TracesEndpoint *otlpEndpoint `env:"EXPORTER_OTLP_TRACES_ENDPOINT" example:"http://127.0.0.1:4318/v1/traces"`
	// Headers for the collector: NAME=VALUE, separated by commas, with % escapes.
	Headers       otlpHeaders `env:"EXPORTER_OTLP_HEADERS" secret:"yes" example:"api-key=replace-me"`
	TracesHeaders otlpHeaders `env:"EXPORTER_OTLP_TRACES_HEADERS" secret:"yes" example:"api-key=replace-me"`
	// A further root certificate for an https collector.
	Certificate       string `env:"EXPORTER_OTLP_CERTIFICATE" example:"/etc/paygate/collector.pem"`
	TracesCertificate string `env:"EXPORTER_OTLP_TRACES_CERTIFICATE" example:"/etc/paygate/collector.pem"`
	// Nothing but http/protobuf, which may be left out.
	Protocol       string `env:"EXPORTER_OTLP_PROTOCOL" default:"http/protobuf" check:"protocol"`
	TracesProtocol string `env:"EXPORTER_OTLP_TRACES_PROTOCOL" default:"http/protobuf" check:"protocol"`
	// What the collector calls Paygate, and further attributes: NAME=VALUE, separated by commas, with % escapes.
	ServiceName string             `env:"SERVICE_NAME" example:"paygate"`
	Attributes  resourceAttributes `env:"RESOURCE_ATTRIBUTES" example:"deployment.environment.name=live"`
	// Which traces are sent: always_on, always_off or traceidratio; with parentbased_ before it, as the caller says if
	// it sends a traceparent. The second is the part of the traces that traceidratio takes, from 0 to 1.
	Sampler      string `env:"TRACES_SAMPLER" default:"parentbased_always_on" check:"sampler"`
	SamplerRatio ratio  `env:"TRACES_SAMPLER_ARG" default:"1"`
	// With none, or with true, nothing is traced, even if there is a collector.
	Exporter string `env:"TRACES_EXPORTER" default:"otlp" values:"otlp,none"`
	Disabled string `env:"SDK_DISABLED" default:"false"`
}

// Types of the standard variables of OpenTelemetry.
type (
	otlpEndpoint       url.URL
	otlpHeaders        http.Header
	resourceAttributes map[string]string
	ratio              float64
)

// tracing reads the settings of traces. It returns nil if nothing is traced.
func (c *checker) tracing() *Tracing {
	given := func(name string) string { return c.environment[tracingPrefix+name] }
	if given("EXPORTER_OTLP_ENDPOINT")+given("EXPORTER_OTLP_TRACES_ENDPOINT") == "" ||
		given("TRACES_EXPORTER") == "none" || strings.EqualFold(given("SDK_DISABLED"), "true") {
		return nil
	}
	c.readSecrets(declarations[Tracing](tracingPrefix))
	for name, value := range c.environment {
		if of, only := strings.CutPrefix(name, tracingPrefix+"EXPORTER_OTLP_TRACES_"); only && value != "" {
			delete(c.environment, tracingPrefix+"EXPORTER_OTLP_"+of)
		}
	}
	t := &Tracing{}
	read(c, t, tracingPrefix)
	t.ServiceName = cmp.Or(t.ServiceName, t.Attributes["service.name"], "paygate")
	return t
}

// Collector returns where traces are sent.
func (t *Tracing) Collector() *url.URL {
	if t.TracesEndpoint != nil {
		return (*url.URL)(t.TracesEndpoint)
	}
	return (*url.URL)(t.Endpoint).JoinPath("v1/traces")
}

// Header returns the header of what is sent to the collector.
func (t *Tracing) Header() http.Header {
	if t.TracesHeaders != nil {
		return http.Header(t.TracesHeaders)
	}
	return http.Header(t.Headers)
}

// ReadRoots reads the certificate of the collector, as [ReadUpstreamRoots] does. A nil Tracing has none.
func (t *Tracing) ReadRoots() (*tls.Config, error) {
	switch {
	case t == nil:
		return nil, nil
	case t.TracesCertificate != "":
		return readRoots(tracingPrefix+"EXPORTER_OTLP_TRACES_CERTIFICATE", t.TracesCertificate)
	default:
		return readRoots(tracingPrefix+"EXPORTER_OTLP_CERTIFICATE", t.Certificate)
	}
}

func parseOTLPEndpoint(text string) (otlpEndpoint, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return otlpEndpoint{}, errors.New("must be the address of a collector, such as http://127.0.0.1:4318")
	}
	return otlpEndpoint(*u), nil
}

// parseAttributes returns pairs of names and values. Its errors do not contain the text, which may be secret.
func parseAttributes(text string) (resourceAttributes, error) {
	pairs, number := resourceAttributes{}, 0
	_, err := parseEach(text, func(item string) (struct{}, error) {
		number++
		name, escaped, found := strings.Cut(item, "=")
		value, err := url.PathUnescape(strings.TrimSpace(escaped))
		if name = strings.TrimSpace(name); !found || name == "" || err != nil {
			return struct{}{}, fmt.Errorf("item %d must be NAME=VALUE, with %% escapes", number)
		}
		pairs[name] = value
		return struct{}{}, nil
	})
	return pairs, err
}

func parseOTLPHeaders(text string) (otlpHeaders, error) {
	pairs, err := parseAttributes(text)
	header := http.Header{}
	for name, value := range pairs {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			err = errors.New("has a header that cannot be sent")
		}
		header.Set(name, value)
	}
	return otlpHeaders(header), err
}

func parseRatio(text string) (ratio, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= 0 && value <= 1) {
		return 0, errors.New("must be a number from 0 to 1")
	}
	return ratio(value), nil
}

func checkSampler(text string) (string, error) {
	text = strings.ToLower(text)
	_, err := oneOf(strings.TrimPrefix(text, "parentbased_"), []string{"always_on", "always_off", "traceidratio"})
	return text, err
}

func checkProtocol(text string) (string, error) {
	if text != "http/protobuf" {
		return "", errors.New("must be http/protobuf, which collectors usually take at port 4318")
	}
	return text, nil
}
