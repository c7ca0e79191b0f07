package journey

import "context"

// Tracer follows journeys for people who look for what takes long. Nothing depends on it. It is safe for concurrent
// use.
type Tracer interface {
	// Began returns a text by which later visits find the request that began the journey, or "".
	Began(context.Context, Journey) string
	// Visit says that a visit begins. What the visit does gets the context, and end says how it left the journey.
	Visit(context.Context, Journey, By) (inside context.Context, end func(Journey, error))
}

// visit is [Tracer.Visit], if there is a Tracer.
func (r *Runner) visit(ctx context.Context, j Journey, by By) (context.Context, func(Journey, error)) {
	if r.Tracer == nil {
		return ctx, func(Journey, error) {}
	}
	return r.Tracer.Visit(ctx, j, by)
}
