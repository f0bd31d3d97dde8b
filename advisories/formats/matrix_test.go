package formats_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/formats"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// forms are all forms that hold a whole publication, as the text that a reader
// sees in them.
func forms(t *testing.T, p *advisories.Publication, lang i18n.Lang) map[string]string {
	t.Helper()
	o := options(lang)
	all := map[string]string{
		"html":     seen(t, page(t, p, o)),
		"text":     string(formats.Text(p, o)),
		"markdown": string(formats.Markdown(p, o)),
	}
	_, all["mail"] = formats.Mail(p, o, "")
	for _, kind := range formats.FeedKinds() {
		data := feed(t, kind, []advisories.Publication{*p}, feedInfo(lang))
		parsed, err := gofeed.NewParser().Parse(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		all[string(kind)] = parsed.Items[0].Title + "\n" + seen(t, parsed.Items[0].Content)
	}
	return all
}

func seen(t *testing.T, page string) string {
	t.Helper()
	doc := parse(t, page)
	var b strings.Builder
	b.WriteString(textOf(doc))
	for _, a := range find(doc, "a") {
		b.WriteString(" " + attr(a, "href"))
	}
	return b.String()
}

// short are the languages in a marker.
func short(lang i18n.Lang) string {
	return strings.ReplaceAll(string(lang), "-", "")
}

// marked has another word in each text and language: "mark017zhHant".
func marked() (p *advisories.Publication, paths []string) {
	p = rich()
	walk(p, func(path string, t advisories.Texts) {
		for _, lang := range i18n.Langs() {
			t[lang] = fmt.Sprintf("mark%03d%s", len(paths), short(lang))
		}
		paths = append(paths, path)
	}, nil)
	return p, paths
}

// without is marked with one text missing in one language.
func without(n int, lang i18n.Lang) *advisories.Publication {
	p, _ := marked()
	i := 0
	walk(p, func(_ string, t advisories.Texts) {
		if i == n {
			delete(t, lang)
		}
		i++
	}, nil)
	return p
}

// said is how each language says that a text is missing.
func said(lang i18n.Lang) *regexp.Regexp {
	switch lang {
	case i18n.Traditional:
		return regexp.MustCompile(`暫時\s*沒有\s*繁體中文版`)
	case i18n.Simplified:
		return regexp.MustCompile(`暂无\s*简体中文版`)
	}
	return regexp.MustCompile(`not\s+available\s+in\s+English\s+yet`)
}

// TestEveryTextIsInEveryForm holds that each text of a publication is in each
// form in the reader's language and no other, or is said to be missing.
func TestEveryTextIsInEveryForm(t *testing.T) {
	whole, paths := marked()
	if len(paths) < 16 {
		t.Fatalf("only %d texts: %v", len(paths), paths)
	}
	all := strings.Join(paths, " ")
	for _, want := range []string{
		".Title", ".Description", ".Affected", ".Impact", ".Recommendation", ".References[0].Summary", ".Vulnerabilities[0].Title", ".Vulnerabilities[0].About",
		".Threats[0].Details", ".Vulnerabilities[0].References[0].Summary", ".Remedies[0].Details", ".Indicators[0].Name", ".Acknowledgements[0].Summary", ".Revisions[0].Summary",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the publication has no %s", want)
		}
	}
	for _, lang := range i18n.Langs() {
		for form, out := range forms(t, whole, lang) {
			if said(lang).MatchString(out) {
				t.Errorf("%s %s says that a text is missing", lang, form)
			}
			for i, path := range paths {
				if !strings.Contains(out, fmt.Sprintf("mark%03d%s", i, short(lang))) {
					t.Errorf("%s %s has no %s", lang, form, path)
				}
			}
			foreign(t, lang, form, out)
		}
		for i, path := range paths {
			for form, out := range forms(t, without(i, lang), lang) {
				// At the top, and in its place.
				if len(said(lang).FindAllString(out, 2)) < 2 {
					t.Errorf("%s %s does not say that %s is missing", lang, form, path)
				}
				for _, other := range i18n.Langs() {
					name := map[i18n.Lang]string{i18n.English: "English", i18n.Traditional: "繁體中文", i18n.Simplified: "简体中文"}[other]
					if !strings.Contains(strings.Join(strings.Fields(out), ""), name) {
						t.Errorf("%s %s: %s: not said that it is in %s", lang, form, path, other)
					}
				}
				foreign(t, lang, form, out)
			}
		}
	}
}

// foreign finds texts of other languages.
func foreign(t *testing.T, lang i18n.Lang, form, out string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`mark\d{3}([A-Za-z]+)`).FindAllStringSubmatch(out, -1) {
		if m[1] != short(lang) {
			t.Fatalf("%s %s has %s", lang, form, m[0])
		}
	}
}

