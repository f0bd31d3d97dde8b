package webprobe

import "strings"

// seen is what the kinds of page below are told by. Each looks for the
// structure that the program in question writes, not for words alone: a page
// about an error message is not a page with an error.
type seen struct {
	status         int
	plain          bool // text/plain
	title, heading string
	body           string // UTF-8, not unescaped
}

// isListing: a server's automatic list of files.
func isListing(s seen) bool {
	for _, prefix := range []string{
		"Index of /",             // nginx, Apache, lighttpd, LiteSpeed, http-server
		"Directory listing for ", // Python
		"Directory Listing For ", // Tomcat
		"Directory: /",           // Jetty
	} {
		if strings.HasPrefix(s.title, prefix) && strings.HasPrefix(s.heading, prefix) {
			return true
		}
	}
	// IIS: "example.hk - /"
	if strings.HasSuffix(s.title, " - /") && s.heading == s.title && strings.Contains(strings.ToLower(s.body), "<pre>") {
		return true
	}
	// Go, now and before 1.23
	body := strings.TrimPrefix(strings.TrimSpace(s.body), "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n")
	return strings.HasPrefix(body, "<pre>\n<a href=\"") && s.title == ""
}

// welcome is a page that a server or a hosting panel shows until somebody puts
// a site there; all that is set must be seen.
type welcome struct {
	kind  string
	title string // how it begins
	body  string
}

func welcomes() []welcome {
	return []welcome{
		{"nginx", "Welcome to nginx!", ""},
		{"nginx", "Test Page for the Nginx HTTP Server", ""},
		{"nginx", "Welcome to CentOS", ""},
		{"tengine", "Welcome to tengine!", ""},
		{"openresty", "Welcome to OpenResty!", ""},
		{"apache", "Apache2 Debian Default Page", ""},
		{"apache", "Apache2 Ubuntu Default Page", ""},
		{"apache", "Apache HTTP Server Test Page", ""},
		{"apache", "Test Page for the Apache HTTP Server", ""},
		{"apache", "HTTP Server Test Page powered by", ""},
		{"apache", "Test Page for the HTTP Server", ""},
		{"iis", "IIS Windows", "go.microsoft.com/fwlink"},
		{"iis", "IIS7", "go.microsoft.com/fwlink"},
		{"iis", "IIS 8", "go.microsoft.com/fwlink"},
		{"iis", "Microsoft Internet Information Services 8", "go.microsoft.com/fwlink"},
		{"tomcat", "Apache Tomcat", "successfully installed Tomcat"},
		{"caddy", "Caddy works!", ""},
		{"lighttpd", "Welcome page", "lighttpd"},
		{"plesk", "Web Server's Default Page", "plesk"},
		{"plesk", "Domain Default page", "plesk"},
		{"plesk", "Default Parallels Plesk Panel Page", ""},
		{"cpanel", "Default Web Site Page", ""},
		{"xampp", "Welcome to XAMPP", ""},
		{"wamp", "WAMPSERVER Homepage", ""},
		{"synology", "Hello! Welcome to Synology Web Station", ""},
		{"baota", "没有找到站点", ""},
		{"baota", "恭喜，站点创建成功", ""},
		{"phpstudy", "站点创建成功", "phpstudy"},
		{"glassfish", "GlassFish Server - Server Running", ""},
		{"wildfly", "Welcome to WildFly", ""},
		{"django", "The install worked successfully! Congratulations!", ""},
	}
}

// defaultPage names the server whose welcome page this is, or "".
func defaultPage(s seen) string {
	if s.title == "" {
		switch strings.Join(strings.Fields(s.body), "") {
		case "<html><body><h1>Itworks!</h1></body></html>":
			return "apache"
		case "<html>Apacheisfunctioningnormally</html>":
			return "directadmin"
		}
		return ""
	}
	body := strings.ToLower(s.body)
	for _, w := range welcomes() {
		rest, ok := strings.CutPrefix(s.title, w.title)
		// A page about one has more to its title: "Welcome to nginx! - Bob's blog".
		ok = ok && len(rest) <= 40 && !strings.ContainsAny(rest, "|–—·»") && !strings.Contains(rest, " - ")
		if ok && strings.Contains(body, strings.ToLower(w.body)) {
			return w.kind
		}
	}
	return ""
}

