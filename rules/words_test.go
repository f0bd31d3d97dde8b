package rules

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/miekg/dns"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

func TestWordsOfEveryRule(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.All() {
		t.Run(r.ID, func(t *testing.T) {
			for _, complaint := range checkRule(r) {
				t.Error(complaint)
			}
		})
	}
}

// checkedPlaceholders are those that a rule's check fills itself, beside
// Placeholders.
func checkedPlaceholders(rule string) []string {
	return map[string][]string{
		"dns.ns.lame":                      {"ns"},
		"dns.ns.no-tcp":                    {"ns"},
		"dns.ns.open-recursion":            {"ns"},
		"dns.ns.axfr":                      {"ns"},
		"dns.cname.dangling":               {"target"},
		"dns.cname.takeover":               {"target", "service"},
		"dns.dnssec.cds-mismatch":          {"ns"},
		"dns.ns.dangling":                  {"ns"},
		"dns.ns.glue":                      {"ns"},
		"dns.ns.cname":                     {"ns"},
		"dns.ns.no-edns":                   {"ns"},
		"dns.ns.case":                      {"ns"},
		"dns.ns.negative-answer":           {"ns"},
		"dns.ns.version-disclosed":         {"ns"},
		"mail.spf.plus-all":                {"spf"},
		"mail.spf.neutral-all":             {"spf"},
		"mail.spf.ptr":                     {"spf"},
		"mail.dkim.weak-key":               {"selector"},
		"mail.dkim.invalid":                {"selector"},
		"mail.dkim.testing":                {"selector"},
		"mail.dkim.revoked":                {"selector"},
		"mail.dmarc.subdomain-policy":      {"policy"},
		"mail.dmarc.report-unauthorised":   {"agrees_at"},
		"mail.mx.cname":                    {"mx"},
		"mail.mx.private-address":          {"mx"},
		"mail.starttls.weak-certificate":   {"mx"},
		"mail.starttls.no-tls13":           {"mx"},
		"mail.starttls.weak-cipher":        {"mx"},
		"mail.starttls.no-forward-secrecy": {"mx"},
		"mail.starttls.weak-group":         {"mx"},
		"mail.starttls.compression":        {"mx"},
		"mail.starttls.renegotiation":      {"mx"},
		"mail.dane.mismatch":               {"mx"},
		"mail.dane.unsigned":               {"mx"},
		"mail.dane.missing":                {"mx"},
		"mail.mta-sts.mx-mismatch":         {"mx_lines"},
		"mail.mta-sts.mode":                {"mx_lines"},
		"mail.mx.dangling":                 {"mx"},
		"mail.starttls.missing":            {"mx"},
		"mail.starttls.certificate":        {"mx"},
		"mail.starttls.old-version":        {"mx"},
		"mail.mta-sts.missing":             {"mx_lines"},
		"mail.mta-sts.invalid":             {"mx_lines"},
		"tls.dane.mismatch":                {"tlsa"},
		"web.security-txt.missing":         {"expires"},
		"web.security-txt.expired":         {"expires"},
		"web.technology.end-of-life":       {"technology"},
		"web.technology.exploited":         {"technology"},
	}[rule]
}

// checkRule says what is wrong with a rule.
func checkRule(r Rule) []string {
	var found []string
	complain := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	if !regexp.MustCompile(`^`+regexp.QuoteMeta(r.Family)+`\.[a-z0-9-]+\.[a-z0-9-]+$`).MatchString(r.ID) || !slices.Contains(Families(), r.Family) {
		complain("the id is not family.subject.fault of the family %q", r.Family)
	}
	if !slices.Contains(Severities(), r.Severity) {
		complain("severity %q", r.Severity)
	}
	if !slices.Contains(Owners(), r.Owner) {
		complain("owner %q", r.Owner)
	}
	if r.Weight < 1 || r.Weight > 40 {
		if r.Severity != Info || r.Weight != 0 {
			complain("weight %d is not within 1 to 40", r.Weight)
		}
	} else if r.Severity == Info {
		complain("weight %d of advice, which weighs nothing", r.Weight)
	}
	if r.Effort < 5 || r.Effort > 480 || r.Effort%5 != 0 {
		complain("effort %d is not in steps of 5 minutes, up to a day", r.Effort)
	}
	if r.Active && r.Family != "exposure" {
		complain("only the family exposure has active rules")
	}
	known := append(Placeholders(), checkedPlaceholders(r.ID)...)
	for name, text := range map[string]Text{"title": r.Title, "why": r.Why, "fix": r.Fix, "task": r.Task} {
		for _, x := range checkText(name, text, known) {
			complain("%s: %s", name, x)
		}
	}
	for _, x := range checkReferences(r.References) {
		complain("references: %s", x)
	}
	for _, x := range checkRemedies(r.Remedies, known) {
		complain("remedies: %s", x)
	}
	slices.Sort(found)
	return found
}

