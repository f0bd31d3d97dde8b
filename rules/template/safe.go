package template

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// template judges the whole and fills in tpl.
func (c *checker) template(root *yaml.Node, tpl *Template) {
	f := c.fields(root, "the template", []string{"id", "info", "http", "requests"}, protocols())
	if id := f["id"]; id == nil || !regexp.MustCompile(`^([a-zA-Z0-9]+[-_])*[a-zA-Z0-9]+$`).MatchString(id.Value) || len(id.Value) > 100 {
		c.complain(cmp.Or(id, root), "its id must be of letters, digits and hyphens, up to 100")
	} else {
		tpl.ID = id.Value
	}
	if info := f["info"]; info == nil {
		c.complain(root, "it has no info")
	} else {
		tpl.Name = c.info(info)
	}
	c.scalars(root)
	blocks := f["http"]
	if blocks == nil {
		blocks = f["requests"] // the name before version 3 of nuclei
	} else if f["requests"] != nil {
		c.complain(f["requests"], "it has http and requests, which is the same")
	}
	if blocks == nil {
		if len(c.problems) == 0 {
			c.complain(root, "it has no http requests")
		}
		return
	}
	if blocks.Kind != yaml.SequenceNode || len(blocks.Content) != 1 {
		c.complain(blocks, "it must have exactly one block of http requests")
		return
	}
	tpl.Requests = c.block(blocks.Content[0])
}

// protocols are the keys of a template that mean more than looking, and why
// each is refused.
func protocols() map[string]string {
	out := map[string]string{
		"dns": "dns requests are not run: infohub's own DNS probe asks these questions", "ssl": "ssl requests are not run: infohub's own TLS probe asks these questions",
		"flow": "a flow is a program; templates must only look", "workflows": "workflows are not run",
		"self-contained": "it is self-contained: it would reach hosts other than the site",
		"variables":      "variables are not supported", "constants": "constants are not supported",
		"signature": "it signs requests with credentials",
	}
	for _, p := range []string{"file", "tcp", "network", "headless", "code", "javascript", "websocket", "whois"} {
		out[p] = p + " templates are not run: only http requests with GET and HEAD are"
	}
	return out
}

// info judges the tags, which say what a template does, and returns the name.
func (c *checker) info(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		c.complain(n, "info must have keys and values")
		return ""
	}
	name, tags := "", []*yaml.Node(nil)
	author := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch value := n.Content[i+1]; n.Content[i].Value {
		case "name":
			name = value.Value
		case "author":
			author = value.Value != "" || len(value.Content) > 0
		case "tags":
			tags = c.list(value, "tags")
		case "severity":
			if severities := []string{"unknown", "info", "low", "medium", "high", "critical"}; !slices.Contains(severities, value.Value) {
				c.complain(value, "its severity is %s; it must be one of %s", printable(value.Value), strings.Join(severities, ", "))
			}
		}
	}
	if name == "" || !author {
		c.complain(n, "info must have a name and an author")
	}
	safe := false
	for _, item := range tags {
		for tag := range strings.SplitSeq(item.Value, ",") {
			tag = strings.ToLower(strings.TrimSpace(tag))
			if slices.Contains(attackTags(), tag) {
				c.complain(item, "its tag %s says that it attacks; only templates that look are run", printable(tag))
			}
			safe = safe || slices.Contains(SafeTags(), tag)
		}
	}
	if !safe {
		c.complain(n, "its tags must include one of %s", strings.Join(SafeTags(), ", "))
	}
	return name
}

// SafeTags are the tags of which a template must have one.
func SafeTags() []string {
	return []string{
		"exposure", "exposures", "disclosure", "misconfig", "misconfiguration", "config", "backup", "files", "logs",
		"debug", "listing", "panel", "detect", "tech", "headers",
	}
}

// attackTags are those of the community's templates that do more than look.
func attackTags() []string {
	return []string{
		"intrusive", "dos", "fuzz", "fuzzing", "dast", "bruteforce", "brute-force", "default-login", "default-logins", "creds-stuffing", "credential-stuffing",
		"login-check", "rce", "sqli", "sql-injection", "nosqli", "injection", "cmdi", "command-injection", "code-injection", "xss", "lfi", "rfi", "lfr",
		"traversal", "path-traversal", "ssrf", "ssti", "xxe", "oast", "oob", "interactsh", "crlf", "csrf", "redirect", "open-redirect", "fileupload",
		"file-upload", "deserialization", "auth-bypass", "cache-poisoning", "cache", "smuggling", "log4j", "headless", "code", "js", "javascript", "network", "workflow", "local", "file",
	}
}

