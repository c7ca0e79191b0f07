package journey

import (
	"slices"
	"time"
)

// Event is one line of a journey's history.
type Event struct {
	At     time.Time `json:"at"`
	Fact   string    `json:"fact"`
	From   State     `json:"from"`
	To     State     `json:"to"`
	By     By        `json:"by"`
	Detail string    `json:"detail,omitempty"`
	Times  int       `json:"times,omitempty"` // how many times in a row, if more than once
}

// remember adds a line to the history. The same event several times in a row is one line with a count, and so are
// repeated attempts to deliver.
func (j Journey) remember(e Event) Journey {
	history := slices.Clone(j.History)
	n := len(history)
	isDelivery := e.Fact == (RequestDelivered{}).Name()
	if isDelivery && n > 1 && history[n-1].Fact == (Claimed{}).Name() && history[n-2].same(e) {
		history = history[:n-1]
		n--
	}
	if n > 0 && history[n-1].same(e) {
		history[n-1].At, history[n-1].Times = e.At, max(1, history[n-1].Times)+1
	} else {
		history = append(history, e)
	}
	j.History = history
	return j
}

func (e Event) same(o Event) bool {
	return e.Fact == o.Fact && e.From == o.From && e.To == o.To && e.By == o.By && e.Detail == o.Detail
}
