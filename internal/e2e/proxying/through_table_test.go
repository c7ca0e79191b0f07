package proxying

import (
	"fmt"
	"strings"
)

// table is what was measured, in Markdown. Paygate and the bare proxies have its first columns.
type table struct{ strings.Builder }

func newTable(all []*proxy) *table {
	t := &table{}
	t.WriteString("\n| |")
	for _, p := range all {
		t.WriteString(" " + p.name + " |")
	}
	t.WriteString(" of pooled | of closing |\n|" + strings.Repeat("---|", len(all)+3) + "\n")
	return t
}

// add adds a row with what was measured of each proxy, and how much of that of the bare proxies Paygate's is.
func (t *table) add(name, format string, measured []float64) {
	t.WriteString("| " + name + " |")
	for _, one := range measured {
		t.WriteString(" " + fmt.Sprintf(format, one) + " |")
	}
	for _, bare := range measured[1:3] {
		fmt.Fprintf(t, " %.2f |", measured[0]/bare)
	}
	t.WriteString("\n")
}
