package examples_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLighttpdGateStopsEverySpelling(t *testing.T) {
	t.Parallel()
	// A raw number sign ends the address for lighttpd, but not for a router that reads the URI. The snippet says so.
	leaks := []string{"/x#/../licences/apply"}
	g := gate{startLighttpd(t, false), startLighttpd(t, true), []site{
		{name: "cgi"},
		{name: "files"},
		{name: "router", leaks: leaks},
		{name: "handler", leaks: leaks},
		{name: "query", query: true},
		{name: "once-query", query: true},
	}}
	g.test(t)

	t.Run("once", func(t *testing.T) {
		require.Contains(t, g.gated.ask(t, "once", "POST", "/licences/apply"), ran,
			"the snippet and docs/reference/headers.md say that the gate does not see what url.rewrite-once changed")
	})
}

const lighttpdConf = `
server.modules = ( "mod_cgi", "mod_fastcgi", "mod_rewrite" )
server.bind = "127.0.0.1"
server.port = PORT
server.document-root = "HOME/nothing"
server.errorlog = "/dev/stderr"
server.upload-dirs = ( "HOME" )
mimetype.assign = ( "" => "text/plain" )
index-file.names = ( "index.php" )
static-file.exclude-extensions = ( ".php", ".cgi" )
cgi.assign = ( ".cgi" => "/bin/sh" )
fastcgi.server = ( ".php" => (( "socket" => "SOCKET" )) )
`

// startLighttpd serves the sites with lighttpd, CGI and php-fpm. It starts one server per snippet, which sets something
// for the whole server.
func startLighttpd(t *testing.T, gated bool) server {
	t.Helper()
	lighttpd, root := installed(t, "lighttpd"), home(t)
	writePHP(t, root)
	program := "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n%s'\n"
	writePages(t, filepath.Join(root, "cgi"), ".cgi", program)
	write(t, filepath.Join(root, "cgi/licences/apply.cgi"), fmt.Sprintf(program, ran))
	number := port(t)
	conf := strings.NewReplacer("HOME", root, "PORT", number, "SOCKET", startPHP(t, root)).Replace(lighttpdConf)
	if gated {
		whole, _ := cutSnippet(t, gateFor(t, "lighttpd.conf", "files", false))
		conf += whole
	}
	files := `url.rewrite-if-not-file = ( "^/([^?]*?)/?(\?.*)?$" => "/$1.php$2" )`
	for _, s := range []struct {
		name, docs, more string
		query            bool
	}{
		{"cgi", "cgi", `url.rewrite-if-not-file = ( "^/([^?]*?)/?(\?.*)?$" => "/$1.cgi$2" )`, false},
		{"files", "files", files, false},
		{"form", "files", files, false},
		{"return", "files", files, false},
		{"router", "router", `server.error-handler-404 = "/index.php"`, false},
		{"handler", "router", `server.error-handler = "/index.php"`, false},
		{"query", "query", `url.rewrite-if-not-file = ( "^/([^?]*)(?:\?(.*))?$" => "/index.php?q=$1&$2" )`, true},
		{"once", "router", `url.rewrite-once = ( "^/([^?]*)(\?.*)?$" => "/index.php$2" )`, false},
		{
			"once-query", "query",
			`url.rewrite-once = ( "^(/[^?]*\.(?:css|txt))$" => "$1", "^/([^?]*)(?:\?(.*))?$" => "/index.php?q=$1&$2" )`,
			true,
		},
	} {
		block := ""
		if gated {
			_, block = cutSnippet(t, gateFor(t, "lighttpd.conf", s.name, s.query))
		}
		conf += fmt.Sprintf("$HTTP[\"host\"] == %q {\nserver.document-root = %q\n%s\n%s\n}\n", s.name,
			filepath.Join(root, s.docs), s.more, block)
	}
	write(t, filepath.Join(root, "lighttpd.conf"), conf)
	run(t, "tcp", "127.0.0.1:"+number, lighttpd, "-D", "-f", filepath.Join(root, "lighttpd.conf"))
	return server{"127.0.0.1:" + number}
}

// cutSnippet splits the snippet into the part for the whole server and the part for one host.
func cutSnippet(t *testing.T, text string) (whole, block string) {
	t.Helper()
	at := strings.Index(text, "$REQUEST_HEADER")
	require.Positive(t, at)
	return text[:at], text[at:]
}
