package match

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/cybersec-infohub/infohub/rules/technologies"
)

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// makerOf is vendor and name in the one spelling that all others come to:
// "Apache Software Foundation", "Apache HTTP Server" is "apache/httpserver", and
// so is the CPE's apache:http_server. It is "" where either has no letters.
func makerOf(vendor, name string) string {
	v := vendorOf(vendor)
	words := wordsOf(name)
	if v == "" || len(words) == 0 {
		return ""
	}
	// The vendor stands in front of many names: of "Red Hat Enterprise Linux" it is
	// the first two words.
	for n := min(len(words)-1, 4); n > 0; n-- {
		if vendorOf(strings.Join(words[:n], " ")) == v {
			words = words[n:]
			break
		}
	}
	maker := v + "/" + strings.Join(words, "")
	if canonical, ok := aliases()[maker]; ok {
		return canonical
	}
	return maker
}

// vendorOf is a vendor's name without what firms and projects put behind theirs.
func vendorOf(s string) string {
	words := slices.DeleteFunc(wordsOf(s), func(w string) bool { return slices.Contains(legalForms(), w) })
	v := strings.Join(words, "")
	for _, again := 0, true; again; {
		again = false
		for _, tail := range []string{"foundation", "project", "software", "group", "corporation", "incorporated", "limited", "technologies", "technology", "networks", "systems", "team", "community", "organization", "organisation", "company"} {
			if rest, ok := strings.CutSuffix(v, tail); ok && len(rest) > 1 {
				v, again = rest, true
			}
		}
	}
	return v
}

func legalForms() []string {
	return []string{"the", "inc", "ltd", "llc", "gmbh", "ag", "se", "corp", "co", "sa", "bv", "nv", "ab", "oy", "plc", "pty", "srl", "kg", "kk"}
}

// aliases are makers that go by several names, and the name that counts here.
var aliases = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for canonical, others := range map[string][]string{
		"f5/nginx":                              {"nginx/nginx", "f5/nginxopensource", "igorsysoev/nginx", "nginx/nginxopensource"},
		"apache/httpserver":                     {"apache/httpd", "apache/apache", "apache/apache2", "apache/apachehttpd", "apache/webserver"},
		"apache/log4j":                          {"apache/log4j2", "apache/logginglog4j"},
		"canonical/ubuntu":                      {"canonical/ubuntulinux", "ubuntu/ubuntu", "ubuntu/linux"},
		"debian/linux":                          {"debian/debian", "debian/gnulinux"},
		"eclipse/jetty":                         {"mortbay/jetty", "jetty/jetty"},
		"haxx/curl":                             {"curl/curl"},
		"isc/bind":                              {"isc/bind9"},
		"linux/kernel":                          {"kernelorg/linuxkernel", "linux/linux", "kernel/linuxkernel", "kernelorg/kernel"},
		"microsoft/edge":                        {"microsoft/edgechromium"},
		"microsoft/exchangeserver":              {"microsoft/exchange"},
		"microsoft/internetinformationservices": {"microsoft/iis", "microsoft/internetinformationserver"},
		"nodejs/nodejs":                         {"nodejs/node", "openjs/nodejs", "joyent/nodejs"},
		"openbsd/openssh":                       {"openssh/openssh"},
		"openssl/openssl":                       {"openssl/openssltoolkit", "openssl/toolkit"},
		"oracle/jdk":                            {"sun/jdk", "oracle/javase", "oracle/javasejdk"},
		"oracle/mysql":                          {"mysql/mysql", "oracle/mysqlserver", "mysql/server", "mysql/mysqlserver"},
		"postgresql/postgresql":                 {"postgresqlglobaldevelopment/postgresql"},
		"squidcache/squid":                      {"squid/squid"},
		"vercel/nextjs":                         {"zeit/nextjs"},
		"wordpress/wordpress":                   {"automattic/wordpress", "wordpressorg/wordpress"},
	} {
		for _, other := range others {
			all[other] = canonical
		}
	}
	return all
})

// nameOf is a name in the one spelling that counts here.
func nameOf(name string) string {
	switch name {
	case "apache", "apache2", "httpd", "apachehttpd", "apachewebserver":
		return "apachehttpserver"
	case "iis", "microsoftiis", "internetinformationservices":
		return "microsoftinternetinformationservices"
	case "postgres":
		return "postgresql"
	case "log4j2", "apachelog4j", "apachelog4j2":
		return "log4j"
	case "nodejsnodejs":
		return "nodejs"
	}
	return name
}