// requestKeys are the keys of a block of requests that mean more than looking.
func requestKeys() map[string]string {
	const plain = "; only plain requests with GET and HEAD are run"
	return map[string]string{
		"raw": "it writes raw requests" + plain, "body": "it sends a body" + plain,
		"payloads": "it has payloads" + plain, "attack": "it has an attack type" + plain,
		"fuzzing": "it is for fuzzing" + plain, "pre-condition": "it is for fuzzing" + plain, "analyzer": "it is for fuzzing" + plain,
		"unsafe": "it sends malformed requests" + plain, "pipeline": "it pipelines requests" + plain, "threads": "it sends requests in parallel" + plain,
		"race": "it races requests" + plain, "race_count": "it races requests" + plain,
		"self-contained":  "it is self-contained: it would reach hosts other than the site",
		"redirects":       "it follows redirects, which may lead to other hosts; host-redirects stays on the site",
		"digest-username": "it logs in", "digest-password": "it logs in", "signature": "it signs requests with credentials",
		"req-condition": "it compares several answers, which is not supported", "iterate-all": "it feeds answers into requests, which is not supported",
	}
}

// block judges the one block of requests and returns how many there are.
func (c *checker) block(n *yaml.Node) int {
	kept := &yaml.Node{Kind: n.Kind, Line: n.Line} // what is refused may be there, switched off
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i+1].Value != "false" || requestKeys()[n.Content[i].Value] == "" {
			kept.Content = append(kept.Content, n.Content[i], n.Content[i+1])
		}
	}
	n = kept
	f := c.fields(n, "http", []string{
		"method", "path", "headers", "matchers", "matchers-condition", "extractors", "stop-at-first-match", "max-size", "name", "id", "disable-cookie", "cookie-reuse", "host-redirects", "max-redirects",
	}, requestKeys())
	if m := f["method"]; m == nil {
		c.complain(n, "it names no method; it must be GET or HEAD")
	} else if m.Value != http.MethodGet && m.Value != http.MethodHead {
		c.complain(m, "its method is %s, which can change the site; it must be GET or HEAD", printable(m.Value))
	}
	paths := c.list(f["path"], "path")
	if len(paths) == 0 || len(paths) > MaxPaths {
		c.complain(cmp.Or(f["path"], n), "it must have 1 to %d paths", MaxPaths)
	}
	for _, p := range paths {
		c.path(p)
	}
	if r := f["host-redirects"]; r != nil && len(paths) > 1 { // which of them was answered could not be told
		c.complain(r, "with host-redirects it must have one path")
	}
	if r := f["max-redirects"]; r != nil {
		if n, err := strconv.Atoi(r.Value); err != nil || n < 1 || n > 10 {
			c.complain(r, "max-redirects must be 1 to 10")
		}
	}
	if h := f["headers"]; h != nil {
		c.headers(h)
	}
	if s := f["max-size"]; s != nil {
		if size, err := strconv.Atoi(s.Value); err != nil || size < 1 || size > MaxBody {
			c.complain(s, "max-size must be 1 to %d", MaxBody)
		}
	}
	for _, e := range c.list(f["extractors"], "extractors") {
		c.extractor(e)
	}
	matchers := f["matchers"]
	if matchers == nil || matchers.Kind != yaml.SequenceNode || len(matchers.Content) == 0 {
		c.complain(cmp.Or(matchers, n), "it has no matchers, so it cannot tell a fault")
		return len(paths)
	}
	for _, m := range matchers.Content {
		c.matcher(m)
	}
	return len(paths)
}

// path must lead below the site's own address.
func (c *checker) path(n *yaml.Node) {
	rest, ok := strings.CutPrefix(n.Value, "{{BaseURL}}")
	if !ok {
		rest, ok = strings.CutPrefix(n.Value, "{{RootURL}}")
	}
	switch {
	case n.Kind != yaml.ScalarNode, !ok, rest != "" && rest[0] != '/' && rest[0] != '?':
		c.complain(n, "its path %s must begin with {{BaseURL}}/", printable(n.Value))
	case strings.Contains(strings.ToLower(rest), "_method="):
		c.complain(n, "its path %s asks the site to take the request for another method", printable(n.Value))
	case actsOn(rest) != "":
		c.complain(n, "its path %s asks the site to do something (%s), which a GET of a template must not", printable(n.Value), actsOn(rest))
	case strings.ContainsAny(rest, "\r\n\x00"):
		c.complain(n, "its path %s has a line break", printable(n.Value))
	}
}

