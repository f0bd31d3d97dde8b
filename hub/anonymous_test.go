package hub_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/hub"
	"github.com/cybersec-infohub/infohub/hub/stix"
	"github.com/cybersec-infohub/infohub/internal/store"
	"github.com/cybersec-infohub/infohub/internal/store/storetest"
)

// anonymous submits in the hub's name.
func (f *fixture) anonymous(t testing.TB, who string, objects ...string) hub.Status {
	t.Helper()
	s, err := f.hub.Submit(t.Context(), f.as(t, who), hub.Submission{
		Root: hub.Community, Collection: "indicators", Body: envelope(objects...), Anonymous: true,
	})
	must(t, err)
	return s
}

// public are the objects that a reader finds in "indicators", by type.
func (f *fixture) public(t testing.TB, who string) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for _, text := range f.texts(t, who, "indicators", hub.Query{Root: hub.Community, Collection: "indicators"}) {
		var o map[string]any
		must(t, json.Unmarshal([]byte(text), &o))
		all[o["type"].(string)] = o
	}
	return all
}

// outgoing is all that callers but the sender are told.
func (f *fixture) outgoing(t testing.TB, status hub.Status, audits int) string {
	t.Helper()
	var out bytes.Buffer
	put := func(v any, err error) {
		text, _ := json.Marshal(v)
		fmt.Fprintf(&out, "%s %+v %v\n", text, v, err)
	}
	ctx := t.Context()
	for _, who := range []string{"", "beta", "gamma-member", "delta-admin", "gov", "gov-admin", "gov-analyst", "local"} {
		c := f.as(t, who)
		q := hub.Query{Root: hub.Community, Collection: "indicators", Versions: hub.VersionMatch{All: true}, Manifest: true}
		page, err := f.hub.Page(ctx, c, q)
		if err == nil {
			put(page.Entries, page.WriteObjects(ctx, &out))
		}
		changes, err := f.hub.Changes(ctx, c, "", "", 1000)
		put(changes, err)
		found, err := f.hub.Search(ctx, c, hub.Search{Limit: 1000, Counts: true})
		put(found, err)
		for _, o := range found.Found {
			out.Write(o.Object)
			put(f.hub.FetchObject(ctx, c, o.ID, true))
			put(f.hub.Counts(ctx, c, o.ID))
			put(nil, f.hub.Delete(ctx, f.as(t, "beta"), hub.Community, "indicators", o.ID, hub.VersionMatch{All: true}))
		}
		put(f.hub.LookupValue(ctx, c, "198.51.100.1"))
		_, err = f.hub.Status(ctx, c, status.ID)
		out.WriteString(strings.ReplaceAll(fmt.Sprint(err), status.ID, ""))
		queue, err := f.hub.Queue(ctx, c, "", 0)
		put(queue, err)
		for _, item := range queue {
			out.Write(item.Object)
		}
		if who != "gov-admin" && who != "local" {
			_, err = f.hub.Sealed(ctx, c, "indicator--11111111-1111-4111-8111-000000000099")
			put(nil, err)
		}
	}
	for _, e := range f.audited(t, "")[audits:] {
		if e.Action == "object.submit" || strings.HasPrefix(e.Action, "sealed") || strings.HasPrefix(e.Action, "queue") {
			put(e, nil)
		}
	}
	return out.String()
}

