package formats_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/mmcdole/gofeed"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// attacks are what an imported document may hold to harm its readers.
func attacks() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'"--></style></script><iframe src=//evil.example>`, `]]></title><x>`,
		`javascript:alert(1)`, `https://bank.example@evil.example/`, `https://evil.example/"onclick="x`, "//evil.example/x", "data:text/html,x",
		"\x1b]0;owned\x07\x1b[2J\x1b[31mred", "\u202egnp.exe\u202c", "a\u2066b\u2069c\u200e\u200f\u061c", "title\r\nBcc: eve@evil.example\r\n\r\nbody",
		"line one\n- item\n\n\n\x00\x08", "\u2028\u2029\ufeff\u200b\u00ad", "broken \xff\xfe utf-8", "\x9b31m \ufffe \uffff", "\U000e0041\U000e0001",
		"=HYPERLINK(\"http://evil.example\")", "@SUM(1)", "+1", "-1+cmd|' /C calc'!A0", "＝1+1", "\t=1", " =1", "%0a=1", "{{.CSP}} {id} {langs}",
		"[click](javascript:alert(1)) ![x](http://evil.example/x) `code` | cell | **bold** # head", "```\nfence", "&lt;script&gt; &#0; &amp;",
		"vers:generic/>=<script>|<%00", "[domain-name:value = '<script>']", "CVSS:3.1/<script>", "cpe:2.3:a:<b>:c:d",
	}
}

// fill puts one text into every string and every text of a publication.
func fill(s string) *advisories.Publication {
	p := rich()
	p.Tracking.SupersededBy = s
	walk(p, func(_ string, t advisories.Texts) {
		for _, lang := range i18n.Langs() {
			t[lang] = s
		}
	}, func(path, old string) string {
		if strings.HasPrefix(path, ".Audience") || path == ".Advisory.TLP" {
			return old
		}
		return s
	})
	return p
}

// unsafe finds characters that act on a terminal, break a file or turn text
// around.
func unsafe(s string) string {
	for _, r := range s {
		switch {
		case r == '\n':
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\ufeff', r == '\u200b', r == '\u00ad',
			r == '\ufffd', r == '\ufffe', r == '\uffff', r >= 0xe0000 && r <= 0xe0fff:
			return string(r)
		}
	}
	return ""
}

func TestHostileTextActsNowhere(t *testing.T) {
	states := []advisories.State{advisories.Published, advisories.Withdrawn, advisories.Superseded}
	for i, attack := range append(attacks(), strings.Join(attacks(), " "), strings.Join(attacks(), "\n\n")) {
		for j, lang := range i18n.Langs() {
			if i < len(attacks()) && j != i%3 {
				continue // each in one language, all together in each
			}
			o, p := options(lang), fill(attack)
			p.Tracking.State = states[(i+j)%len(states)]
			o.Successor, o.Home = attack, attack
			o.Links = append(o.Links, formats.Link{Lang: lang, Format: formats.Format(attack), URL: attack})
			checkHostile(t, attack, p, o)
		}
	}
}

func checkHostile(t *testing.T, attack string, p *advisories.Publication, o formats.Options) {
	t.Helper()
	subject, mail := formats.Mail(p, o, attack)
	list := []advisories.Publication{*p, *rich()}
	digestSubject, digest := formats.Digest(list, o, formats.DigestInfo{Home: attack, Manage: attack, Product: attack, Sector: attack, Link: func(*advisories.Publication) string { return attack }})
	outs := map[string]string{
		"html": page(t, p, o), "text": string(formats.Text(p, o)), "markdown": string(formats.Markdown(p, o)), "mail": mail, "digest": digest,
		"subject": subject, "digest's subject": digestSubject, "title": formats.Title(p, o.Lang),
	}
	for form, out := range outs {
		if bad := unsafe(out); bad != "" {
			t.Errorf("%s: %.40q left %+q", form, attack, bad)
		}
	}
	for _, one := range []string{subject, digestSubject, outs["title"]} {
		if strings.ContainsAny(one, "\r\n") || len(one) > 1100 {
			t.Errorf("%.40q: a line is %q", attack, one)
		}
	}
	checkInert(t, parse(t, outs["html"]))
	for _, link := range regexp.MustCompile(`\]\(<?([^)]*)|<(?:!--|([a-zA-Z/][^>]*))`).FindAllString(withoutCode(outs["markdown"]), -1) {
		if !strings.HasPrefix(link, "](<http") && !strings.HasPrefix(link, "](</advisories/") && !strings.HasPrefix(link, "<http") && !strings.HasPrefix(link, "<!--") && link != "<br" {
			t.Errorf("%.40q: Markdown has %q", attack, link)
		}
	}
	for _, kind := range formats.FeedKinds() {
		checkHostileFeed(t, kind, attack, list, o.Lang)
	}
	checkHostileTables(t, attack, list)
}

