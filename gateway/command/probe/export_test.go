package probe

// Lines counts the lines of each group of the table.
func Lines() map[string]int {
	counts := map[string]int{}
	for _, t := range table() {
		counts[string(t.group.Kind)+t.group.Class]++
	}
	return counts
}