// No byte that leaves the hub tells who sent what came in anonymously.
func TestAnonymousSendersAreInNoOutgoingByte(t *testing.T) {
	var chaos *storetest.Chaos
	f := newFixture(t, func(s store.Store) store.Store { chaos = storetest.NewChaos(s, 7); return chaos })
	audits := len(f.audited(t, ""))
	alpha := f.org["alpha"].ID
	by := `"created_by_ref":"` + alpha + `"`
	indicator, malware := testID("indicator", 1), testID("malware", 2)
	domain := "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7" // what STIX makes of the value
	elsewhere := testID("attack-pattern", 77)                     // the hub does not hold it
	first := []string{
		stixText("relationship", 3, 0, by, `"relationship_type":"indicates","source_ref":"`+indicator+`","target_ref":"`+malware+`"`),
		stixText("indicator", 1, 0, by, `"name":"Phishing"`, `"external_references":[{"source_name":"x","external_id":"`+malware+`"}]`),
		stixText("malware", 2, 0, by),
		stixText("note", 4, 0, by, `"content":"Seen here","object_refs":["`+indicator+`","`+elsewhere+`","`+domain+`"]`),
		stixText("sighting", 5, 0, by, `"sighting_of_ref":"`+indicator+`","where_sighted_refs":["`+alpha+`"],"count":3`),
		strings.ReplaceAll(observable(), observableID, domain),
	}
	status := f.anonymous(t, "alpha-member", first...)
	if len(status.Successes) != len(first) {
		t.Fatalf("%+v", status)
	}
	f.clock.pass(time.Hour)
	f.anonymous(t, "alpha-member", stixText("indicator", 1, 5, by, `"name":"Phishing again"`))
	f.submit(t, "alpha", "indicators", stixText("malware", 2, 9, by, `"revoked":true`)) // follows the map without being asked to
	f.anonymous(t, "delta-member", stixText("indicator", 8, 0, `"name":"Waits"`, `"created_by_ref":"`+f.org["delta"].ID+`"`))

	sent := f.outgoing(t, status, audits)
	needles := []string{f.token["alpha"], f.token["alpha-member"], strings.Split(f.token["alpha-member"], "_")[1]}
	for _, name := range []string{"alpha", "delta"} {
		needles = append(needles, name, f.org[name].Name, f.org[name].ID)
		for _, role := range []string{"admin", "member", "reader"} {
			p := f.person[name+"-"+role]
			needles = append(needles, p.ID, p.Name, p.Email)
		}
	}
	for _, n := range []int{1, 2, 3, 4, 5, 8, 77} {
		needles = append(needles, fmt.Sprintf("11111111-1111-4111-8111-%012d", n))
	}
	for _, needle := range needles {
		if i := strings.Index(strings.ToLower(sent), strings.ToLower(needle)); i >= 0 {
			t.Errorf("%q is told: ...%s...", needle, sent[max(0, i-200):min(len(sent), i+100)])
		}
	}
	if !strings.Contains(sent, "Phishing again") || !strings.Contains(sent, "Waits") {
		t.Error("what was sent is not there at all")
	}

	got := f.public(t, "beta")
	operator := f.org["gov"].ID
	for typ, o := range got {
		if typ != "domain-name" && o["created_by_ref"] != operator {
			t.Errorf("%s: created_by_ref %v", typ, o["created_by_ref"])
		}
	}
	r := got["relationship"]
	if r["source_ref"] != got["indicator"]["id"] || r["target_ref"] != got["malware"]["id"] {
		t.Errorf("references: %v", r)
	}
	if s := got["sighting"]; s["sighting_of_ref"] != got["indicator"]["id"] || s["where_sighted_refs"].([]any)[0] != operator {
		t.Errorf("sighting: %v", s)
	}
	if refs := got["note"]["object_refs"].([]any); refs[2] != domain || got["domain-name"]["id"] != domain {
		t.Errorf("an observable's id tells nothing and stays: %v", refs)
	}
	if got["indicator"]["name"] != "Phishing again" || got["malware"]["revoked"] != true {
		t.Errorf("versions: %v %v", got["indicator"], got["malware"])
	}
	if got["indicator"]["created"] == got["indicator"]["modified"] || strings.HasPrefix(got["indicator"]["modified"].(string), "2026-11-01") {
		t.Errorf("times: %v", got["indicator"])
	}
	n, err := f.hub.Counts(t.Context(), f.as(t, "gamma"), got["indicator"]["id"].(string))
	if must(t, err); n.Sightings != 3 || n.Notes != 1 {
		t.Errorf("%+v", n)
	}

	records, err := f.hub.Sealed(t.Context(), f.as(t, "gov-admin"), got["indicator"]["id"].(string))
	must(t, err)
	if len(records) != 2 || records[0].Organisation != alpha || records[0].Person != f.person["alpha-member"].ID || records[0].OriginalID != indicator ||
		string(records[0].Original) != first[1] {
		t.Errorf("sealed: %+v", records)
	}
	if read := f.audited(t, "sealed.read"); len(read) != 1 || read[0].Actor.ID != f.person["gov-admin"].ID {
		t.Errorf("the audit log: %+v", read)
	}
	for _, who := range []string{"", "alpha-admin", "gov-analyst", "gov"} {
		if _, err := f.hub.Sealed(t.Context(), f.as(t, who), got["indicator"]["id"].(string)); err == nil {
			t.Errorf("%q reads who is behind it", who)
		}
	}
	if c := chaos.Counts(); c.Lost == 0 || c.Kept == 0 {
		t.Errorf("chaos did nothing: %+v", c)
	}
}

