package webprobe

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The marks are those that the programs write, cut down to the structure.
const (
	nginxListing = "<html>\r\n<head><title>Index of /</title></head>\r\n<body>\r\n<h1>Index of /</h1><hr><pre><a href=\"../\">../</a>\r\n<a href=\"a.zip\">a.zip</a>   23-Nov-2026 13:41   0\r\n</pre><hr></body>\r\n</html>"
	apacheList   = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN"><html><head><title>Index of /</title></head><body><h1>Index of /</h1><table><tr><th><a href="?C=N;O=D">Name</a></th></tr></table></body></html>`
	pythonList   = "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<title>Directory listing for /</title>\n</head>\n<body>\n<h1>Directory listing for /</h1>\n<hr>\n<ul>\n<li><a href=\"a.zip\">a.zip</a></li></ul></body></html>"
	iisList      = `<html><head><title>example.hk - /</title></head><body><H1>example.hk - /</H1><hr><pre> 11/23/2026  1:41 PM  &lt;dir&gt; <A HREF="/a/">a</A><br></pre><hr></body></html>`
	lighttpdList = `<!DOCTYPE html><html><head><title>Index of /</title></head><body><h2>Index of /</h2><div class="list"><table></table></div><div class="foot">lighttpd/1.4.69</div></body></html>`
	tomcatList   = `<html><head><title>Directory Listing For [/]</title></head><body><h1>Directory Listing For [/]</h1><hr></body></html>`
)

func TestListing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "backup.sql"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	http.FileServer(http.Dir(dir)).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	tests := []struct {
		about, body string
		want        bool
	}{
		{"nginx", nginxListing, true},
		{"apache", apacheList, true},
		{"python", pythonList, true},
		{"iis", iisList, true},
		{"lighttpd", lighttpdList, true},
		{"tomcat", tomcatList, true},
		{"go", rec.Body.String(), true},
		{"go before 1.23", "<pre>\n<a href=\"backup.sql\">backup.sql</a>\n</pre>\n", true},
		{"a page about it", `<title>Index of /: how to switch off directory listings</title><h1>What "Index of /" means</h1><pre>&lt;title&gt;Index of /&lt;/title&gt;</pre>`, false},
		{"a page of links", `<title>Links</title><h1>Links</h1><pre><a href="a">a</a></pre>`, false},
		{"a title alone", `<title>Index of /</title><h1>My shop</h1>`, false},
		{"a slash in the title", `<title>Home - /</title><h1>Home</h1>`, false},
	}
	for _, tt := range tests {
		if got := pageOf(t, "https://example.hk/", "text/html", tt.body).Listing; got != tt.want {
			t.Errorf("%s: %v", tt.about, got)
		}
	}
}

