package examples_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestNginxGateStopsEverySpelling(t *testing.T) {
	t.Parallel()
	startNginx(t).test(t)
}

const nginxConf = `
daemon off;
pid HOME/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path HOME/t1; proxy_temp_path HOME/t2; fastcgi_temp_path HOME/t3;
  uwsgi_temp_path HOME/t4; scgi_temp_path HOME/t5;
  types { text/css css; }
  fastcgi_param QUERY_STRING $query_string;
  fastcgi_param REQUEST_METHOD $request_method;
  fastcgi_param CONTENT_TYPE $content_type;
  fastcgi_param CONTENT_LENGTH $content_length;
  fastcgi_param REQUEST_URI $request_uri;
  fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
  fastcgi_param SCRIPT_NAME $fastcgi_script_name;
  fastcgi_param PATH_INFO $fastcgi_path_info;
  fastcgi_param SERVER_PROTOCOL $server_protocol;
  server { listen 127.0.0.1:OPEN default_server; listen 127.0.0.1:GATED default_server; return 404; }
`

// startNginx serves the sites with nginx and php-fpm.
func startNginx(t *testing.T) gate {
	t.Helper()
	nginx, root := installed(t, "nginx"), home(t)
	writePHP(t, root)
	socket := startPHP(t, root)
	open, gated := port(t), port(t)
	conf := strings.NewReplacer("HOME", root, "OPEN", open, "GATED", gated).Replace(nginxConf)
	if isRoot() {
		conf = "user root root;" + conf
	}
	php := fmt.Sprintf(`location ~* [^/]\.php(/|$) {
		fastcgi_split_path_info (?i)^(.+?\.php)(/.*)$; fastcgi_pass unix:%s; }`, socket)
	files := `location / { try_files $uri $uri/ @php; } location @php { rewrite ^(.*)$ $1.php last; } ` + php
	for _, s := range []struct {
		name, docs, locations string
		query                 bool
	}{
		{"files", "files", files, false},
		{"form", "files", files, false},
		{"return", "files", files, false},
		{"router", "router", `location / { try_files $uri /index.php$is_args$args; } ` + php, false},
		{"query", "query", `location / { try_files $uri /index.php?q=$uri&$args; } ` + php, true},
	} {
		snippet := filepath.Join(root, s.name+".conf")
		write(t, snippet, gateFor(t, "nginx.conf", s.name, s.query))
		block := "server { listen 127.0.0.1:%s; server_name %s; root %s;\n%s\n%s }\n"
		conf += fmt.Sprintf(block, open, s.name, filepath.Join(root, s.docs), "", s.locations)
		conf += fmt.Sprintf(block, gated, s.name, filepath.Join(root, s.docs), "include "+snippet+";", s.locations)
	}
	write(t, filepath.Join(root, "nginx.conf"), conf+"}\n")
	run(t, "tcp", "127.0.0.1:"+gated, nginx, "-e", "stderr", "-p", root, "-c", filepath.Join(root, "nginx.conf"))
	return gate{
		server{"127.0.0.1:" + open},
		server{"127.0.0.1:" + gated},
		[]site{{name: "files"}, {name: "router"}, {name: "query", query: true}},
	}
}