// The same object again is the same object.
func TestAnonymousAgain(t *testing.T) {
	f := newFixture(t, nil)
	o := stixText("indicator", 1, 0, `"name":"One"`)
	for range 3 {
		if s := f.anonymous(t, "alpha", o); len(s.Successes) != 1 {
			t.Fatalf("%+v", s)
		}
		f.clock.pass(time.Minute)
	}
	if got := f.texts(t, "beta", "indicators", hub.Query{Root: hub.Community, Collection: "indicators", Versions: hub.VersionMatch{All: true}}); len(got) != 1 {
		t.Errorf("%d objects: %s", len(got), got)
	}
	f.anonymous(t, "alpha", stixText("indicator", 1, 5))
	for name, o := range map[string]string{
		"other content": stixText("indicator", 1, 5, `"name":"Two"`), "an older version": stixText("indicator", 1, 2),
	} {
		if s := f.anonymous(t, "alpha", o); len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Message, "modified") {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestAnonymousNamesAreRefused(t *testing.T) {
	f := newFixture(t, nil)
	_, err := f.hub.CreateAsset(t.Context(), f.as(t, "alpha-admin"), hub.Asset{Kind: hub.AssetDomain, Name: "shop", Value: "bücher.example"})
	must(t, err)
	f.anonymous(t, "alpha", stixText("malware", 50, 0))
	tests := []struct{ text, at string }{
		{`"description":"Attack on ALPHA  bank"`, "description names your organisation"},
		{`"description":"\u0041lpha"`, "description names your organisation"},
		{`"x_alpha":1`, "x_alpha names your organisation"},
		{`"x_source":"xalphabankx"`, "x_source names your organisation"},
		{`"external_references":[{"source_name":"x","url":"https://mail.alpha.example/x"}]`, "external_references[0].url"},
		{`"external_references":[{"source_name":"x","description":"soc%40alpha.example"}]`, "external_references[0].description"},
		{`"x_from":"alpha-member@alpha.example"`, "x_from"},
		{`"x_by":["Member of alpha"]`, "x_by[0]"},
		{`"x_shop":"www.xn--bcher-kva.example"`, "x_shop holds a domain"},
		{`"x_shop":"Bücher.Example"`, "x_shop holds a domain"},
		{`"description":"see ` + testID("malware", 50) + `"`, "description holds an identifier"},
		{`"description":"see ` + strings.ReplaceAll(strings.TrimPrefix(testID("malware", 50), "malware--"), "-", "") + `"`, "description holds an identifier"},
		{`"x_any":{"` + f.org["alpha"].ID + `":1}`, "holds your organisation's identifier"},
		{`"x_mail_bin":"` + base64.StdEncoding.EncodeToString([]byte("To: alpha-member@alpha.example\r\n")) + `"`, "x_mail_bin names"},
		{`"x_key":[{"data_hex":"` + hex.EncodeToString([]byte("A\x00l\x00p\x00h\x00a\x00 \x00B\x00a\x00n\x00k\x00")) + `"}]`, "x_key[0].data_hex names your organisation"},
	}
	for i, tt := range tests {
		s := f.anonymous(t, "alpha", stixText("malware", 100+i, 0, tt.text))
		if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Message, tt.at) {
			t.Errorf("%s: %+v", tt.text, s)
		}
	}
	for i, text := range []string{`"x_any":"alphabet"`, `"x_any":"notalpha.example.org"`, `"x_any":"` + strings.Repeat("ab", 32) + `"`, `"x_mail_bin":"?"`, `"x_hex":"abc"`} {
		if s := f.anonymous(t, "alpha", stixText("malware", 200+i, 0, text)); len(s.Successes) != 1 {
			t.Errorf("%s: %+v", text, s)
		}
	}
}

func TestAnonymousIsRefused(t *testing.T) {
	f := newFixture(t, nil)
	_, err := f.hub.Submit(t.Context(), f.as(t, "alpha"), hub.Submission{Root: hub.Community, Collection: "drop", Body: envelope(stixText("malware", 1, 0)), Anonymous: true})
	wantCode(t, err, hub.Forbidden)
	f.submit(t, "alpha", "indicators", stixText("malware", 1, 0))
	f.anonymous(t, "alpha", stixText("malware", 2, 0))
	for name, o := range map[string]string{
		"under a name already": stixText("malware", 1, 4),
		"the own identity":     strings.Replace(stixText("identity", 1, 0), testID("identity", 1), f.org["alpha"].ID, 1),
	} {
		if s := f.anonymous(t, "alpha", o); len(s.Failures) != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// A version of it, sent under the name to where nothing anonymous is taken.
	f.refuse(t, "alpha", "drop", "anonymous", stixText("malware", 2, 4))
	// Another organisation's object of the same id is another object.
	f.submit(t, "gamma", "indicators", stixText("malware", 2, 0, `"description":"Gamma's"`))
}

func FuzzAnonymousNames(f *testing.F) {
	fix := newFixture(f, nil)
	for _, seed := range []string{"Alpha Bank", "x alpha.example y", "%41lpha", "11111111-1111-4111-8111-000000000001", "ALPHA\u00adBANK", "ａｌｐｈａ"} {
		f.Add(seed)
	}
	n := 0
	f.Fuzz(func(t *testing.T, text string) {
		n++
		quoted, err := json.Marshal(text)
		must(t, err)
		o := stixText("malware", n, 0, `"description":`+string(quoted))
		var p stix.Parser
		if _, err := p.Parse([]byte(o)); err != nil || len(text) > 1000 {
			return
		}
		if s := fix.anonymous(t, "alpha", o); len(s.Successes) == 1 {
			for _, word := range []string{"Alpha Bank", " alpha ", "alpha.example"} {
				if strings.Contains(" "+text+" ", word) {
					t.Errorf("%q is published", text)
				}
			}
		}
	})
}
