package upstream

import (
	"strings"
)

// overlay lays the returning browser's cookies over the held ones, by name; the bytes of each stay as they are.
func overlay(held, fresh string) string {
	newer := map[string]string{}
	var order []string
	for _, pair := range pairs(fresh) {
		name := cookieName(pair)
		if _, twice := newer[name]; !twice {
			order = append(order, name)
			newer[name] = pair
		}
	}
	var out []string
	used := map[string]bool{}
	for _, pair := range pairs(held) {
		name := cookieName(pair)
		if replaced, ok := newer[name]; ok {
			if !used[name] {
				out = append(out, replaced)
			}
			used[name] = true
			continue
		}
		out = append(out, pair)
	}
	for _, name := range order {
		if !used[name] {
			out = append(out, newer[name])
		}
	}
	return strings.Join(out, "; ")
}

func pairs(header string) []string {
	var found []string
	for pair := range strings.SplitSeq(header, ";") {
		if pair = strings.TrimSpace(pair); pair != "" {
			found = append(found, pair)
		}
	}
	return found
}

func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}
