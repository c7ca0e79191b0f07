package upstream

import (
	"slices"
	"strings"
)

// overlay lays what the browser sends at the held address now over the held cookies: of a cookie with another value the new
// value counts, new ones are added, and one that the browser does not send keeps the value that was held. Order and duplicates
// are those of the held header, and the bytes of each cookie stay as they are.
func overlay(held, fresh string) string {
	out := pairs(held)
	newer := pairs(fresh)
	for _, name := range names(newer) {
		out = overlayName(out, name, named(newer, name))
	}
	return strings.Join(out, "; ")
}

// overlayName lays the newer cookies of one name over the held ones. A browser sends one for each path and domain that has it.
func overlayName(held []string, name string, newer []string) []string {
	places := placesOf(held, name)
	if len(newer) < len(places) { // some stayed behind: those that came take the place of their own, or of one that did not come
		newer, places = withoutPairs(held, places, newer)
	}
	out := slices.Clone(held)
	for i, place := range places[:min(len(places), len(newer))] {
		out[place] = newer[i]
	}
	if added := newer[min(len(places), len(newer)):]; len(added) > 0 {
		at := len(out)
		if len(places) > 0 {
			at = places[len(places)-1] + 1
		}
		out = slices.Insert(out, at, added...)
	}
	return out
}

// withoutPairs leaves out the newer cookies that are held just so, and their places.
func withoutPairs(held []string, places []int, newer []string) ([]string, []int) {
	var changed []string
	left := slices.Clone(places)
	for _, pair := range newer {
		if i := slices.IndexFunc(left, func(place int) bool { return held[place] == pair }); i >= 0 {
			left = slices.Delete(left, i, i+1)
		} else {
			changed = append(changed, pair)
		}
	}
	return changed, left
}

func placesOf(all []string, name string) []int {
	var places []int
	for i, pair := range all {
		if cookieName(pair) == name {
			places = append(places, i)
		}
	}
	return places
}

func named(all []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(pair string) bool { return cookieName(pair) != name })
}

// names are those of the cookies, each once, in their order.
func names(all []string) []string {
	var found []string
	for _, pair := range all {
		if name := cookieName(pair); !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
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