func checkReferences(refs []Reference) []string {
	var found []string
	if len(refs) == 0 || len(refs) > 3 {
		found = append(found, fmt.Sprintf("%d, not 1 to 3", len(refs)))
	}
	seen := map[string]bool{}
	for _, ref := range refs {
		u, err := url.Parse(ref.URL)
		if err != nil || u.Scheme != "https" || !strings.Contains(u.Host, ".") {
			found = append(found, fmt.Sprintf("%q is no https address", ref.URL))
		}
		if strings.TrimSpace(ref.Title) == "" {
			found = append(found, ref.URL+" has no title")
		}
		if seen[ref.URL] {
			found = append(found, ref.URL+" stands twice")
		}
		seen[ref.URL] = true
	}
	return found
}

// maxSnippetLine keeps snippets readable on paper and in a panel.
const maxSnippetLine = 160

func checkRemedies(remedies []Remedy, known []string) []string {
	var found []string
	if len(remedies) == 0 {
		found = append(found, "none")
	}
	seen := map[Platform]bool{}
	for _, r := range remedies {
		if !slices.Contains(Platforms(), r.For) {
			found = append(found, fmt.Sprintf("platform %q", r.For))
		}
		if seen[r.For] {
			found = append(found, fmt.Sprintf("%s stands twice", r.For))
		}
		seen[r.For] = true
		if strings.TrimSpace(r.Snippet) == "" {
			found = append(found, fmt.Sprintf("%s: empty", r.For))
		}
		if hasHan(r.Snippet) {
			found = append(found, fmt.Sprintf("%s: a snippet belongs to no language", r.For))
		}
		for line := range strings.Lines(r.Snippet) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > maxSnippetLine {
				found = append(found, fmt.Sprintf("%s: a line of %d characters", r.For, n))
			}
		}
		for _, p := range placeholders(r.Snippet) {
			if !slices.Contains(known, p) {
				found = append(found, fmt.Sprintf("%s: nobody fills {%s}", r.For, p))
			}
		}
	}
	return found
}

// longest is how many characters a text may have.
func longest(name string, lang Lang) int {
	n := map[string]int{"title": 80, "why": 420, "fix": 420, "task": 300}[name]
	if lang != English {
		n /= 2 // Chinese says as much in half of the characters
	}
	return n
}

// checkText says what is wrong with one text of a rule. known are the
// placeholders that somebody fills.
func checkText(name string, text Text, known []string) []string {
	var found []string
	complain := func(lang Lang, format string, args ...any) {
		found = append(found, fmt.Sprintf("%s: ", lang)+fmt.Sprintf(format, args...))
	}
	for lang := range text {
		if !slices.Contains(Langs(), lang) {
			complain(lang, "is not one of our languages")
		}
	}
	for i, lang := range Langs() {
		s, ok := text[lang]
		if !ok || strings.TrimSpace(s) == "" {
			complain(lang, "missing")
			continue
		}
		for _, other := range Langs()[:i] {
			if text[other] == s {
				complain(lang, "the same as %s", other)
			}
		}
		if s != strings.TrimSpace(s) || strings.ContainsAny(s, "\n\t") || strings.Contains(s, "  ") {
			complain(lang, "stray white space")
		}
		if n := utf8.RuneCountInString(s); n > longest(name, lang) {
			complain(lang, "%d characters, over %d", n, longest(name, lang))
		}
		ends := strings.HasSuffix(s, ".") || strings.HasSuffix(s, "。")
		if name == "title" && ends {
			complain(lang, "a title has no full stop")
		} else if name != "title" && !ends {
			complain(lang, "a full stop is missing at the end")
		}
		if want, got := placeholders(text[English]), placeholders(s); !slices.Equal(want, got) {
			complain(lang, "placeholders %q, in English %q", got, want)
		}
		for _, p := range placeholders(s) {
			if !slices.Contains(known, p) {
				complain(lang, "nobody fills {%s}", p)
			}
		}
		for _, x := range checkLanguage(lang, s) {
			complain(lang, "%s", x)
		}
	}
	return found
}

