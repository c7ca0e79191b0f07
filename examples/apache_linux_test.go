package examples_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"paygate/internal/testenv"
)

func TestApacheGateStopsEverySpelling(t *testing.T) {
	t.Parallel()
	startApache(t).test(t)
}

// apacheConf makes the sites as permissive as possible: MultiViews, PATH_INFO, upper case, .htaccess.
const apacheConf = `
ServerRoot HOME
ServerName localhost
Listen 127.0.0.1:OPEN
Listen 127.0.0.1:GATED
PidFile HOME/apache.pid
DefaultRuntimeDir HOME
ErrorLog /dev/stderr
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule negotiation_module /usr/lib/apache2/modules/mod_negotiation.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
LoadModule php_module PHP
TypesConfig /dev/null
<FilesMatch "(?i)\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
AddType application/x-httpd-php .php
DirectoryIndex index.php
AcceptPathInfo On
<Directory "HOME">
  Require all granted
  AllowOverride All
  Options FollowSymLinks MultiViews
</Directory>
`

// startApache serves the sites with Apache httpd and mod_php.
func startApache(t *testing.T) gate {
	t.Helper()
	apache := installed(t, "apache2")
	php, _ := filepath.Glob("/usr/lib/apache2/modules/libphp*.so")
	if len(php) == 0 {
		testenv.Missing(t, "mod_php is not installed")
	}
	root := home(t)
	writePHP(t, root)
	writePages(t, filepath.Join(root, "htaccess/query"), ".php", "<?php echo '%s';")
	write(t, filepath.Join(root, "htaccess/query/index.php"), "<?php require '"+root+"/query/index.php';")
	write(t, filepath.Join(root, "htaccess/query/.htaccess"),
		"RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^(.*)$ index.php?q=$1 [QSA,L]\n")
	open, gated := port(t), port(t)
	conf := strings.NewReplacer("HOME", root, "OPEN", open, "GATED", gated, "PHP", php[len(php)-1]).Replace(apacheConf)
	if isRoot() {
		conf = "User #65534\nGroup #65534\n" + conf
	}
	rewrite := "RewriteEngine On\nRewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-f\nRewriteRule ^/(.*)$ " +
		"/index.php?q=$1 [PT,QSA]"
	for _, s := range []struct {
		name, docs, more string
		query            bool
	}{
		{"files", "files", "", false},
		{"form", "files", "", false},
		{"return", "files", "", false},
		{"encoded", "files", "AllowEncodedSlashes On", false},
		{"alias", "files", "Alias /other " + filepath.Join(root, "files/licences/apply.php"), false},
		{"router", "router", "FallbackResource /index.php", false},
		{"undecoded", "router", "AllowEncodedSlashes NoDecode\nFallbackResource /index.php", false},
		{"query", "query", rewrite, true},
		{"htaccess", "htaccess/query", "", true},
	} {
		block := "<VirtualHost 127.0.0.1:%s>\nServerName %s\nDocumentRoot %s\n%s\n%s\n</VirtualHost>\n"
		conf += fmt.Sprintf(block, open, s.name, filepath.Join(root, s.docs), "", s.more)
		conf += fmt.Sprintf(block, gated, s.name, filepath.Join(root, s.docs),
			gateFor(t, "apache.conf", s.name, s.query), s.more)
	}
	write(t, filepath.Join(root, "apache.conf"), conf)
	run(t, "tcp", "127.0.0.1:"+gated, apache, "-X", "-f", filepath.Join(root, "apache.conf"))
	return gate{server{"127.0.0.1:" + open}, server{"127.0.0.1:" + gated}, []site{
		{name: "files"},
		{name: "encoded"},
		{name: "router"},
		{name: "undecoded"},
		{name: "query", query: true},
		{name: "htaccess", query: true},
	}}
}

// TestApacheGateOnScript uses the lines marked "files:" at an address that has nothing in common with the path.
func TestApacheGateOnScript(t *testing.T) {
	t.Parallel()
	g := startApache(t)
	require.Contains(t, g.open.ask(t, "alias", "POST", "/other"), ran)
	require.NotContains(t, g.gated.ask(t, "alias", "POST", "/other"), ran)
	require.NotContains(t, g.gated.ask(t, "alias", "POST", "/other/x"), ran)
	require.Contains(t, g.gated.ask(t, "alias", "POST", "/other", "Paygate-Status: success"), ran)
	require.Contains(t, g.gated.ask(t, "alias", "GET", "/about"), "about us")
}
