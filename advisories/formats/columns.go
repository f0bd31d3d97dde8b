package formats

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// column is one of the catalogue. Their names and order stay; a later program
// may add some at the end.
type column struct {
	name    string
	kind    string // "text", "integer", "number", "boolean", "time", "list"
	example string
	meaning string    // the end of the key of its text; "": the name
	lang    i18n.Lang // of a text in one language
	// value is a string, int, float64, bool, []string, or nil for what is not there.
	value func(p *advisories.Publication) any
}

func catalogueColumns() []column {
	all := []column{
		{name: "id", kind: "text", example: "A26-11-04", value: func(p *advisories.Publication) any { return optional(p.Tracking.ID) }},
		{name: "revision", kind: "integer", example: "2", value: func(p *advisories.Publication) any { return p.Tracking.Number() }},
		{name: "state", kind: "text", example: "revised", value: func(p *advisories.Publication) any { return string(stateOf(&p.Tracking)) }},
		{name: "published", kind: "time", example: "2026-11-04T02:00:00Z", value: func(p *advisories.Publication) any { return optional(iso(p.Tracking.Initial)) }},
		{name: "updated", kind: "time", example: "2026-11-06T08:30:00Z", value: func(p *advisories.Publication) any { return optional(iso(p.Tracking.Current)) }},
		{name: "class", kind: "text", example: "high-threat", value: func(p *advisories.Publication) any { return optional(string(p.Advisory.Class)) }},
		{name: "risk", kind: "text", example: "extreme", value: func(p *advisories.Publication) any { return optional(string(p.Advisory.Risk)) }},
		{name: "severity", kind: "text", example: "CRITICAL", value: func(p *advisories.Publication) any { return optional(p.Advisory.Severity().Severity) }},
		{name: "cvss_score", kind: "number", example: "9.8", value: func(p *advisories.Publication) any {
			if r := p.Advisory.Severity(); r.Version != "" {
				return r.Score
			}
			return nil
		}},
	}
	for _, t := range []struct {
		name     string
		examples advisories.Texts
		of       func(a *advisories.Advisory) advisories.Texts
	}{
		{"title", advisories.Texts{i18n.English: "Two vulnerabilities in Example Gateway", i18n.Traditional: "Example Gateway 兩個漏洞", i18n.Simplified: "Example Gateway 两个漏洞"}, func(a *advisories.Advisory) advisories.Texts { return a.Title }},
		{"description", advisories.Texts{i18n.English: "Attackers can run commands without a password.", i18n.Traditional: "攻擊者毋須密碼便可執行指令。", i18n.Simplified: "攻击者无需密码即可执行命令。"}, func(a *advisories.Advisory) advisories.Texts { return a.Description }},
		{"affected", advisories.Texts{i18n.English: "Gateways that can be reached from the internet", i18n.Traditional: "可由互聯網連接的閘道", i18n.Simplified: "可从互联网访问的网关"}, func(a *advisories.Advisory) advisories.Texts { return a.Affected }},
		{"impact", advisories.Texts{i18n.English: "Control of the gateway", i18n.Traditional: "閘道遭控制", i18n.Simplified: "网关被控制"}, func(a *advisories.Advisory) advisories.Texts { return a.Impact }},
		{"recommendation", advisories.Texts{i18n.English: "Update to 4.2.1.", i18n.Traditional: "請更新至 4.2.1。", i18n.Simplified: "请更新到 4.2.1。"}, func(a *advisories.Advisory) advisories.Texts { return a.Recommendation }},
	} {
		for _, lang := range i18n.Langs() {
			all = append(all, column{
				name: t.name + "_" + strings.ToLower(strings.ReplaceAll(string(lang), "-", "_")), kind: "text", example: t.examples[lang], meaning: t.name, lang: lang,
				value: func(p *advisories.Publication) any {
					s, _ := cleanText(t.of(&p.Advisory)[lang])
					if s = strings.TrimSpace(s); s == "" {
						return nil
					}
					return s
				},
			})
		}
	}
	return append(all, catalogueLists()...)
}

