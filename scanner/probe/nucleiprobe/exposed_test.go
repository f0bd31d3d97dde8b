//go:build unix

package nucleiprobe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// fault is what a server has that shows a rule's fault: a file, or lines of
// its configuration.
type fault struct {
	path string // where the template finds it
	body string // of the file there
	conf string // nginx: in place of the file, or beside it
	near string // what the same place may hold without fault
}

// exposed are the faults, one for each template.
func exposed(t testing.TB) map[string]fault {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]fault{
		"exposure.git.config": {path: "/.git/config", near: "[core]\n",
			body: "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = git@example.hk:shop.git\n"},
		"exposure.env.file":       {path: "/.env", body: "# settings\nAPP_NAME=Shop\nDB_PASSWORD=\"hunter2\"\n", near: "APP_NAME=Shop\nDB_PASSWORD=\nAPP_KEY=\n"},
		"exposure.backup.archive": {path: "/www.zip", body: "PK\x03\x04\x14\x00\x00\x00" + strings.Repeat("\x00\xff", 5000), near: "<zip>PK\x03\x04"},
		"exposure.sql.dump":       {path: "/dump.sql", body: "-- MySQL dump 10.13  Distrib 8.0.36\nDROP TABLE IF EXISTS `customers`;\n", near: "no dump\n"},
		"exposure.phpinfo.page": {path: "/info.php", near: "<?php phpinfo();",
			body: "<!DOCTYPE html><html><head><title>PHP 8.2.7 - phpinfo()</title></head><body><h1 class=\"p\">PHP Version 8.2.7</h1></body></html>"},
		"exposure.server-status.public": {path: "/server-status", near: "Apache Server Status for nobody",
			body: "<html><head><title>Apache Status</title></head><body><h1>Apache Server Status for example.hk</h1><dl><dt>Server uptime:  3 days</dt></dl></body></html>"},
		"exposure.ds-store.file": {path: "/.DS_Store", body: "\x00\x00\x00\x01Bud1\x00\x00\x10\x00\x00\x00\x08\x00" + strings.Repeat("\x00", 4000), near: "Bud1"},
		"exposure.htpasswd.file": {path: "/.htpasswd", body: "# staff\nadmin:$apr1$xyz$abcdefghijklmnopqrstu.\n", near: "Contact: webmaster@example.hk\nadmin:$apr1$x$y\n"},

		"exposure.private-key.file": {path: "/server.key", body: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
			near: "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"},
		"exposure.wp-config.backup": {path: "/wp-config.php.bak", body: "<?php\n/** The name of the database */\ndefine( 'DB_NAME', 'shop' );\ndefine( 'DB_PASSWORD', 'hunter2' );\n",
			near: "The file defines DB_PASSWORD.\n"},
		"exposure.config.backup": {path: "/web.config.bak", body: "\ufeff<?xml version=\"1.0\"?>\n<!-- shop -->\n<configuration>\n  <connectionStrings>\n    <add name=\"db\" connectionString=\"Password=hunter2\" />\n", near: "<configuration/>"},
		"exposure.tool.credentials": {path: "/.npmrc", body: "registry=https://registry.example.hk/\n//registry.example.hk/:_authToken=npm_0123456789abcdef\n",
			near: "registry=https://registry.example.hk/\nsave-exact=true\n"},
		"exposure.ftp.credentials": {path: "/.vscode/sftp.json", body: "{\n    \"name\": \"shop\",\n    \"host\": \"ftp.example.hk\",\n    \"username\": \"shop\",\n    \"password\": \"hunter2\"\n}\n",
			near: "{\"host\": \"ftp.example.hk\", \"password\": \"\"}"},
		"exposure.database.file":  {path: "/db.sqlite3", body: "SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20" + strings.Repeat("\x00", 4000), near: "SQLite format 3 is what we use"},
		"exposure.svn.repository": {path: "/.svn/entries", body: "10\n\ndir\n42\nhttps://svn.example.hk/shop/trunk\n", near: "12\n"},
		"exposure.hg.repository":  {path: "/.hg/requires", body: "dotencode\nfncache\ngeneraldelta\nrevlogv1\nsparserevlog\nstore\n", near: "one revlogv1\n"},
		"exposure.actuator.open": {path: "/actuator", body: `{"_links":{"self":{"href":"https://example.hk/actuator","templated":false},"heapdump":{"href":"https://example.hk/actuator/heapdump","templated":false}}}`,
			near: `{"_links":{"self":{"href":"https://example.hk/actuator","templated":false},"health":{"href":"https://example.hk/actuator/health","templated":false},"health-path":{"href":"x"}}}`},
		"exposure.installer.open": {path: "/wp-admin/install.php", body: "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n<title>WordPress &rsaquo; Installation</title>\n</head>\n<body class=\"wp-core-ui language-chooser\">\n<form id=\"setup\" method=\"post\" action=\"?step=1\">",
			near: "<!DOCTYPE html>\n<html><head><title>WordPress &rsaquo; Installation</title></head><body class=\"wp-core-ui\"><h1>Already Installed</h1>"},
		"exposure.compose.file": {path: "/docker-compose.yml", body: "version: \"3\"\nservices:\n  db:\n    image: mariadb:10\n    environment:\n      MARIADB_ROOT_PASSWORD: hunter2\n", near: "services:\n- cleaning\n"},
		"exposure.log.file":     {path: "/wp-content/debug.log", body: "[23-Nov-2026 06:05:00 UTC] PHP Warning:  Undefined variable $x in /var/www/html/wp-content/themes/shop/functions.php on line 12\n", near: "debug log of nothing\n"},
		"exposure.listing.backup": {path: "/backup/", conf: "location /backup/ { autoindex on; alias {dir}/.files/; }",
			near: "<html><head><title>Index of our offers</title></head><body><a href=\"a\">a</a></body></html>"},
		"exposure.listing.uploads": {path: "/wp-content/uploads/", conf: "location /wp-content/uploads/ { autoindex on; alias {dir}/.files/; }"},
		"exposure.phpmyadmin.login": {path: "/phpmyadmin/", body: "<!doctype html>\n<html lang=\"en\"><head><title>phpMyAdmin</title></head><body class=\"loginform\"><form method=\"post\" id=\"login_form\"><input type=\"text\" name=\"pma_username\" id=\"input_username\">",
			near: "<html><head><title>About phpMyAdmin</title></head><body>a tool</body></html>"},
		"exposure.adminer.login": {path: "/adminer.php", body: "<!DOCTYPE html>\n<html lang=\"en\"><title>Login - Adminer</title>\n<body><form action='' method='post'><table><tr><th>System<td><select name='auth[driver]'>",
			near: "<html><title>Adminer - a database tool</title></html>"},
		"exposure.pprof.open": {path: "/debug/pprof/", body: "<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n<body>\n/debug/pprof/\n<br>\n<p>Set debug=1 as a query parameter</p>\n<br>\nTypes of profiles available:\n<table>",
			near: "<html><head><title>/debug/pprof/</title></head></html>"},
		"exposure.metrics.open": {path: "/metrics", body: "# HELP go_goroutines Number of goroutines that currently exist.\n# TYPE go_goroutines gauge\ngo_goroutines 8\n", near: "# Our metrics\n"},
		"exposure.symfony.profiler": {path: "/_profiler/empty/search/results", body: "<!DOCTYPE html>\n<html><head><title>Symfony Profiler</title></head><body><a href=\"/_profiler/latest\">Last 10</a>",
			near: "<html><title>Symfony Profiler, a talk</title></html>"},
		"exposure.laravel.telescope": {path: "/telescope/requests", body: "<!DOCTYPE html>\n<html><head><title>Telescope - Shop</title></head><body><div id=\"telescope\" v-cloak></div><script>\n    window.Telescope = {\"path\":\"telescope\"};",
			near: "<html><title>Telescopes for everybody</title></html>"},
		"exposure.laravel.ignition": {path: "/_ignition/health-check", body: `{"can_execute_commands":true}`, near: `{"status":"ok"}`},
		"exposure.django.debug":     {path: "/infohub-no-such-page", conf: "error_page 404 /.files/404.html;", body: "", near: "Using the URLconf defined in shop.urls"},
		"exposure.rails.info":       {path: "/rails/info/properties", body: "<table><tr><td class=\"name\">Rails version</td><td class=\"value\">7.1.3</td></tr><tr><td class=\"name\">Environment</td><td class=\"value\">development</td></tr></table>", near: "<table><tr><td>Rails version</td></tr></table>"},
		"exposure.aspnet.trace": {path: "/trace.axd", body: "<html><body><h1>Application Trace</h1><h2><a href=\"Trace.axd?clear=1\">clear current trace</a></h2><h3>Physical Directory:C:\\inetpub\\wwwroot\\</h3><h3>Requests to this Application</h3>",
			near: "<html><body><h1>Trace Error</h1></body></html>"},
		"exposure.elmah.log": {path: "/elmah.axd", body: "<html><head><title>Error log for /LM/W3SVC/1/ROOT on SHOP (Page #1)</title></head><body><h1 id=\"PageTitle\">Error Log for <span>ROOT on SHOP</span></h1><p>Powered by <a href=\"https://elmah.github.io/\">ELMAH</a>",
			near: "<html><h1 id=\"PageTitle\">Error Log for nobody</h1></html>"},
		"exposure.server-info.public":  {path: "/server-info", body: "<h1 style=\"text-align: center\">Apache Server Information</h1>\n<dl><dt><tt>Server Settings</tt></dt>", near: "Apache Server Information"},
		"exposure.nginx-status.public": {path: "/nginx_status", conf: "location = /nginx_status { stub_status; }", near: "Active connections: many"},
		"exposure.php-fpm.status":      {path: "/fpm-status", body: "pool:                 www\nprocess manager:      dynamic\nstart time:           23/Nov/2026:06:05:00 +0000\n", near: "pool: open from 9\n"},
		"exposure.tomcat.manager":      {path: "/manager/html", conf: "location = /manager/html { add_header WWW-Authenticate 'Basic realm=\"Tomcat Manager Application\"' always; return 401; }", near: "Tomcat Manager Application"},
		"exposure.openapi.document":    {path: "/openapi.json", body: "{\n \"openapi\": \"3.1.0\",\n \"info\": {\"title\": \"Shop\", \"version\": \"1\"},\n \"paths\": {\"/orders\": {}}\n}", near: `{"openapi": "soon"}`},
		"exposure.graphql.introspection": {path: "/graphql", conf: "location = /graphql { if ($arg_query ~ __schema) { return 200 '{\"data\":{\"__schema\":{\"queryType\":{\"name\":\"Query\"}}}}'; } return 400; }",
			near: `{"errors":[{"message":"GraphQL introspection is not allowed, but the query contained __schema"}],"data":null}`},
		"exposure.crossdomain.wildcard": {path: "/crossdomain.xml", body: "<?xml version=\"1.0\"?>\n<cross-domain-policy>\n  <allow-access-from domain=\"*\"/>\n</cross-domain-policy>\n",
			near: "<cross-domain-policy><allow-access-from domain=\"*.example.hk\"/></cross-domain-policy>"},
		"exposure.bucket.listing": {path: "/", body: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>shop</Name><Contents><Key>orders.csv</Key></Contents></ListBucketResult>",
			near: "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>"},
		"exposure.wordpress.users": {path: "/wp-json/wp/v2/users", body: `[{"id":1,"name":"Chan Siu Ming","url":"","description":"","link":"https://example.hk/author/siuming/","slug":"siuming","avatar_urls":{}}]`,
			near: `{"code":"rest_user_cannot_view","message":"Sorry, you are not allowed to list users.","data":{"status":401}}`},
		"exposure.cms.version":     {path: "/readme.html", body: "<!DOCTYPE html>\n<html><head><title>WordPress &#8250; ReadMe</title></head><body>", near: "<html><head><title>Read me</title></head><body>WordPress</body></html>"},
		"exposure.source-map.file": {path: "/js/app.js.map", body: "{\"version\":3,\"file\":\"app.js\",\"mappings\":\"AAAA\",\"sources\":[\"webpack:///src/shop.js\"],\"names\":[]}", near: "{\"version\": 3}"},
		"exposure.dependency.list": {path: "/composer.lock", body: "{\n    \"_readme\": [\"This file locks the dependencies\"],\n    \"content-hash\": \"0f1e2d3c\",\n    \"packages\": []\n}", near: `{"name": "shop"}`},
	}
}

// djangoPage is what Django shows for an address that does not exist.
const djangoPage = `<!DOCTYPE html><html lang="en"><head><title>Page not found at /infohub-no-such-page</title></head><body>
<p>Using the URLconf defined in <code>shop.urls</code>, Django tried these URL patterns, in this order:</p>
<p>You’re seeing this error because you have <code>DEBUG = True</code> in your Django settings file.</p></body></html>`
