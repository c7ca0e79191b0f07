package gateway

import (
	"bufio"
	"net/http"
	"strings"

	"paygate/gateway/reading"
)

// Fate is what the public door does with a request, by its method and target.
type Fate string

const (
	// FateForwarded goes to the service as it came, unpaid.
	FateForwarded Fate = "let through"
	// FateRefused never reaches the service.
	FateRefused Fate = "refused"
	// FateHeld is a pay route's; where the route has a condition on the form, only if the form meets it.
	FateHeld Fate = "held"
	// FateRedirected leads the browser to the plain spelling.
	FateRedirected Fate = "redirected"
	// FateOwn is under Paygate's own prefix.
	FateOwn Fate = "answered by Paygate itself"
)

// Judge tells what the public door would do with a request, without a door. Safe for concurrent use.
type Judge struct{ judge *judge }

// NewJudge makes the judge that a Gateway with these options has; it looks at PublicURL, Prefix, Routes and Methods alone.
func NewJudge(o Options) *Judge {
	return &Judge{newJudge(o.PublicURL.Host, o.Prefix, o.Routes, o.Methods)}
}

// Fate is that of a request whose target stands on the wire as it is given, with an urlencoded form that may be empty.
func (j *Judge) Fate(method, target, form string) Fate {
	text := method + " " + target + " HTTP/1.1\r\nHost: " + j.judge.publicHost + "\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		return FateRefused // net/http answers it before the door is asked
	}
	ruling := j.judge.rule(r)
	if form != "" && ruling.isSaidElsewhere(reading.Query(form), false) {
		return FateRefused
	}
	switch ruling.verdict {
	case targetRefused:
		return FateRefused
	case targetOwn:
		return FateOwn
	case targetPlainPath:
		return FateRedirected
	case targetPay:
		if ruling.route.Mode == ModeFree {
			return FateForwarded
		}
		return FateHeld
	default:
		return FateForwarded
	}
}
