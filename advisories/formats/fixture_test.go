package formats_test

import (
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

func texts(en, hant, hans string) advisories.Texts {
	t := advisories.Texts{}
	for lang, s := range map[i18n.Lang]string{i18n.English: en, i18n.Traditional: hant, i18n.Simplified: hans} {
		if s != "" {
			t[lang] = s
		}
	}
	return t
}

func at(s string) time.Time {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

func hongKong() *time.Location { return time.FixedZone("HKT", 8*60*60) }

func govcert() advisories.Publisher {
	return advisories.Publisher{
		Name: "GovCERT example", Namespace: "https://govcert.example", Category: "coordinator",
		Contact: "cert@govcert.example", Authority: "It warns the departments of the example government.",
	}
}

// rich has something in every field. Two of its texts are missing in simplified
// Chinese.
func rich() *advisories.Publication {
	return &advisories.Publication{
		Publisher: govcert(),
		Audience:  tlp.Audience{Markings: []tlp.Marking{tlp.Clear}},
		Tracking: advisories.Tracking{
			ID: "A26-11-04", Initial: at("2026-11-04T02:00:00Z"), Current: at("2026-11-06T08:30:00Z"), State: advisories.Revised, Interim: true,
			Aliases: []string{"EX-2026-0117"}, URL: "https://hub.example/advisories/A26-11-04",
			Revisions: []advisories.Revision{
				{Number: 1, Date: at("2026-11-04T02:00:00Z"), Summary: texts("First publication.", "首次發佈。", "首次发布。")},
				{Number: 2, Date: at("2026-11-06T08:30:00Z"), Legacy: "2.0", Summary: texts("Attacks are known; the update for 3.x is out.", "已知有攻擊；3.x 的更新已推出。", "")},
			},
		},
		Advisory: richAdvisory(),
	}
}

func richAdvisory() advisories.Advisory {
	return advisories.Advisory{
		Class: advisories.HighThreat, Risk: advisories.RiskExtreme, TLP: tlp.Clear,
		Organisations: []string{"secret-organisation"}, People: []string{"secret@person.example"},
		Title: texts("Two vulnerabilities in Example Gateway are being attacked", "Example Gateway 兩個漏洞正遭攻擊", "Example Gateway 两个漏洞正遭攻击"),
		Description: texts(
			"Example Systems has published updates for Example Gateway, which lets staff work from home (VPN).\n\nAttackers who reach its web page can:\n- run commands without a password\n- read the passwords of everybody who signs in\n  on the same day\n\nThe maker's account is at https://vendor.example/psirt/2026-07 (in English).",
			"Example Systems 為 Example Gateway 推出了更新。這項產品讓員工在家中連接公司網絡（VPN）。\n\n攻擊者只要連得上它的網頁，便可以：\n- 毋須密碼而執行指令\n- 讀取當日所有登入者的密碼\n\n廠商的說明見 https://vendor.example/psirt/2026-07（英文）。",
			"Example Systems 为 Example Gateway 发布了更新。该产品供员工在家连接公司网络（VPN）。\n\n攻击者只要能访问其网页，即可：\n- 无需密码执行命令\n- 读取当天所有登录者的密码\n\n厂商说明见 https://vendor.example/psirt/2026-07（英文）。"),
		Affected:       texts("Gateways that can be reached from the internet.", "可由互聯網連接的閘道。", "可从互联网访问的网关。"),
		Impact:         texts("Control of the gateway and a way into the office network.", "閘道遭控制，攻擊者可由此進入辦公室網絡。", ""),
		Recommendation: texts("Update today. If that cannot be done, switch the web page off.\n\nThen change all passwords.", "請今天就更新。如未能更新，請關閉網頁。\n\n然後更改所有密碼。", "请今天就更新。如无法更新，请关闭网页。\n\n然后更改所有密码。"),
		References: []advisories.Reference{
			{URL: "https://vendor.example/psirt/2026-07", Summary: texts("Bulletin of Example Systems", "Example Systems 的公告", "Example Systems 的公告")},
			{URL: "https://hub.example/advisories/A26-11-04", Self: true},
		},
		Tags: []string{"vpn", "remote-code-execution"}, Sectors: []string{"healthcare", "government-local"},
		Products: []advisories.Product{
			{ID: "gw4", Vendor: "Example", Name: "Example Gateway", Versions: "vers:generic/>=4.0.0|<4.2.1", CPE: "cpe:2.3:h:example:gateway:*:*:*:*:*:*:*:*", PURL: "pkg:generic/example/gateway"},
			{ID: "gw3", Vendor: "Example", Name: "Gateway", Versions: "vers:generic/>3.5|!=3.6.1|<=3.9"},
			{ID: "gw-fixed", Vendor: "Example", Name: "Gateway", Versions: "4.2.1"},
			{ID: "client", Name: "Gateway Client for Linux", PURL: "pkg:deb/debian/gateway-client@1.0"},
			{ID: "both", Name: "Gateway Client on Example Linux", On: &advisories.Relation{Kind: "installed_on", Product: "client", To: "gw3"}},
		},
		Vulnerabilities: []advisories.Vulnerability{
			{
				CVE: "CVE-2026-10001", IDs: []advisories.Ident{{System: "Example PSIRT", ID: "EX-7"}},
				Title: texts("Commands without a password", "毋須密碼執行指令", "无需密码执行命令"),
				About: texts("The page passes a file name to the shell.", "網頁把檔案名稱直接交給系統執行。", "网页把文件名直接交给系统执行。"),
				CWE:   []string{"CWE-78"},
				Products: map[advisories.Status][]string{
					advisories.Affected: {"gw4", "gw3"}, advisories.Fixed: {"gw-fixed"}, advisories.NotAffected: {"client"}, advisories.UnderInvestigation: {"both"},
				},
				CVSS: []advisories.Score{
					{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
					{Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Products: []string{"gw4"}},
				},
				Exploited:  &advisories.Exploitation{Known: true, Since: at("2026-11-05"), Due: at("2026-11-26"), Ransomware: true, Source: "CISA KEV"},
				EPSS:       &advisories.EPSS{Score: 0.942, Percentile: 0.9991, Date: at("2026-11-06")},
				Flags:      []advisories.Flag{{Label: "component_not_present", Date: at("2026-11-04"), Products: []string{"client"}}},
				Threats:    []advisories.Threat{{Kind: "target_set", Date: at("2026-11-05"), Products: []string{"gw4"}, Details: texts("Hospitals, above all.", "主要是醫院。", "主要是医院。")}},
				Discovered: at("2026-09-30"), Released: at("2026-11-03"),
				References:       []advisories.Reference{{URL: "https://www.cve.org/CVERecord?id=CVE-2026-10001", Summary: texts("Record of the CVE list", "CVE 記錄", "CVE 记录")}},
				Acknowledgements: []advisories.Acknowledgement{{Names: []string{"Chan Tai Man"}}},
			},
			{CVE: "CVE-2026-10002", CVSS: []advisories.Score{{Vector: "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:N/A:N"}}, Exploited: &advisories.Exploitation{}},
		},
		Remedies: []advisories.Remedy{
			{Kind: "vendor_fix", Details: texts("Update to 4.2.1, or ask the maker for the update of 3.x.", "更新至 4.2.1；3.x 的更新請向廠商索取。", "更新到 4.2.1；3.x 的更新请向厂商索取。"), Date: at("2026-11-03"), URL: "https://vendor.example/download", Products: []string{"gw4", "gw3"}, Restart: "service"},
			{Kind: "workaround", Details: texts("Switch the web page off:\n- open the console\n- type: web disable", "關閉網頁：\n- 開啟主控台\n- 輸入 web disable", "关闭网页：\n- 打开控制台\n- 输入 web disable"), Date: at("2026-11-04"), Vulnerabilities: []string{"CVE-2026-10001"}},
		},
		Indicators: []advisories.Indicator{
			{Pattern: "[domain-name:value = 'update.evil.example']", Name: texts("Server of the attackers", "攻擊者的伺服器", "攻击者的服务器"), Types: []string{"malicious-activity"}, From: at("2026-11-01"), Until: at("2027-05-01")},
			{Pattern: "[url:value = 'http://evil.example/a.sh' OR ipv4-addr:value = '192.0.2.7']"},
			{Pattern: "[file:hashes.'SHA-256' = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']"},
			{Pattern: "[network-traffic:dst_port = 8443 AND network-traffic:dst_ref.value = '192.0.2.8']"},
		},
		Techniques:       []string{"T1190", "T1059.004"},
		Acknowledgements: []advisories.Acknowledgement{{Names: []string{"Lee Siu Ming"}, Organisation: "Example University", Summary: texts("for the report", "通報漏洞", "通报漏洞"), URLs: []string{"https://university.example/"}}},
		Embargo:          at("2026-11-04T01:23:45Z"), Supersedes: []string{"A26-10-02"},
	}
}

// withdrawn has only what an advisory must have, in one language.
func withdrawn() *advisories.Publication {
	p := &advisories.Publication{Publisher: govcert(), Audience: tlp.Audience{Markings: []tlp.Marking{tlp.Amber}, Organisations: []string{"organisation--1"}}}
	p.Publisher.Contact, p.Publisher.Authority = "", ""
	p.Tracking = advisories.Tracking{
		ID: "A26-11-A02", Initial: at("2026-11-10T01:00:00Z"), Current: at("2026-11-11T01:00:00Z"), State: advisories.Withdrawn,
		Revisions: []advisories.Revision{
			{Number: 1, Date: at("2026-11-10T01:00:00Z"), Summary: texts("First publication.", "首次發佈。", "首次发布。")},
			{Number: 2, Date: at("2026-11-11T01:00:00Z"), Summary: texts("The report was wrong.", "通報有誤。", "通报有误。")},
		},
	}
	p.Advisory = advisories.Advisory{
		Class: advisories.Alert, Risk: advisories.RiskMedium, TLP: tlp.Amber,
		Title: texts("Fault in Example Printer", "", ""), Description: texts("A page can be printed by anybody.", "", ""),
	}
	return p
}

// superseded is one whose successor may be read.
func superseded() *advisories.Publication {
	p := rich()
	p.Tracking.ID, p.Tracking.State, p.Tracking.SupersededBy, p.Tracking.Interim = "A26-11-05", advisories.Superseded, "A26-12-01", false
	p.Tracking.URL = "https://hub.example/advisories/A26-11-05"
	return p
}

func options(lang i18n.Lang) formats.Options {
	o := formats.Options{Lang: lang, Zone: hongKong(), Home: "/advisories"}
	for _, l := range i18n.Langs() {
		o.Links = append(o.Links, formats.Link{Lang: l, Format: formats.FormatHTML, URL: "/advisories/A26-11-04?lang=" + string(l)})
	}
	return withFormats(o)
}

func withFormats(o formats.Options) formats.Options {
	o.Links = append(o.Links,
		formats.Link{Lang: o.Lang, Format: formats.FormatText, URL: "/advisories/A26-11-04.txt"},
		formats.Link{Lang: o.Lang, Format: formats.FormatMarkdown, URL: "/advisories/A26-11-04.md"},
		formats.Link{Format: formats.FormatCSAF, URL: "/csaf/2026/a26-11-04.json"})
	return o
}