// actsOn is a word by which a path asks the site to act, although GET should not
// (RFC 9110 section 9.2.1); "" if there is none. It looks at the query, and at
// the last part of the path, since a file called delete.txt is only read.
func actsOn(rest string) string {
	path, query, _ := strings.Cut(strings.ToLower(rest), "?")
	last := path[strings.LastIndexByte(path, '/')+1:]
	words := strings.FieldsFunc(query, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	for _, w := range append(words, strings.TrimSuffix(last, ".php")) {
		if slices.Contains(actions(), w) {
			return w
		}
	}
	return ""
}

func actions() []string {
	return []string{
		"add", "cmd", "command", "create", "delete", "destroy", "disable", "drop", "edit", "enable", "erase", "eval", "exec", "execute", "flush", "import",
		"insert", "kill", "logout", "move", "passwd", "purge", "reboot", "register", "remove", "rename", "reset", "restart", "restore", "run", "save", "send",
		"shutdown", "signout", "stop", "submit", "subscribe", "system", "truncate", "uninstall", "unlink", "unsubscribe", "update", "upgrade", "upload", "write",
	}
}

// headers must be such as a browser sends, and without credentials.
func (c *checker) headers(n *yaml.Node) {
	allowed := []string{"accept", "accept-language", "cache-control", "if-modified-since", "origin", "range", "referer", "x-requested-with"}
	if n.Kind != yaml.MappingNode {
		c.complain(n, "headers must have names and values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if !slices.Contains(allowed, strings.ToLower(name.Value)) {
			c.complain(name, "the header %s is not sent; allowed are %s", printable(name.Value), strings.Join(allowed, ", "))
		}
		if value.Kind != yaml.ScalarNode || strings.ContainsAny(value.Value, "\r\n\x00") {
			c.complain(value, "the value of a header must be one line")
		}
	}
}

// matcher must be one that the engine understands.
func (c *checker) matcher(n *yaml.Node) {
	f := c.fields(n, "matchers", []string{
		"type", "condition", "part", "negative", "name", "status", "size", "words", "regex", "binary", "dsl", "xpath", "encoding", "case-insensitive",
	}, nil)
	kinds := map[string]string{"status": "status", "size": "size", "word": "words", "regex": "regex", "binary": "binary", "dsl": "dsl", "xpath": "xpath"}
	kind := f["type"]
	if kind == nil || kinds[kind.Value] == "" {
		c.complain(cmp.Or(kind, n), "a matcher's type must be status, size, word, regex, binary, dsl or xpath")
		return
	}
	values := c.list(f[kinds[kind.Value]], kinds[kind.Value])
	if len(values) == 0 {
		c.complain(n, "a matcher of type %s needs %s", kind.Value, kinds[kind.Value])
	}
	for _, v := range values {
		if kind.Value == "regex" {
			if _, err := regexp.Compile(v.Value); err != nil {
				c.complain(v, "its regular expression is wrong: %v", err)
			}
		}
		if kind.Value == "dsl" {
			c.functions(v, quoted().ReplaceAllString(v.Value, "''"))
		}
	}
}

// extractor may compute what it takes out, no more; the engine says what else is
// wrong with one.
func (c *checker) extractor(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.complain(n, "extractors must have keys and values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "dsl" {
			continue
		}
		for _, v := range c.list(n.Content[i+1], "dsl") {
			c.functions(v, quoted().ReplaceAllString(v.Value, "''"))
		}
	}
}

func quoted() *regexp.Regexp {
	return regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`)
}

// scalars looks at every text, wherever it stands, for what the engine puts in
// place of it.
func (c *checker) scalars(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		low := strings.ToLower(n.Value)
		switch {
		case strings.Contains(low, "interactsh") || strings.Contains(low, "oast."):
			c.complain(n, "it makes the site call a server of somebody else (interactsh)")
		case strings.Contains(n.Value, "§"):
			c.complain(n, "the marker § is not supported")
		case strings.Contains(n.Value, "{{"):
			c.functions(n, n.Value)
		}
	}
	for _, child := range n.Content {
		c.scalars(child)
	}
}

// functions lets only such functions into an expression as compute.
func (c *checker) functions(n *yaml.Node, text string) {
	for _, m := range regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)\s*\(`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(pure(), m[1]) {
			c.complain(n, "the function %s is not among those that only compute", printable(m[1]))
		}
	}
}

func pure() []string {
	return strings.Fields(`
		len to_upper toupper to_lower tolower to_string to_number to_title trim trim_left trim_right trim_space trim_prefix trim_suffix replace
		replace_regex reverse repeat base64 base64_py base64_decode url_encode url_decode hex_encode hex_decode html_escape html_unescape md5 sha1 sha256
		sha512 mmh3 contains contains_all contains_any starts_with ends_with line_starts_with line_ends_with concat join split regex regex_all regex_any
		equals_any substr count index compare_versions dec_to_hex hex_to_dec json_minify unix_time to_unix_time date_time rand_char rand_base rand_int
		rand_text_alpha rand_text_alphanumeric rand_text_numeric in and or`)
}
