package disaster

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"paygate/internal/testserver"
)

// replica is a process of the program, running or killed.
type replica struct {
	a          *killTest
	url, staff string
	environ    []string
	binary     string              // empty: paygate
	program    *testserver.Program // nil: not running
}

func (g *replica) start() {
	g.a.t.Helper()
	if g.binary != "" {
		g.program = testserver.StartBinary(g.a.t, g.binary, g.environ, "serve")
		return
	}
	g.program = testserver.StartProgram(g.a.t, g.environ, "serve")
}

func (g *replica) kill() {
	g.a.removeServing(g)
	g.program.Kill()
	g.program = nil
}

// logged returns the end of the log.
func (g *replica) logged() string {
	text := g.program.Logged()
	return text[max(0, len(text)-4000):]
}

// anyReplicas returns one or more replicas to kill.
func (a *killTest) anyReplicas(random *rand.Rand) []*replica {
	chosen := slices.Clone(a.replicas)
	random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	return chosen[:1+random.IntN(len(chosen))]
}

// startAll starts every replica.
func (a *killTest) startAll() {
	a.t.Helper()
	for _, g := range a.replicas {
		g.start()
	}
	a.waitUntilServing()
}

// waitUntilServing waits until every replica serves.
func (a *killTest) waitUntilServing() {
	a.t.Helper()
	for _, g := range a.replicas {
		g.program.WaitForLog(`"msg":"serving"`)
		a.addServing(g)
	}
}

func (a *killTest) addServing(g *replica) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.serving, g) {
		return
	}
	a.serving = append(a.serving, g)
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *killTest) removeServing(g *replica) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serving = slices.DeleteFunc(a.serving, func(other *replica) bool { return other == g })
}

// anyServing waits until a replica serves, and returns its address.
func (a *killTest) anyServing(ctx context.Context) (string, error) {
	for {
		a.mu.Lock()
		serving, changed := a.serving, a.changed
		address := ""
		if len(serving) > 0 {
			address = serving[rand.IntN(len(serving))].url
		}
		a.mu.Unlock()
		if address != "" {
			return address, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// requireRunning fails the test if a replica has ended by itself.
func (a *killTest) requireRunning() {
	a.t.Helper()
	for _, g := range a.replicas {
		if g.program == nil {
			continue
		}
		select {
		case <-g.program.Exited:
			a.t.Fatalf("the program ended by itself\n%s", g.logged())
		default:
		}
	}
}

func (a *killTest) logged() string {
	var all strings.Builder
	for _, g := range a.replicas {
		all.WriteString(g.logged() + "\n")
	}
	return all.String()
}