func TestDefaultPage(t *testing.T) {
	tests := []struct{ body, want string }{
		{"<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1></body></html>", "nginx"},
		{"<title>Test Page for the Nginx HTTP Server on Fedora</title>", "nginx"},
		{"<title>Apache2 Debian Default Page: It works</title>", "apache"},
		{"<title>Apache2 Ubuntu Default Page: It works</title>", "apache"},
		{"<title>HTTP Server Test Page powered by CentOS</title>", "apache"},
		{"<html><body><h1>It works!</h1></body></html>\n", "apache"},
		{"<title>IIS Windows Server</title><a href=\"http://go.microsoft.com/fwlink/?linkid=66138\"><img src=\"iisstart.png\"></a>", "iis"},
		{"<title>IIS7</title><a href=\"http://go.microsoft.com/fwlink/?linkid=66138&amp;clcid=0x409\"><img src=\"welcome.png\"></a>", "iis"},
		{"<title>Apache Tomcat/9.0.31</title><h2>If you're seeing this, you've successfully installed Tomcat. Congratulations!</h2>", "tomcat"},
		{"<title>Caddy works!</title>", "caddy"},
		{"<title>Web Server's Default Page</title><p>by Plesk</p>", "plesk"},
		{"<title>Default Web Site Page</title>", "cpanel"},
		{"<title>恭喜，站点创建成功！</title><h1>恭喜, 站点创建成功！</h1>", "baota"},
		{"<title>Welcome to nginx! - Bob's blog</title>", ""},
		{"<title>Welcome to nginx! | Stack Overflow</title>", ""},
		{"<title>Welcome to the shop</title>", ""},
		{"<title>Welcome to nginx! shows up instead of my site: what to do about it</title>", ""},
		{"<title>Apache Tomcat</title><p>We host Tomcat</p>", ""},
		{"<html><body><h1>It works!</h1><p>Our new machine</p></body></html>", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := pageOf(t, "https://example.hk/", "text/html; charset=utf-8", tt.body).Default; got != tt.want {
			t.Errorf("%q: %q, want %q", tt.body, got, tt.want)
		}
	}
}

func TestErrorTrace(t *testing.T) {
	const text, html = "text/plain", "text/html; charset=utf-8"
	tests := []struct {
		about       string
		status      int
		contentType string
		body        string
		want        string
	}{
		{"php warning", 200, html, "<h1>Shop</h1><br />\n<b>Warning</b>:  mysqli_connect(): (HY000/2002): No such file in <b>/home/shop/public_html/db.php</b> on line <b>12</b><br />", "php"},
		{"php on windows", 200, html, "<br />\n<b>Fatal error</b>:  Uncaught Error: x in C:\\inetpub\\a.php:3\nStack trace:\n#0 {main}\n  thrown in <b>C:\\inetpub\\a.php</b> on line <b>3</b><br />", "php"},
		{"php plain", 500, html, "PHP Fatal error:  Uncaught Error: Call to undefined function x() in /var/www/a.php:3\nStack trace:\n#0 {main}\n  thrown in /var/www/a.php on line 3", "php"},
		{"laravel", 500, html, "<script>window.data = {}; window.ignite(window.data);</script>", "php"},
		{"whoops", 500, html, `<div class="Whoops container"><div class="frames-container cf ">`, "php"},
		{"symfony", 500, html, `<div class="exception-message-wrapper"></div><li class="trace-line">`, "php"},
		{"werkzeug", 500, html, `<title>ZeroDivisionError: division by zero // Werkzeug Debugger</title><link href="?__debugger__=yes&amp;cmd=resource&amp;f=style.css"><body><div class="debugger">`, "python"},
		{"django", 500, html, `<title>ValueError at /</title><div id="summary"></div><p>You’re seeing this error because you have <code>DEBUG = True</code> in your Django settings file.</p>`, "python"},
		{"python plain", 200, text, "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in <module>\nKeyError: 'x'\n", "python"},
		{"python in a 500", 500, html, "<pre>Traceback (most recent call last):\n  File &quot;/srv/app.py&quot;, line 3, in &lt;module&gt;</pre>", "python"},
		{"tomcat", 500, html, "<h1>HTTP Status 500 – Internal Server Error</h1><p><b>Exception</b></p><pre>java.lang.NullPointerException\n\torg.apache.jsp.index_jsp._jspService(index_jsp.java:100)\n</pre>", "java"},
		{"java plain", 500, html, "<pre>java.lang.IllegalStateException: x\n\tat hk.example.Shop.main(Shop.java:12)\n</pre>", "java"},
		{"asp.net", 500, html, "<span><H1>Server Error in '/' Application.<hr></H1></span><b>Stack Trace:</b> <pre>[NullReferenceException]</pre>", "dotnet"},
		{"asp.net core", 500, html, `<h1>An unhandled exception occurred while processing the request.</h1><pre class="rawExceptionStackTrace">`, "dotnet"},
		{"rails", 500, html, `<title>Action Controller: Exception caught</title><div id="Application-Trace">`, "ruby"},
		{"express", 500, html, `<title>Error</title><pre>Error: x<br> &nbsp; &nbsp;at Layer.handle (/srv/node_modules/express/lib/router/layer.js:95:5)</pre>`, "node"},

		{"a page about php errors", 200, html, "<p>You see <b>Warning</b>: mysqli_connect() ... in <b>/home/x</b> on line <b>3</b></p><pre>&lt;b&gt;Warning&lt;/b&gt;:  x in &lt;b&gt;/a&lt;/b&gt; on line &lt;b&gt;1&lt;/b&gt;</pre>", ""},
		{"a page about tracebacks", 200, html, "<h1>Errors</h1><pre>Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in x</pre>", ""},
		{"a page about java", 200, html, "<pre>java.lang.IllegalStateException\n\tat hk.example.Shop.main(Shop.java:12)</pre>", ""},
		{"a page about asp.net", 200, html, "<h1>How to mend \"Server Error in '/' Application\"</h1><b>Stack Trace:</b>", ""},
		{"a page about node", 200, html, "<h1>Errors</h1><pre>Error: x\n    at Layer.handle (layer.js:95:5)</pre>", ""},
		{"asp.net without details", 500, html, "<h1>Server Error in '/' Application.<hr></h1><h2>Runtime Error</h2>", ""},
		{"plain 500", 500, html, "<h1>Internal Server Error</h1><p>nginx</p>", ""},
		{"a good page", 200, html, goodPage, ""},
		{"another type", 500, "application/json", "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3", ""},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			u, _ := resolveURL(nil, "https://example.hk/")
			if got := readPage(u, tt.status, tt.contentType, []byte(tt.body)).Trace; got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestBlockedBy(t *testing.T) {
	tests := []struct {
		about  string
		status int
		header string // "Name: value"
		body   string
		want   string
	}{
		{"cloudflare challenge", 403, "Cf-Mitigated: challenge", "", "Cloudflare"},
		{"cloudflare just a moment", 503, "Server: cloudflare", "<title>Just a moment...</title>", "Cloudflare"},
		{"cloudflare block", 403, "Server: cloudflare", "<title>Attention Required! | Cloudflare</title>", "Cloudflare"},
		{"cloudflare 1020", 403, "Server: cloudflare", "error code: 1020", "Cloudflare"},
		{"akamai", 403, "Server: AkamaiGHost", "<TITLE>Access Denied</TITLE>", "Akamai"},
		{"imperva", 200, "X-Iinfo: 1-2", `<iframe id="main-iframe" src="/_Incapsula_Resource?x">Request unsuccessful. Incapsula incident ID: 1</iframe>`, "Imperva"},
		{"sucuri", 403, "X-Sucuri-Block: 1", "", "Sucuri"},
		{"aws waf", 202, "X-Amzn-Waf-Action: challenge", "", "AWS WAF"},
		{"aws load balancer", 403, "Server: awselb/2.0", "<h1>403 Forbidden</h1>", "AWS WAF"},
		{"cloudfront", 403, "Server: CloudFront", "<h2>The request could not be satisfied.</h2> Request blocked.", "AWS WAF"},
		{"siteground", 202, "Sg-Captcha: challenge", "", "SiteGround"},
		{"imunify", 200, "", `{"message": "Access denied by Imunify360 bot-protection. IPs used for automation should be whitelisted"}`, "Imunify360"},
		{"imunify splash", 200, "", `<title>One moment, please...</title><form id="wsidchk-form">`, "Imunify360"},
		{"f5", 200, "", "<html>The requested URL was rejected. Please consult with your administrator.<br>Your support ID is: 1</html>", "F5 BIG-IP"},
		{"modsecurity", 406, "", "<p>This error was generated by Mod_Security.</p>", "ModSecurity"},
		{"alibaba", 405, "", `<img src="https://errors.aliyun.com/x.png">`, "Alibaba Cloud"},
		{"rate limit", 429, "Retry-After: 60", "", "a rate limit (429)"},

		{"plain 403", 403, "Server: nginx", "<h1>403 Forbidden</h1>", ""},
		{"plain 403 behind cloudflare", 403, "Server: cloudflare", "<h1>403 Forbidden</h1>", ""},
		{"maintenance", 503, "Retry-After: 3600", "<h1>Back soon</h1>", ""},
		{"load balancer without servers", 503, "Server: awselb/2.0", "<h1>503 Service Temporarily Unavailable</h1>", ""},
		{"500", 500, "Server: cloudflare", "error code: 1020", ""},
		{"a page behind imperva", 200, "X-Iinfo: 1-2", `<script src="/_Incapsula_Resource?SWJIYLWA=1"></script>`, ""},
		{"a page about cloudflare", 200, "Server: cloudflare", "<title>Just a moment...</title>", ""},
		{"a long page that quotes", 200, "", "The requested URL was rejected. Please consult with your administrator." + strings.Repeat(" ", 4<<10), ""},
	}
	for _, tt := range tests {
		h := http.Header{}
		if name, value, ok := strings.Cut(tt.header, ": "); ok {
			h.Set(name, value)
		}
		if got := blockedBy(tt.status, h, []byte(tt.body)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.about, got, tt.want)
		}
	}
}