// placeholders returns the names in braces, sorted, each once.
func placeholders(s string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`\{([a-z][a-z_]*)\}`).FindAllStringSubmatch(s, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// checkLanguage says where a text is not of its language: its script, its
// region's terms, its punctuation.
func checkLanguage(lang Lang, s string) []string {
	if lang == English {
		if hasHan(s) || strings.ContainsAny(s, "，。、：；？！（）「」“”") {
			return []string{"Chinese characters or punctuation"}
		}
		return nil
	}
	var found []string
	if !hasHan(s) {
		found = append(found, "no Chinese")
	}
	if m := regexp.MustCompile(`([A-Za-z][A-Za-z'’-]*,? ){4,}[A-Za-z]+`).FindString(s); m != "" {
		found = append(found, fmt.Sprintf("an English sentence: %q", m))
	}
	if m := regexp.MustCompile(`\p{Han}[,.;:?!()"]|[,;:?!()"]\p{Han}`).FindString(s); m != "" {
		found = append(found, fmt.Sprintf("punctuation of Latin text: %q", m))
	}
	if wrong := otherScript(lang, s); wrong != "" {
		found = append(found, fmt.Sprintf("characters of another script: %q", wrong))
	}
	terms, quotes := foreignTerms(lang)
	for _, term := range terms {
		if strings.Contains(s, term) {
			found = append(found, fmt.Sprintf("not said here: %q", term))
		}
	}
	if strings.ContainsAny(s, quotes) {
		found = append(found, "quotation marks of the other region")
	}
	return found
}

// otherScript returns the characters of s that its script does not use. The
// national character sets tell: GB 2312 has no traditional characters, and what
// GB 2312 has and Big5 lacks is simplified. The few that are in both sets are
// listed.
func otherScript(lang Lang, s string) string {
	return strings.Map(func(r rune) rune {
		foreign := !inGB2312(r) || strings.ContainsRune("後於徵夥麽", r)
		if lang == Traditional {
			foreign = (inGB2312(r) && !inBig5(r) && !strings.ContainsRune("着倩包卿婷彘晴杞渝港煮瑜砉", r)) ||
				strings.ContainsRune("网坏机价体确听气万与党厂据儿几扑朴胜适种筑愿优异构怀惊洁荐极柜挂赶并复斗于宁岭扰洒圣触虫离", r)
		}
		if unicode.Is(unicode.Han, r) && foreign {
			return r
		}
		return -1
	}, s)
}

func inGB2312(r rune) bool {
	_, err := simplifiedchinese.HZGB2312.NewEncoder().String(string(r))
	return err == nil
}

// inBig5 leaves out Hong Kong's supplement, which has simplified characters and
// a second code of a dozen others, named in otherScript.
func inBig5(r rune) bool {
	b, err := traditionalchinese.Big5.NewEncoder().String(string(r))
	if err != nil || len(b) != 2 {
		return false
	}
	code := int(b[0])<<8 | int(b[1])
	return (code >= 0xa440 && code <= 0xc67e) || (code >= 0xc940 && code <= 0xf9d5)
}

// foreignTerms are words that belong to another region's Chinese, and its
// quotation marks.
func foreignTerms(lang Lang) (terms []string, quotes string) {
	if lang == Traditional {
		return strings.Fields(`
			服務器 服務商 主機商 域名 證書 信息 賬戶 賬號 電子郵件 郵箱 軟體 硬體 網路 程序員 視頻 默認 設置
			登錄 登陸 鏈接 緩存 激活 屏蔽 文件夾 加載 咨詢 宕機 機房 運營商 公網 內網 帶寬 遠程 短信`), "“”‘’"
	}
	return strings.Fields(`
		伺服 电邮 网域 帐户 帐号 程式 资讯 连结 登入 预设 设定 软体 硬体 网路 讯息 透过 网页寄存 寄存公司
		档案 萤幕 滑鼠 数码 质素 遥距 连接埠 位元 简讯 部份 资料夹`), "「」『』"
}

func TestFaultyWordsAreReported(t *testing.T) {
	good := func() Rule {
		return Rule{
			ID: "web.subject.fault", Family: "web", Severity: Low, Weight: 1, Effort: 5, Owner: OwnerHost,
			References: []Reference{{"RFC 9110", "https://www.rfc-editor.org/rfc/rfc9110"}},
			Title:      Text{English: "{host} is open", Traditional: "{host} 沒有關上", Simplified: "{host} 没有关上"},
			Why:        Text{English: "It is.", Traditional: "網絡上誰都可以進來。", Simplified: "网络上谁都能进来。"},
			Fix:        Text{English: "Shut it.", Traditional: "請關上它。", Simplified: "把它关上。"},
			Task:       Text{English: "Close port 1 of {host}.", Traditional: "關閉 {host} 的 1 號埠。", Simplified: "请关闭 {host} 的 1 号端口。"},
			Remedies:   []Remedy{{Nginx, "server { listen 443; server_name {host}; }"}},
		}
	}
	tests := []struct {
		about string
		spoil func(*Rule)
		want  string // part of the one complaint; empty for none
	}{
		{"good", func(*Rule) {}, ""},
		{"id of another family", func(r *Rule) { r.ID = "dns.subject.fault" }, "the id is not"},
		{"id of two parts", func(r *Rule) { r.ID = "web.fault" }, "the id is not"},
		{"severity", func(r *Rule) { r.Severity = "bad" }, "severity"},
		{"owner", func(r *Rule) { r.Owner = "" }, "owner"},
		{"weight 0", func(r *Rule) { r.Weight = 0 }, "weight"},
		{"weight of advice", func(r *Rule) { r.Severity = Info }, "weight"},
		{"weight 41", func(r *Rule) { r.Weight = 41 }, "weight"},
		{"effort", func(r *Rule) { r.Effort = 3 }, "effort"},
		{"active", func(r *Rule) { r.Active = true }, "only the family exposure"},
		{"no reference", func(r *Rule) { r.References = nil }, "not 1 to 3"},
		{"http reference", func(r *Rule) { r.References[0].URL = "http://example.org/" }, "no https address"},
		{"untitled reference", func(r *Rule) { r.References[0].Title = "" }, "no title"},
		{"no task in one language", func(r *Rule) { delete(r.Task, Simplified) }, "task: zh-Hans: missing"},
		{"no remedy", func(r *Rule) { r.Remedies = nil }, "none"},
		{"platform", func(r *Rule) { r.Remedies[0].For = "lighttpd" }, "platform"},
		{"empty snippet", func(r *Rule) { r.Remedies[0].Snippet = " \n" }, "empty"},
		{"same platform twice", func(r *Rule) { r.Remedies = append(r.Remedies, r.Remedies[0]) }, "twice"},
		{"placeholder in a snippet", func(r *Rule) { r.Remedies[0].Snippet = "{mx}" }, "nobody fills {mx}"},
		{"Chinese snippet", func(r *Rule) { r.Remedies[0].Snippet = "# 伺服器" }, "no language"},
		{"missing", func(r *Rule) { delete(r.Fix, Simplified) }, "zh-Hans: missing"},
		{"empty", func(r *Rule) { r.Fix[Traditional] = " " }, "zh-Hant: missing"},
		{"unknown language", func(r *Rule) { r.Why["fr"] = "Oui." }, "fr: is not one of our languages"},
		{"the same twice", func(r *Rule) { r.Fix[Traditional], r.Fix[Simplified] = "改好。", "改好。" }, "the same as zh-Hant"},
		{"other placeholders", func(r *Rule) { r.Title[Simplified] = "没有关上" }, "placeholders"},
		{"unknown placeholder", func(r *Rule) {
			r.Fix = Text{English: "{mx}.", Traditional: "{mx} 網。", Simplified: "{mx} 网。"}
			r.ID = "web.mx.fault"
		}, "nobody fills {mx}"},
		{"full stop in a title", func(r *Rule) { r.Title[English] += "." }, "no full stop"},
		{"no full stop", func(r *Rule) { r.Fix[Simplified] = "把它关上" }, "full stop is missing"},
		{"too long", func(r *Rule) { r.Why[English] = strings.Repeat("Long ", 100) + "it is." }, "characters, over"},
		{"simplified in zh-Hant", func(r *Rule) { r.Fix[Traditional] = "請把网站关上。" }, `another script: "网关"`},
		{"traditional in zh-Hans", func(r *Rule) { r.Fix[Simplified] = "请把網站關上。" }, `another script: "網關"`},
		{"Mainland term in zh-Hant", func(r *Rule) { r.Fix[Traditional] = "請關上郵件服務器。" }, "服務器"},
		{"Hong Kong term in zh-Hans", func(r *Rule) { r.Fix[Simplified] = "请关上电邮。" }, "电邮"},
		{"quotation marks", func(r *Rule) { r.Fix[Simplified] = "请关上「它」。" }, "quotation marks"},
		{"Latin comma", func(r *Rule) { r.Fix[Simplified] = "请关上,谢谢。" }, "punctuation"},
		{"English in Chinese", func(r *Rule) { r.Fix[Traditional] = "請 ask your hosting company to shut it。" }, "an English sentence"},
		{"product names", func(r *Rule) { r.Fix[Traditional] = "請在 Google Workspace 或 Microsoft 365 關上它。" }, ""},
		{"Chinese in English", func(r *Rule) { r.Fix[English] = "Shut 它." }, "Chinese characters"},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			r := good()
			tt.spoil(&r)
			got := checkRule(r)
			if tt.want == "" && len(got) == 0 {
				return
			}
			if tt.want == "" || len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), tt.want) {
				t.Errorf("complaints %q, want %q", got, tt.want)
			}
		})
	}
}