// packages are the makers of packages that are known to be products, by the path
// of their package URL: those of the scanner's table of technologies, and those
// here.
var packages = sync.OnceValue(func() map[string]string {
	all := map[string]string{
		"maven/org.apache.logging.log4j/log4j-core":         "apache/log4j",
		"maven/org.springframework/spring-core":             "vmware/springframework",
		"maven/org.apache.tomcat.embed/tomcat-embed-core":   "apache/tomcat",
		"maven/org.apache.commons/commons-text":             "apache/commonstext",
		"maven/com.fasterxml.jackson.core/jackson-databind": "fasterxml/jacksondatabind",
		"docker/library/nginx":                              "f5/nginx",
		"docker/library/httpd":                              "apache/httpserver",
	}
	table, err := technologies.Load()
	if err != nil {
		return all // the table is part of the program, and its own tests read it
	}
	for _, t := range table {
		vendor, product, ok := strings.Cut(strings.ReplaceAll(t.CPEName, `\`, ""), ":")
		if p, parsed := parsePURL("pkg:" + t.PURLName); ok && parsed {
			all[p.path] = makerOf(vendor, strings.ReplaceAll(product, "_", " "))
		}
	}
	return all
})

var (
	inBrackets = regexp.MustCompile(`\s*[(（][^()（）]{0,80}[)）]`)
	trademark  = strings.NewReplacer("®", "", "™", "", "©", "", "(R)", "", "(TM)", "")
)

// cleanName takes off a name what lists of installed software add: marks, what
// stands in brackets ("(x64 en-US)"), and the version.
func cleanName(name, version string) string {
	if len(name) > maxName {
		return ""
	}
	name = trademark.Replace(name)
	if bare := strings.TrimSpace(inBrackets.ReplaceAllString(name, "")); bare != "" {
		name = bare
	}
	name = strings.TrimSpace(name)
	if rest, ok := strings.CutSuffix(name, version); ok && version != "" {
		rest = strings.TrimRight(rest, " ")
		rest = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(rest, " v"), " version"), " -_/,")
		if rest != "" {
			return rest
		}
	}
	return name
}

// distinctive reports whether a product can be looked for by its name alone: it
// has a word that is not one of those that thousands of products are called by.
func distinctive(words []string) bool {
	common := commonWords()
	for _, w := range words {
		n := len([]rune(w))
		ascii := n == len(w)
		if ascii && n < 3 || !ascii && n < 2 || strings.Trim(w, "0123456789") == "" {
			continue
		}
		if !common[w] {
			return true
		}
	}
	return false
}

// commonWords are words that by themselves name no product.
var commonWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq(`
		access account accounts action activity addon address admin administration administrator advanced agent alert all analytics and api app application
		applications apps archive asset assistant async audio audit auth authentication automation backup bar base basic batch beta big binary block blog board book
		booking bot box bridge browser buffer bug build builder bundle bus business button cache calendar call camera captcha card cart catalog center central chain
		change chart charts chat check checkout class classic client clipboard cloud cluster code collection color command comment commerce common commons communication community
		compiler component components config configuration connect connection connector console contact container content control controller cookie cookies core
		country course crm css custom customer daemon dashboard data database date db debug debugger decoder default delivery demo desktop detector dev developer development
		device dialog diff digital direct directory disk display dns doc docs document documents domain download downloader driver drivers easy edge edit editor
		education embed emulator encoder endpoint engine enterprise environment error event events exchange explorer export express extension extensions external
		fast feed feedback field file files filter finance find firewall firmware fix flash flow font form forms format forum forward foundation frame framework free
		front fast fonts function gallery game games gateway general generator gift global go graph graphics group groups guard guide handler hardware hash health help helper home
		hook host hosting hotel html http https hub icon icons identity image images import index info information infrastructure input inspector install installer
		instance integration intelligence interface internet inventory invoice iot item java job jobs json kernel key keyboard kit lab language launcher layer layout
		learning library libs license lightweight link linux list listing lite live load loader local location log logger logging login mac mail mailer main maintenance
		man manage management manager map maps market marketing master math media member membership memory menu merge message messages messaging messenger meta
		metrics micro mini mobile mobility mode model module modules monitor monitoring multi music native navigation net network networking networks new news
		newsletter next node notes notification notifications object office online open operating operator order os output package page pages panel parser parts password path
		patient payment payments pdf phone photo photos picture pipeline plan platform play player plugin plugins plus point policy poll pool popup port portal portfolio
		post posts power preview print printer privacy private pro process processor product production products profile program project projects protect protection
		protocol provider proxy public publisher push python query queue quick quiz quote random react reader real recorder recovery redirect registration registry release
		remote render report reporter reporting reports repository request requests reservation reset resource response rest review reviews rich root route router routing ruby
		rss runner runtime safe sale sales sample scan scanner schedule scheduler school script sdk search secure security select sensor server servers service services session
		sessions setup share sharing shell shipping shop shopping shortcode sign simple site sitemap slide slider small smart sms social socket soft software solution source
		space speed sql ssl stack standard start starter state static station statistics stats status storage store stream streaming student studio style suite
		super support survey switch sync syntax system systems tab table tag tags task tasks team template templates terminal test testing text theme themes
		ticket tickets time timer token tool toolbar toolkit tools top tracker tracking traffic training transfer translate translation transport tree ui ultimate
		uninstaller unified uniform universal update updater upgrade upload uploader url usb user users util utilities utility utils validator vault vector version video view
		viewer virtual visual voice wall watch watcher weather web webapp webserver website widget widgets wifi window windows wireless word work worker workflow workspace world
		wrapper write writer xml zone
		系統 系统 軟件 软件 軟體 服務 服务 伺服器 服务器 平台 管理 管理系統 管理系统 網站 网站 應用 应用 程式 程序 工具 客戶端 客户端 資料庫 数据库`) {
		words[w] = true
	}
	return words
})
