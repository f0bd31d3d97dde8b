package advisories_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/hub/tlp"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

func TestFilters(t *testing.T) {
	d := openDesk(t, chaos(5))
	ctx := t.Context()
	one := advisory("Example Server runs foreign programs", tlp.Clear)
	one.Title[i18n.Traditional] = "示例伺服器可被遙距執行程式碼"
	one.Title[i18n.Simplified] = "示例服务器可被远程执行代码"
	one.Sectors = []string{"healthcare"}
	one.Products = []advisories.Product{{ID: "p", Vendor: "Example Ltd", Name: "Server"}}
	one.Vulnerabilities = []advisories.Vulnerability{{CVE: "CVE-2026-12345", CWE: []string{"CWE-79"}, CVSS: []advisories.Score{{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}}}
	one.Remedies = []advisories.Remedy{{Kind: "vendor_fix", Details: texts("Install 6.4.2.")}}
	first := d.published(t, one)
	d.clock.pass(time.Hour)
	middle := d.clock.Now()
	d.clock.pass(time.Minute)
	two := advisory("Phishing letters", tlp.Green)
	two.Class, two.Tags = advisories.HighThreat, []string{"phishing", "mail"}
	delete(two.Title, i18n.Simplified)
	second := d.published(t, two)
	both := first.ID + " " + second.ID
	for _, tt := range []struct {
		name   string
		filter advisories.Filter
		want   string
	}{
		{"all", advisories.Filter{}, both},
		{"words", advisories.Filter{Text: "  FOREIGN\nprograms "}, first.ID},
		{"a part of a word", advisories.Filter{Text: "hishin"}, second.ID},
		{"two letters", advisories.Filter{Text: "ph"}, second.ID},
		{"Traditional Chinese", advisories.Filter{Text: "遙距執行"}, first.ID},
		{"Simplified Chinese", advisories.Filter{Text: "远程"}, first.ID},
		{"one character", advisories.Filter{Text: "遙"}, first.ID},
		{"Chinese that is not there", advisories.Filter{Text: "遙程"}, ""},
		{"a tracking id", advisories.Filter{Text: strings.ToLower(second.ID)}, second.ID},
		{"a CVE in a text", advisories.Filter{Text: "2026-12345"}, first.ID},
		{"CVE", advisories.Filter{CVE: "cve-2026-12345"}, first.ID},
		{"part of a CVE", advisories.Filter{CVE: "CVE-2026-1234"}, ""},
		{"tag", advisories.Filter{Tag: "mail"}, second.ID},
		{"sector", advisories.Filter{Sector: "healthcare"}, both},
		{"another sector", advisories.Filter{Sector: "energy"}, second.ID},
		{"product", advisories.Filter{Product: "example ltd server"}, first.ID},
		{"vendor", advisories.Filter{Product: "EXAMPLE"}, first.ID},
		{"no product", advisories.Filter{Product: "letters"}, ""},
		{"risk", advisories.Filter{Risk: advisories.RiskHigh}, both},
		{"other risk", advisories.Filter{Risk: advisories.RiskLow}, ""},
		{"class", advisories.Filter{Class: advisories.HighThreat}, second.ID},
		{"label", advisories.Filter{TLP: tlp.Clear}, first.ID},
		{"state", advisories.Filter{State: advisories.Published}, both},
		{"other state", advisories.Filter{State: advisories.Withdrawn}, ""},
		{"since", advisories.Filter{Since: middle}, second.ID},
		{"until", advisories.Filter{Until: middle}, first.ID},
		{"nothing between", advisories.Filter{Since: middle, Until: middle}, ""},
		{"language", advisories.Filter{Lang: i18n.Simplified}, first.ID},
		{"together", advisories.Filter{Text: "server", Risk: advisories.RiskHigh, Tag: "example", TLP: tlp.Clear}, first.ID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page, err := d.List(ctx, member("alpha", "al"), tt.filter)
			must(t, err)
			if got := strings.Join(ids(page.Items), " "); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
	for _, bad := range []advisories.Filter{{Limit: -1}, {Limit: 501}, {Text: strings.Repeat("a", 201)}, {Lang: "de"}, {TLP: "x"}, {State: "x"}, {Cursor: "x"}} {
		_, err := d.List(ctx, stranger(), bad)
		wantCode(t, err, advisories.Invalid)
	}
}

// ids are the tracking ids of a list, oldest first.
func ids(list []advisories.Publication) []string {
	var ids []string
	for _, p := range list {
		ids = append(ids, p.Tracking.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestPages(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	var want []string
	for i := range 23 {
		label := tlp.Clear
		if i%3 == 0 {
			label = tlp.Green
		}
		rec := d.published(t, advisory(fmt.Sprintf("Number %d", i), label))
		if label == tlp.Clear {
			want = append([]string{rec.ID}, want...)
		}
		d.clock.pass(time.Second)
	}
	var got []string
	pages := 0
	f := advisories.Filter{Text: "number", Limit: 4}
	for {
		page, err := d.List(ctx, stranger(), f)
		must(t, err)
		pages++
		for _, p := range page.Items {
			got = append(got, p.Tracking.ID)
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
		if pages == 1 {
			_, err := d.List(ctx, stranger(), advisories.Filter{Text: "other", Cursor: f.Cursor})
			wantCode(t, err, advisories.Invalid) // of another filter
			d.restarted(t)                       // a cursor outlives the process
		}
	}
	if !slices.Equal(got, want) || pages != 4 {
		t.Errorf("%d pages with %v, want %v", pages, got, want)
	}
}

func TestRecordsByWork(t *testing.T) {
	d := openDesk(t, nil)
	ctx := t.Context()
	done := d.published(t, advisory("Done", tlp.Clear))
	draft, err := d.Create(ctx, analyst("ann"), advisory("Draft words", tlp.Clear))
	must(t, err)
	next := done.Text()
	next.Title = texts("Done again")
	d.clock.pass(time.Minute)
	_, err = d.Edit(ctx, analyst("cat"), done.ID, done.Version, next)
	must(t, err)
	for _, tt := range []struct {
		filter advisories.Filter
		want   string
	}{
		{advisories.Filter{}, done.UUID + " " + draft.UUID},
		{advisories.Filter{State: advisories.Draft}, done.UUID + " " + draft.UUID},
		{advisories.Filter{State: advisories.Published}, done.UUID},
		{advisories.Filter{Text: "draft words"}, draft.UUID},
		{advisories.Filter{Text: "done again"}, done.UUID},
		{advisories.Filter{State: advisories.Approved}, ""},
	} {
		page, err := d.Records(ctx, analyst("ben"), tt.filter)
		must(t, err)
		var got []string
		for _, rec := range page.Items {
			got = append(got, rec.UUID)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%+v finds %v, want %s", tt.filter, got, tt.want)
		}
	}
}

// fill publishes n advisories of a usual length by way of the library, whose lists
// are made as those of our own are.
func (d *desk) fill(t testing.TB, n int) {
	t.Helper()
	labels := []tlp.Marking{tlp.Clear, tlp.Green, tlp.Amber}
	var batch []advisories.Import
	for i := range n {
		a := advisory(fmt.Sprintf("Fault %d in Example Server", i), labels[i%3])
		for lang, text := range map[i18n.Lang]string{i18n.English: "Somebody can run programs of their own on it. ", i18n.Traditional: "攻擊者可遙距執行程式碼，請盡快更新系統。", i18n.Simplified: "攻击者可远程执行代码，请尽快更新系统。"} {
			a.Description[lang] = strings.Repeat(text, 15) + fmt.Sprintf("%s-%05d", lang, i)
		}
		a.Vulnerabilities = []advisories.Vulnerability{{CVE: fmt.Sprintf("CVE-2026-%05d", i)}}
		a.Tags = []string{fmt.Sprintf("tag-%d", i%100)}
		at := d.clock.Now().Truncate(time.Second).Add(-time.Duration(i) * time.Minute)
		batch = append(batch, advisories.Import{
			Publication: advisories.Publication{
				Tracking:  advisories.Tracking{ID: fmt.Sprintf("EX-%05d", i), Initial: at, Current: at, Revisions: []advisories.Revision{{Number: 1, Date: at, Legacy: "1"}}},
				Publisher: advisories.Publisher{Name: "Example Ltd", Namespace: "https://vendor.example"}, Advisory: a,
			},
			Source: advisories.Source{ID: "vendor", Kind: "csaf", Verified: "none"},
		})
		if len(batch) == advisories.MaxImports || i == n-1 {
			got, err := d.PutLibrary(t.Context(), analyst("ann"), batch)
			must(t, err)
			if got[0].Outcome != advisories.ImportAdded {
				t.Fatalf("import: %+v", got[0])
			}
			batch = batch[:0]
		}
	}
}

func BenchmarkList(b *testing.B) {
	d := openDesk(b, nil)
	d.fill(b, 10_000)
	for name, f := range map[string]advisories.Filter{
		"first page":  {},
		"tag":         {Tag: "tag-42"},
		"CVE":         {CVE: "CVE-2026-09999"},
		"common text": {Text: "遙距執行程式碼"},
		"rare text":   {Text: "zh-hant-09999"},
		"no text":     {Text: "零日漏洞"},
		"one letter":  {Text: "龘"},
		"product":     {Product: "no such product"},
	} {
		for who, c := range map[string]*advisories.Caller{"member": member("alpha", "al"), "analyst": analyst("ann")} {
			b.Run(name+"/"+who, func(b *testing.B) {
				for b.Loop() {
					if _, err := d.Library(b.Context(), c, f); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