// elsewhere are fields that readers see in words of their own, or not at all.
var elsewhere = regexp.MustCompile(`\.(Class|Risk|TLP|Kind|State|Category|Label|Restart|Versions|Pattern)$|\.(Types|Sectors|Organisations|People|Markings)\[|` +
	`\.(Products|Vulnerabilities)\[[^.]*$|\.Products\[\d+\]\.ID$|\.On\.|\.Products\[[a-z_]+\]|^\.Audience|\.Tracking\.Initial|\.Embargo`)

// TestEveryValueIsInEveryForm does the same for what has no language.
func TestEveryValueIsInEveryForm(t *testing.T) {
	bare := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\\", "")), "") }
	for _, lang := range i18n.Langs() {
		for form, out := range forms(t, rich(), lang) {
			out = strings.ReplaceAll(bare(out), "@<!---->", "@")
			values := 0
			walk(rich(), nil, func(path, s string) string {
				if s == "" || elsewhere.MatchString(path) || path == ".Tracking.URL" && strings.HasPrefix(form, "x") {
					return s
				}
				if path == ".Advisory.Products[0].Vendor" || path == ".Advisory.Products[1].Vendor" || path == ".Advisory.Products[2].Vendor" {
					return s // with the name
				}
				values++
				if !strings.Contains(out, bare(s)) {
					t.Errorf("%s %s has no %s (%s)", lang, form, path, s)
				}
				return s
			})
			if values < 35 {
				t.Errorf("only %d values were looked for", values)
			}
			for _, secret := range []string{"secret", "01:23:45", "09:23"} {
				if strings.Contains(out, secret) {
					t.Errorf("%s %s shows whom it is for, or its embargo: %s", lang, form, secret)
				}
			}
		}
	}
}

// TestEveryWordIsKnown: nothing of an advisory is shown by the key of its text,
// nor any placeholder.
func TestEveryWordIsKnown(t *testing.T) {
	p := rich()
	for _, s := range advisories.Statuses() {
		p.Advisory.Vulnerabilities[0].Products[s] = []string{"gw4"}
	}
	for _, kind := range []string{"vendor_fix", "mitigation", "workaround", "no_fix_planned", "none_available"} {
		for _, restart := range []string{"connected", "dependencies", "machine", "none", "parent", "service", "system", "vulnerable_component", "zone"} {
			p.Advisory.Remedies = append(p.Advisory.Remedies, advisories.Remedy{Kind: kind, Restart: restart})
		}
	}
	for _, label := range []string{
		"component_not_present", "inline_mitigations_already_exist", "vulnerable_code_cannot_be_controlled_by_adversary", "vulnerable_code_not_in_execute_path",
		"vulnerable_code_not_present",
	} {
		p.Advisory.Vulnerabilities[0].Flags = append(p.Advisory.Vulnerabilities[0].Flags, advisories.Flag{Label: label})
	}
	for _, kind := range []string{"default_component_of", "external_component_of", "installed_on", "installed_with", "optional_component_of"} {
		p.Advisory.Products = append(p.Advisory.Products, advisories.Product{ID: kind, Name: "X", On: &advisories.Relation{Kind: kind, Product: "gw3", To: "gw4"}})
	}
	p.Advisory.Indicators[0].Types = []string{"anomalous-activity", "anonymization", "benign", "compromised", "malicious-activity", "attribution", "unknown"}
	for _, lang := range i18n.Langs() {
		for form, out := range forms(t, p, lang) {
			if form == "json" || form == "rss" || form == "atom" {
				continue // the same as html
			}
			// One text here has a machine's word: the path of a pattern.
			out = strings.ReplaceAll(strings.ReplaceAll(out, "dst_port", ""), "dst_ref", "")
			if m := regexp.MustCompile(`advisory\.[a-z]|\{[a-z]+\}|[a-z]+_[a-z]+|\b(malicious|anomalous)-activity`).FindString(strings.ReplaceAll(out, `\`, "")); m != "" {
				t.Errorf("%s %s shows %s", lang, form, m)
			}
		}
	}
}

func TestEventHasWhatIsNeeded(t *testing.T) {
	var got map[string]any
	data, err := json.Marshal(formats.NewEvent(withdrawn()))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"type": "advisory.withdrawn", "id": "A26-11-A02", "revision": 2.0, "tlp": "TLP:AMBER", "exploited": false} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	for _, key := range []string{"cves", "products", "sectors", "tags"} {
		if _, ok := got[key].([]any); !ok {
			t.Errorf("%s is %v, want an array", key, got[key])
		}
	}
}