// withoutCode takes the code and what is escaped out of Markdown. Code is what stands between two rows of as
// many backticks, of which no backslash escapes the first (CommonMark, 6.1).
func withoutCode(md string) string {
	var out strings.Builder
	for _, para := range strings.Split(md, "\n") {
		for para != "" {
			i := strings.IndexAny(para, "\\`")
			if i < 0 {
				break
			}
			out.WriteString(para[:i])
			if para = para[i:]; para[0] == '\\' {
				para = para[min(2, len(para)):]
				continue
			}
			row := para[:len(para)-len(strings.TrimLeft(para, "`"))]
			para = para[len(row):]
			for rest := para; ; {
				end := strings.Index(rest, row)
				if end < 0 {
					out.WriteString(row)
					break
				}
				rest = rest[end:]
				run := len(rest) - len(strings.TrimLeft(rest, "`"))
				rest = rest[run:]
				if run == len(row) {
					para = rest
					break
				}
			}
		}
		out.WriteString(para + "\n")
	}
	return out.String()
}

func checkHostileFeed(t *testing.T, kind formats.FeedKind, attack string, list []advisories.Publication, lang i18n.Lang) {
	t.Helper()
	info := formats.FeedInfo{Lang: lang, Self: attack, Home: attack, Sector: attack, Product: attack, Publisher: advisories.Publisher{Name: attack, Namespace: attack}}
	data := feed(t, kind, list, info)
	parsed, err := gofeed.NewParser().Parse(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s of %.40q: %v", kind, attack, err)
	}
	if bad := unsafe(string(data)); bad != "" {
		t.Errorf("%s: %.40q left %+q", kind, attack, bad)
	}
	for _, item := range parsed.Items {
		checkInert(t, parse(t, item.Content))
		if item.GUID == "" || strings.ContainsAny(item.GUID, " <>\"\r\n") {
			t.Errorf("%s: %.40q has the id %q", kind, attack, item.GUID)
		}
		if item.Link != "" && !strings.HasPrefix(item.Link, "http") {
			t.Errorf("%s: %.40q links to %q", kind, attack, item.Link)
		}
	}
}

func checkHostileTables(t *testing.T, attack string, list []advisories.Publication) {
	t.Helper()
	data, err := formats.CatalogueCSV(list)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%.40q: %d rows, %v", attack, len(rows), err)
	}
	for _, row := range rows {
		for i, c := range row {
			if bad := unsafe(c); bad != "" {
				t.Errorf("%s of %.40q left %+q", rows[0][i], attack, bad)
			}
			if c != "" && strings.ContainsAny(c[:1], "=+-@\t\r|%") || strings.HasPrefix(c, "＝") {
				t.Errorf("%s of %.40q is a formula: %q", rows[0][i], attack, c)
			}
		}
	}
	if data, err = formats.CatalogueJSON(list); err != nil || !json.Valid(data) || bytes.Contains(data, []byte("<script")) {
		t.Errorf("%.40q: the catalogue is %v: %.300s", attack, err, data)
	}
	if data, err = json.Marshal(formats.NewEvent(&list[0])); err != nil || unsafe(string(data)) != "" {
		t.Errorf("%.40q: the event is %s, %v", attack, data, err)
	}
}