// What a remedy calls a DNS record is pasted into zone files.
func TestRecordsAreZoneFileLines(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.All() {
		values := map[string]string{}
		for _, p := range append(Placeholders(), checkedPlaceholders(r.ID)...) {
			values[p] = "name.example.hk"
		}
		for _, remedy := range r.Remedies {
			if remedy.For != Record {
				continue
			}
			zone := dns.NewZoneParser(strings.NewReader(Fill(remedy.Snippet, values)), "", r.ID)
			for rr, ok := zone.Next(); ok; rr, ok = zone.Next() {
				if !strings.HasSuffix(rr.Header().Name, "name.example.hk.") {
					t.Errorf("%s: a record at %s", r.ID, rr.Header().Name)
				}
			}
			if err := zone.Err(); err != nil {
				t.Errorf("%s: %v", r.ID, err)
			}
		}
	}
}

func TestScriptsAreToldApart(t *testing.T) {
	const traditional = "網絡務設證郵戶資電腦數據請將與開關啟記錄檔護攔權員壞號碼簽過無發會種點頁線"
	const simplified = "网络务设证邮户资电脑数据请将与开关启记录档护拦权员坏号码签过无发会种点页线"
	trad, simp := []rune(traditional), []rune(simplified)
	for i := range trad {
		if trad[i] == simp[i] {
			continue
		}
		if otherScript(Traditional, string(simp[i])) == "" || otherScript(Simplified, string(trad[i])) == "" {
			t.Errorf("%c and %c are not told apart", trad[i], simp[i])
		}
		if otherScript(Traditional, string(trad[i])) != "" || otherScript(Simplified, string(simp[i])) != "" {
			t.Errorf("%c or %c is refused in its own script", trad[i], simp[i])
		}
	}
}
