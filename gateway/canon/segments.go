package canon

import (
	"regexp"
	"strings"
	"unicode"
)

func turnBackslashes(path string) string { return strings.ReplaceAll(path, `\`, "/") }

var slashes = regexp.MustCompile(`//+`)

func mergeSlashes(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	return slashes.ReplaceAllLiteralString(path, "/")
}

// resolveDots removes "." and ".." segments (RFC 3986 section 5.2.4). A ".." at the root stays at the root.
func resolveDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var resolved []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		switch {
		case s == ".." && len(resolved) > 0:
			resolved = resolved[:len(resolved)-1]
		case s != ".." && s != ".":
			resolved = append(resolved, s)
			continue
		}
		if i == len(segments)-1 {
			resolved = append(resolved, "")
		}
	}
	return "/" + strings.Join(resolved, "/")
}

// dropDots drops ".." without resolving it, as CodeIgniter and PHP's str_replace("../", "", …) do.
func dropDots(path string) string {
	return strings.TrimSuffix(strings.ReplaceAll(path, "../", ""), "/..")
}

// cutParameters drops the ;parameters of each segment, as servlet containers do.
func cutParameters(path string) string { return cutSegments(path, ";") }

// cutStreams drops what NTFS reads as the name of a stream.
func cutStreams(path string) string { return cutSegments(path, ":") }

func cutSegments(path, mark string) string {
	return eachSegment(path, func(s string) string {
		s, _, _ = strings.Cut(s, mark)
		return s
	})
}

func eachSegment(path string, change func(string) string) string {
	segments, changed := strings.Split(path, "/"), false
	for i, s := range segments {
		segments[i] = change(s)
		changed = changed || segments[i] != s
	}
	if !changed {
		return path
	}
	return strings.Join(segments, "/")
}

// ticket is what ASP.NET puts into the paths of browsers without cookies, such as (S(lit3py55t21z5v55vlm25s55)). It
// removes the ticket with or without the slash before it.
const ticket = `\((?:[A-Za-z]\([^/()]*\))+\)`

var (
	tickets          = regexp.MustCompile(ticket)
	ticketsWithSlash = regexp.MustCompile("/" + ticket)
)

func cutTickets(path string) string { return tickets.ReplaceAllLiteralString(path, "") }
func cutTicketsWithSlash(path string) string {
	return ticketsWithSlash.ReplaceAllLiteralString(path, "")
}

// CutAtNUL returns what is before the first NUL.
func CutAtNUL(path string) string { return cutAt(path, "\x00") }

func cutAtHash(path string) string         { return cutAt(path, "#") }
func cutAtQuestionMark(path string) string { return cutAt(path, "?") }
func cutAtLineEnd(path string) string      { return cutAt(path, "\r\n") }

// cutAtAmpersand and takeParameter are for front controllers that get the path as a parameter from a rewriting rule
// (index.php?url=$1): an "&" ends it there, and begins the next one, which may have the same name and win.
func cutAtAmpersand(path string) string { return cutAt(path, "&") }

var parameter = regexp.MustCompile(`(?s)^.*&[^=&]*=`)

func takeParameter(path string) string { return parameter.ReplaceAllLiteralString(path, "/") }

func cutAt(path, marks string) string {
	if i := strings.IndexAny(path, marks); i >= 0 {
		return path[:i]
	}
	return path
}

// trimSegments drops white space around each segment, and dots after it, as Windows does. Dot segments stay.
func trimSegments(path string) string {
	return eachSegment(path, func(s string) string {
		s = strings.TrimFunc(s, isBlank)
		if s == "." || s == ".." {
			return s
		}
		return strings.TrimRightFunc(s, func(r rune) bool { return r == '.' || isBlank(r) })
	})
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