// TestHugeIsBounded: what was imported with fields of megabytes and lists without
// end is cut, and each form says so.
func TestHugeIsBounded(t *testing.T) {
	p := fill(strings.Repeat("水<", 1<<19))
	a := &p.Advisory
	for range 5000 {
		a.Products = append(a.Products, advisories.Product{ID: "x", Name: "y"})
		a.References = append(a.References, advisories.Reference{URL: "https://example.org/"})
		a.Remedies = append(a.Remedies, advisories.Remedy{Kind: "none_available"})
		a.Tags, a.Techniques = append(a.Tags, "t"), append(a.Techniques, "T1")
		a.Vulnerabilities = append(a.Vulnerabilities, advisories.Vulnerability{CVE: "CVE-2026-1"})
		a.Indicators = append(a.Indicators, advisories.Indicator{Pattern: "[domain-name:value = 'x']"})
		p.Tracking.Revisions = append(p.Tracking.Revisions, advisories.Revision{Number: 3})
	}
	o := options(i18n.English)
	subject, mail := formats.Mail(p, o, "")
	if len(subject) > 300 {
		t.Errorf("a subject of %d bytes", len(subject))
	}
	for form, out := range map[string]string{"html": page(t, p, o), "text": string(formats.Text(p, o)), "markdown": string(formats.Markdown(p, o)), "mail": mail} {
		if len(out) > 8<<20 {
			t.Errorf("%s has %d bytes", form, len(out))
		}
		if !strings.Contains(out, "The text is cut here") || !regexp.MustCompile(`and \d+ more`).MatchString(out) {
			t.Errorf("%s does not say that it is cut", form)
		}
	}
}

// TestEmptyIsShown: nothing at all still makes every form.
func TestEmptyIsShown(t *testing.T) {
	p := &advisories.Publication{}
	for _, lang := range append(i18n.Langs(), "", "fr") {
		o := formats.Options{Lang: lang}
		checkInert(t, parse(t, page(t, p, o)))
		if out := string(formats.Text(p, o)); !strings.HasPrefix(out, "TLP:RED\n") || !strings.HasSuffix(out, "\nTLP:RED\n") {
			t.Errorf("%q: an advisory without a label is not TLP:RED: %s", lang, out)
		}
		subject, body := formats.Mail(p, o, "")
		both, list := formats.Digest([]advisories.Publication{*p}, o, formats.DigestInfo{})
		for form, out := range map[string]string{"mail": subject + "\n" + body, "digest": both + "\n" + list, "markdown": string(formats.Markdown(p, o))} {
			if bad := regexp.MustCompile(`\(\)|（）|[:：]\n\s*\n|\* $|  \n`).FindString(out); bad != "" {
				t.Errorf("%q: the %s has %q: %s", lang, form, bad, out)
			}
		}
		for _, kind := range formats.FeedKinds() {
			feed(t, kind, nil, formats.FeedInfo{Lang: lang})
			feed(t, kind, []advisories.Publication{*p}, formats.FeedInfo{Lang: lang})
		}
		if subject, body := formats.Digest(nil, o, formats.DigestInfo{}); subject == "" || body == "" {
			t.Errorf("%q: an empty digest is %q, %q", lang, subject, body)
		}
	}
}

// TestSameBytes: forms depend on the publication alone, and change nothing in it.
func TestSameBytes(t *testing.T) {
	p, list := rich(), three()
	first := forms(t, p, i18n.Traditional)
	csv1, err := formats.CatalogueCSV(list)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again := forms(t, p, i18n.Traditional); !reflect.DeepEqual(first, again) {
			t.Fatal("a form differs from the last")
		}
		csv2, err := formats.CatalogueCSV([]advisories.Publication{list[2], list[1], list[0]})
		if err != nil || !bytes.Equal(csv1, csv2) {
			t.Fatalf("the catalogue differs from the last (%v)", err)
		}
	}
	if !reflect.DeepEqual(p, rich()) || !reflect.DeepEqual(list, three()) {
		t.Error("a form changed what it was made of")
	}
}

// TestCatalogueIsClear: nothing but what a stranger may read and is TLP:CLEAR goes
// into open data, whoever calls.
func TestCatalogueIsClear(t *testing.T) {
	for _, label := range append(tlp.Labels(), tlp.Unknown, tlp.Statement, "", "CLEAR") {
		for _, audience := range append(tlp.Labels(), tlp.Unknown, "") {
			p := rich()
			p.Advisory.TLP, p.Audience = label, tlp.Audience{Markings: []tlp.Marking{audience}}
			if audience == "" {
				p.Audience = tlp.Audience{}
			}
			list := []advisories.Publication{*p}
			table, err := formats.CatalogueCSV(list)
			if err != nil {
				t.Fatal(err)
			}
			object, err := formats.CatalogueJSON(list)
			if err != nil {
				t.Fatal(err)
			}
			want := label == tlp.Clear && audience == tlp.Clear
			if got := bytes.Contains(table, []byte("A26-11-04")); got != want {
				t.Errorf("%q for %q in the CSV: %v", label, audience, got)
			}
			if got := bytes.Contains(object, []byte("A26-11-04")); got != want {
				t.Errorf("%q for %q in the JSON: %v", label, audience, got)
			}
		}
	}
}