// errorTrace names the language of a program error that the page shows with
// the places in the program, or gives "".
func errorTrace(s seen) string {
	switch {
	case phpTrace(s):
		return "php"
	case pythonTrace(s):
		return "python"
	case javaTrace(s):
		return "java"
	case dotnetTrace(s):
		return "dotnet"
	case rubyTrace(s):
		return "ruby"
	case nodeTrace(s):
		return "node"
	}
	return ""
}

// has tells whether the body contains all parts.
func (s seen) has(parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s.body, p) {
			return false
		}
	}
	return true
}

// raw: the server failed and nothing dressed the error up, so that the mere
// text of a trace is one.
func (s seen) raw() bool { return s.status >= 500 || s.plain }

func phpTrace(s seen) bool {
	// What PHP itself writes, with its two spaces, amid any page.
	for _, kind := range []string{"Fatal error", "Parse error", "Warning", "Notice", "Deprecated"} {
		rest := s.body
		for range 20 {
			_, after, ok := strings.Cut(rest, "<b>"+kind+"</b>:  ")
			if !ok {
				break
			}
			rest = after
			message, _, ok := strings.Cut(after[:min(len(after), 4<<10)], "</b> on line <b>")
			if ok && (strings.Contains(message, " in <b>/") || strings.Contains(message, `:\`) && strings.Contains(message, " in <b>")) {
				return true
			}
		}
	}
	switch {
	case s.has("window.ignite("), s.has("Whoops container", "frames-"): // Laravel
		return true
	case s.has("exception-message-wrapper", "trace-line"): // Symfony
		return true
	case s.has(`class="exception"`, "Call Stack", "ThinkPHP"):
		return true
	}
	return s.raw() && s.has("PHP Fatal error:  ", " on line ") || s.raw() && s.has("Fatal error: Uncaught ", "Stack trace:", "#0 ")
}

func pythonTrace(s seen) bool {
	switch {
	case s.has("__debugger__=yes", `<div class="debugger">`): // Werkzeug
		return true
	case s.has("<code>DEBUG = True</code>", `id="summary"`): // Django
		return true
	}
	return s.raw() && s.has("Traceback (most recent call last)", "File ", ".py", ", line ")
}

func javaTrace(s seen) bool {
	switch {
	case strings.HasPrefix(s.heading, "HTTP Status ") && s.has(".java:") && strings.Contains(strings.ToLower(s.body), "<b>exception</b>"): // Tomcat
		return true
	case strings.HasPrefix(s.heading, "HTTP ERROR ") && s.has(".java:"): // Jetty
		return true
	case s.heading == "Whitelabel Error Page" && s.has(".java:"): // Spring
		return true
	}
	return s.raw() && s.has("\tat ", ".java:") && s.has("Exception")
}

func dotnetTrace(s seen) bool {
	switch {
	case strings.HasPrefix(s.heading, "Server Error in '") && (s.has("<b>Stack Trace:</b>") || s.has("<b>Source Error:</b>")):
		return true
	case s.has("An unhandled exception occurred while processing the request.", "rawExceptionStackTrace"): // ASP.NET Core
		return true
	}
	return s.raw() && s.has("   at System.", "Exception: ")
}

func rubyTrace(s seen) bool {
	switch {
	case s.title == "Action Controller: Exception caught" && s.has("Application-Trace"): // Rails
		return true
	case s.has("You're seeing this error because you use <code>Rack::ShowExceptions</code>"):
		return true
	}
	return s.raw() && s.has(".rb:", ":in '") && s.has("Error (") || s.raw() && s.has(".rb:", ":in `")
}

func nodeTrace(s seen) bool {
	if s.title == "Error" && s.has("<pre>", "<br> &nbsp; &nbsp;at ") { // Express
		return true
	}
	return s.raw() && s.has("\n    at ", ".js:") && s.has("Error")
}
