package examples_test

import (
	"slices"

	"paygate/gateway/command/probe"
)

// spellings are ways to write /licences/apply that some server or service accepts: those that Paygate knows, and some
// that only one web server accepts. Two classes are left out: a raw "#", which Paygate never passes, and NTFS streams,
// which no server here has.
var spellings = slices.Concat(ofOneServer, known())

func known() []string {
	var targets []string
	for _, s := range probe.Spellings(probe.Address{Method: "POST", Path: "/licences/apply", Host: "service"},
		probe.KindPath) {
		if s.Setting == "" && !slices.Contains([]string{"fragment", "streams"}, s.Class) &&
			!slices.Contains(ofOneServer, s.Target) {
			targets = append(targets, s.Target)
		}
	}
	return targets
}

var ofOneServer = []string{
	"/licences/apply", "/licences/apply?x=1", "/licences/apply?",

	// longer: PATH_INFO, arguments of a router
	"/licences/apply/", "/licences/apply//", "/licences/apply/x", "/licences/apply/x/y?z",

	// escapes, once
	"/licences/%61pply", "/%6cicences/apply", "/%6C%69%63%65%6E%63%65%73/%61%70%70%6C%79", "/licences%2fapply",
	"/licences%2Fapply",
	"/%2flicences/apply",

	// escapes, twice, and parameters injected into a rewritten query
	"/licences/%2561pply", "/licences%252fapply", "/%256cicences/apply", "/licences/%252561pply",
	"/x%26q=licences/apply",
	"/x%3fq=licences/apply", "/x%26q=licences%252fapply", "/x%26q=/licences/apply", "/licences/apply%26x",
	"/licences/apply%25",

	// slashes and dot segments
	"/licences//apply", "//licences/apply", "///licences///apply///", "/licences/./apply", "/licences/x/../apply",
	"/./licences/apply",
	"/x/../licences/apply", "/licences/%2e/apply", "/x/%2e%2e/licences/apply", "/x%2f..%2flicences/apply",
	"/licences/apply/.",
	"/licences/apply/x/..", "/licences/apply/%2e", "/licences/apply/../renew", "/licences/%61pply/%2e%2e/renew",
	"/licences/apply%2f..%2frenew", "/licences/apply/..;/renew", "/licences/..;/licences/apply",
	"/x/..;/licences/apply",

	// case, suffixes, scripts
	"/LICENCES/APPLY", "/Licences/Apply", "/licences/aPPly.PHP", "/licences/apply.php", "/licences/apply.PHP",
	"/licences/apply.php/",
	"/licences/apply.php/x", "/licences/apply.php/x.css", "/licences/apply%2ephp", "/licences/apply.php%2fx",
	"/licences/apply.php?x",
	"/licences/apply.html", "/licences/apply.cgi", "/licences/apply.cgi/x", "/licences.php/apply",
	"/index.php/licences/apply",
	"/index.php/%6cicences/apply", "/INDEX.PHP/licences/apply", "/index.php//licences/apply",
	"/index.cgi/licences/apply",
	"/index/licences/apply",

	// parameters
	"/licences/apply;x", "/licences/apply;jsessionid=1", "/licences/apply%3bx", "/licences;x/apply",
	"/licences;/apply;",
	"/licences/;x/apply", "/;x/licences/apply",

	// characters that servers strip or ignore at the ends of segments
	"/licences/apply%20", "/licences/apply.", "/licences/apply%2e", "/licences/apply..", "/licences/apply%00",
	"/licences/apply%00.html",
	"/licences/apply%0a", "/licences/apply%09", "/licences%20/apply", "/licences/%20apply", "/%20licences/apply",
	"/licences/apply%3f",
	"/licences/apply%3fx=1", "/licences/apply%23", "/licences/apply%23x", "/licences/apply%c0%af", "/licences/apply~",
	"/licences/apply:x",
	"/licences/apply::$DATA",

	// what no browser sends
	"/licences/apply#x", "/x#/../licences/apply", `/licences\apply`, "/licences%5capply", `\licences\apply`,
	"/licences/apply\t",
	"http://service/licences/apply", "http://service/licences/%61pply",
}

// inAFolder are spellings that a service in the folder /licences would accept. None of the sites is in a folder.
var inAFolder = []string{
	"/licences/index.php/apply", "/licences/INDEX.PHP/apply/x", "/licences/index.php//apply",
	"/licences/app.cgi/apply.php", "/licences//index.php/%61pply",
}

// queries are further spellings for a service that routes by the parameter q.
var queries = []string{
	"/?q=licences/apply", "/?q=/licences/apply", "/about?q=licences/apply", "/about?x&q=licences%2fapply",
	"/index.php?q=%6cicences/apply",
	"/index.cgi?q=licences/apply", "/?%71=licences/apply", "/about?+q=licences/apply", "/about?%20q=licences/apply",
	"/about?q=x&q=licences/apply", "/about?x=1&%71=licences/apply", "/about?q%00x=licences/apply",
}

// free are pages that the gate must leave alone, and what they say.
var free = map[string]string{
	"/about": "about us", "/licences/apply-guidance": "guidance", "/licences/renew": "renew",
	"/assets/apply.css": "colour",
	"/a%20b.txt":        "blank", "/100%25.txt": "per cent", "/about?next=/licences/apply": "about us",
}