func catalogueLists() []column {
	return []column{
		{name: "languages", kind: "list", example: "en;zh-Hant;zh-Hans", value: func(p *advisories.Publication) any { return complete(&p.Advisory) }},
		{name: "cves", kind: "list", example: "CVE-2026-10001;CVE-2026-10002", value: func(p *advisories.Publication) any { return cves(&p.Advisory) }},
		{name: "cwes", kind: "list", example: "CWE-78;CWE-287", value: func(p *advisories.Publication) any {
			var ids []string
			for i := range p.Advisory.Vulnerabilities {
				ids = append(ids, p.Advisory.Vulnerabilities[i].CWE...)
			}
			return cleanList(ids)
		}},
		{name: "known_exploited", kind: "boolean", example: "true", value: func(p *advisories.Publication) any { return attacked(&p.Advisory) }},
		{name: "ransomware", kind: "boolean", example: "false", value: func(p *advisories.Publication) any {
			return slices.ContainsFunc(p.Advisory.Vulnerabilities, func(v advisories.Vulnerability) bool { return v.Exploited != nil && v.Exploited.Ransomware })
		}},
		{name: "epss", kind: "number", example: "0.942", value: func(p *advisories.Publication) any {
			highest := any(nil)
			for i := range p.Advisory.Vulnerabilities {
				if e := p.Advisory.Vulnerabilities[i].EPSS; e != nil && e.Score >= 0 && e.Score <= 1 {
					if old, ok := highest.(float64); !ok || e.Score > old {
						highest = e.Score
					}
				}
			}
			return highest
		}},
		{name: "products", kind: "list", example: "Example Gateway", value: func(p *advisories.Publication) any { return products(&p.Advisory) }},
		{name: "product_versions", kind: "list", example: "Example Gateway vers:generic/>=4.0.0|<4.2.1", value: productVersions},
		{name: "cpes", kind: "list", example: "cpe:2.3:a:example:gateway:*:*:*:*:*:*:*:*", value: identifiers(func(p *advisories.Product) string { return p.CPE })},
		{name: "purls", kind: "list", example: "pkg:npm/gateway-client", value: identifiers(func(p *advisories.Product) string { return p.PURL })},
		{name: "techniques", kind: "list", example: "T1190", value: func(p *advisories.Publication) any { return cleanList(p.Advisory.Techniques) }},
		{name: "sectors", kind: "list", example: "healthcare", value: func(p *advisories.Publication) any { return cleanList(p.Advisory.Sectors) }},
		{name: "tags", kind: "list", example: "vpn;remote-code-execution", value: func(p *advisories.Publication) any { return cleanList(p.Advisory.Tags) }},
		{name: "references", kind: "list", example: "https://vendor.example/psirt/2026-07", value: func(p *advisories.Publication) any {
			var urls []string
			for _, r := range p.Advisory.References {
				urls = append(urls, webURL(r.URL))
			}
			return cleanList(urls)
		}},
		{name: "supersedes", kind: "list", example: "A26-10-02", value: func(p *advisories.Publication) any { return cleanList(p.Advisory.Supersedes) }},
		{name: "superseded_by", kind: "text", example: "A26-12-01", value: func(p *advisories.Publication) any { return optional(p.Tracking.SupersededBy) }},
		{name: "publisher", kind: "text", example: "GovCERT example", value: func(p *advisories.Publication) any { return optional(p.Publisher.Name) }},
		{name: "tlp", kind: "text", example: tlp.Clear.String(), value: func(p *advisories.Publication) any { return label(p.Advisory.TLP).String() }},
		{name: "url", kind: "text", example: "https://cert.example/advisories/A26-11-04", value: func(p *advisories.Publication) any { return optional(webURL(p.Tracking.URL)) }},
	}
}

// optional is a clean value, nil where there is none.
func optional(s string) any {
	if s = clean(s); s != "" {
		return s
	}
	return nil
}

// complete are the languages in which no text is missing that another has.
func complete(a *advisories.Advisory) []string {
	texts := []advisories.Texts{a.Title, a.Description, a.Affected, a.Impact, a.Recommendation}
	langs := []string{}
	for _, lang := range i18n.Langs() {
		if !slices.ContainsFunc(texts, func(t advisories.Texts) bool {
			have := available(t)
			return len(have) > 0 && !slices.Contains(have, lang)
		}) {
			langs = append(langs, string(lang))
		}
	}
	return langs
}

// productVersions has each product with its versions as they are written.
func productVersions(p *advisories.Publication) any {
	var all []string
	for i := range p.Advisory.Products {
		product := &p.Advisory.Products[i]
		all = append(all, productName(product)+" "+product.Versions)
	}
	return cleanList(all)
}

func identifiers(of func(p *advisories.Product) string) func(p *advisories.Publication) any {
	return func(p *advisories.Publication) any {
		var all []string
		for i := range p.Advisory.Products {
			all = append(all, of(&p.Advisory.Products[i]))
		}
		return cleanList(all)
	}
}

// joined is a value as a cell of CSV.
func joined(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = strings.ReplaceAll(s, listBreak, "；")
		}
		return strings.Join(parts, listBreak)
	}
	return ""
}
