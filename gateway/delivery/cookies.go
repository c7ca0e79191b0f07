package delivery

import "strings"

// overlay updates the held cookies with those that the browser sends to the held address now. A cookie with a new value
// gets it, a new cookie is added, and one that the browser does not send keeps the held value. Order and duplicates are
// those of the held header, and the bytes of each cookie are unchanged.
func overlay(held, current string) string {
	out := pairs(held)
	places := map[string][]int{}
	for i, pair := range out {
		places[cookieName(pair)] = append(places[cookieName(pair)], i)
	}
	newer := map[string][]string{}
	var names []string
	for _, pair := range pairs(current) {
		name := cookieName(pair)
		if _, known := newer[name]; !known {
			names = append(names, name)
		}
		newer[name] = append(newer[name], pair)
	}
	for _, name := range names {
		if added := lay(out, places[name], newer[name]); added != "" {
			out = append(out, added)
		}
	}
	return strings.Join(out, "; ")
}

// lay puts the newer cookies of one name into the places of the held ones, and returns those without a place. A browser
// sends one for each path and domain that has the cookie.
func lay(held []string, places []int, newer []string) (added string) {
	if len(newer) < len(places) { // some were not sent; the others stay in their places, or take free ones
		newer, places = withoutPairs(held, places, newer)
	}
	if len(places) == 0 {
		return strings.Join(newer, "; ")
	}
	for i, pair := range newer {
		if i == len(places)-1 { // the last place has all the rest
			held[places[i]] = strings.Join(newer[i:], "; ")
			break
		}
		held[places[i]] = pair
	}
	return ""
}

// withoutPairs leaves out the newer cookies that are also held, and their places.
func withoutPairs(held []string, places []int, newer []string) (changed []string, left []int) {
	count := map[string]int{}
	for _, pair := range newer {
		count[pair]++
	}
	for _, place := range places {
		if count[held[place]] > 0 {
			count[held[place]]--
		} else {
			left = append(left, place)
		}
	}
	for _, pair := range newer {
		if count[pair] > 0 {
			count[pair]--
			changed = append(changed, pair)
		}
	}
	return changed, left
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
