package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cybersec-infohub/infohub/internal/apiclient"
)

// source is a member that contributes without its name, and what tells of it.
type source struct {
	*world
	org        apiclient.Organisation
	person     apiclient.Person
	hidden     *asker // an anonymous key of the organisation
	named, own *asker // keys with its name: the organisation's and the person's
	tells      []string
	originals  []string
	public     []string
}

// sourceAddress is where it sends from.
const sourceAddress = "203.0.113.77"

func newSource(t *testing.T) *source {
	t.Helper()
	s := &source{world: newWorld(t)}
	s.must(http.MethodPost, "/organisations", apiclient.OrganisationEdit{Handle: ptr("quokka"), Name: ptr("Quokka Savings Bank AG"), Status: ptr("active"), Contact: ptr("soc@qsb-security.example")}, &s.org)
	s.must(http.MethodPost, "/people", apiclient.PersonEdit{Name: ptr("Zelda Quimby"), Email: ptr("zelda@quokka.example"), Organisation: ptr("quokka"), Role: ptr("member")}, &s.person)
	s.must(http.MethodPost, "/assets", apiclient.AssetEdit{Organisation: ptr("quokka"), Kind: ptr("domain"), Name: ptr("bank"), Domain: ptr("kaching-online.example")}, nil)
	key := func(k apiclient.NewKey) *asker {
		var made apiclient.MadeKey
		s.must(http.MethodPost, "/keys", k, &made)
		s.tells = append(s.tells, made.ID)
		return &asker{name: k.Name, key: made.Secret, keyID: made.ID, org: "quokka", role: "member"}
	}
	s.hidden = key(apiclient.NewKey{Name: "k1", Organisation: "quokka", Anonymous: true})
	s.named = key(apiclient.NewKey{Name: "k2", Organisation: "quokka"})
	s.own = key(apiclient.NewKey{Name: "k3", Person: "zelda@quokka.example"})
	s.own.person = "zelda@quokka.example"
	for _, id := range []string{s.org.ID, s.person.ID} {
		_, uuid, _ := strings.Cut(id, "--")
		s.tells = append(s.tells, uuid, strings.ReplaceAll(uuid, "-", ""))
	}
	s.tells = append(s.tells, "quokka", "zelda", "quimby", "qsb-security", "kaching", sourceAddress, "2026-01-17T01:02:03", "2026-01-18T01:02:03")
	return s
}

// original is an object as the source sends it, under an id that tells of it.
func (s *source) original(kind string, n int, more string) string {
	uuid := fmt.Sprintf("5ec2e700-%04x-4ead-8ead-%012x", n, n)
	s.originals = append(s.originals, uuid)
	text := fmt.Sprintf(`{"type":%q,"spec_version":"2.1","id":"%s--%s","created":"2026-01-17T01:02:03.456Z","modified":"2026-01-17T01:02:03.456Z","created_by_ref":%q,`, kind, kind, uuid, s.org.ID)
	return text + more + "}"
}

const aPattern = `"pattern":"[ipv4-addr:value = '198.51.100.%d']","pattern_type":"stix","valid_from":"2026-01-10T00:00:00Z"`

// openID is of the only object that it sends with its name.
const openID = "indicator--0be0be00-0006-4ead-8ead-000000000006"

// send contributes, and learns from the answer what was published.
func (s *source) send(a *asker, path, body string) apiclient.Status {
	s.t.Helper()
	got := s.ask(a, http.MethodPost, path, body, "X-Forwarded-For", sourceAddress)
	if got.status != http.StatusAccepted {
		s.t.Fatalf("POST %s: %s", path, got)
	}
	st := decode[apiclient.Status](s.world, got)
	for _, d := range st.Successes {
		if _, id, ok := strings.Cut(d.Message, "published as "); ok {
			s.public = append(s.public, strings.TrimRight(strings.Fields(id)[0], ";,."))
		}
	}
	return st
}

// contribute sends all that can be sent without a name: by TAXII and by the API,
// new versions and revocations, with a name and without, and what is refused.
func (s *source) contribute() {
	s.t.Helper()
	taxii := s.shelves["indicators"].path() + "objects/"
	api := "/api/v1/collections/indicators/objects?anonymous=true"
	bundle := func(objects ...string) string { return `{"objects":[` + strings.Join(objects, ",") + `]}` }
	one := s.original("indicator", 1, `"name":"seen at a bank",`+fmt.Sprintf(aPattern, 1)+`,"x_mine":"indicator--`+fmt.Sprintf("5ec2e700-%04x-4ead-8ead-%012x", 1, 1)+`"`)
	two := s.original("malware", 2, `"name":"Crusty","is_family":true`)
	link := s.original("relationship", 3, `"relationship_type":"indicates","source_ref":"indicator--`+s.originals[0]+`","target_ref":"malware--`+s.originals[1]+`"`)
	note := s.original("note", 4, `"content":"we saw it twice","object_refs":["indicator--`+s.originals[0]+`","identity--00000000-dead-4ead-8ead-00000000feed"]`)
	s.wantCounts(s.send(s.hidden, taxii, bundle(one, two, link, note)), 4, 0)
	three := s.original("indicator", 5, `"name":"by a person",`+fmt.Sprintf(aPattern, 2))
	s.wantCounts(s.send(s.own, api, bundle(three)), 1, 0)
	// What names its sender is refused, in whatever way.
	for i, text := range []string{"seen at Quokka  Savings-Bank", "ask ZELDA QUIMBY", "\\u0071uokka", "see https://www.kaching-online.example/x", "mail soc@qsb-security.example", "id " + s.originals[0], "org " + strings.TrimPrefix(s.org.ID, "identity--")} {
		bad := s.original("indicator", 20+i, `"name":"`+text+`",`+fmt.Sprintf(aPattern, 20+i))
		s.wantCounts(s.send(s.hidden, taxii, bundle(bad)), 0, 1)
		s.wantCounts(s.send(s.own, api, bundle(bad)), 0, 1)
	}
	mail := s.original("indicator", 30, `"x_mail_bin":"`+base64.StdEncoding.EncodeToString([]byte("To: zelda@quokka.example"))+`",`+fmt.Sprintf(aPattern, 30))
	s.wantCounts(s.send(s.hidden, taxii, bundle(mail)), 0, 1)
	later := func(text string) string {
		return strings.Replace(text, `"modified":"2026-01-17T01:02:03.456Z"`, `"modified":"2026-01-18T01:02:03.456Z"`, 1)
	}
	// New versions follow the first, whoever of the organisation sends them.
	s.wantCounts(s.send(s.hidden, taxii, bundle(later(one))), 1, 0)
	s.wantCounts(s.send(s.named, taxii, bundle(later(three))), 1, 0)
	s.wantCounts(s.send(s.own, "/api/v1/collections/indicators/objects", bundle(strings.Replace(later(two), `"is_family"`, `"revoked":true,"is_family"`, 1))), 1, 0)
	// Beside an object with a name they would tell whose they are.
	open := `{"type":"indicator","spec_version":"2.1","id":"` + openID + `","created":"2026-01-05T00:00:00.000Z","modified":"2026-01-05T00:00:00.000Z","name":"with our name",` + fmt.Sprintf(aPattern, 6) + `}`
	st := s.send(s.named, taxii, bundle(open, later(note)))
	s.wantCounts(st, 1, 1)
	// Moderated.
	s.must(http.MethodPatch, "/collections/indicators", apiclient.CollectionEdit{Moderation: ptr("all")}, nil)
	waits := s.original("indicator", 7, `"name":"waiting",`+fmt.Sprintf(aPattern, 7))
	if st := s.send(s.hidden, taxii, bundle(waits)); st.PendingCount != 1 {
		s.t.Errorf("moderated: %+v", st)
	}
	s.must(http.MethodPatch, "/collections/indicators", apiclient.CollectionEdit{Moderation: ptr("off")}, nil)
	// The sender takes nothing back but by revoking it.
	for _, a := range []*asker{s.hidden, s.named, s.own} {
		for _, id := range []string{"indicator--" + s.originals[0], s.public[0]} {
			if got := s.ask(a, http.MethodDelete, s.shelves["indicators"].path()+"objects/"+id+"/", "", "X-Forwarded-For", sourceAddress); got.status < 400 {
				s.t.Errorf("%s deletes %s: %s", a.name, id, got)
			}
		}
	}
}

func (s *source) wantCounts(st apiclient.Status, ok, bad int) {
	s.t.Helper()
	if st.SuccessCount != ok || st.FailureCount != bad {
		s.t.Errorf("want %d successes and %d failures: %+v", ok, bad, st)
	}
}

// everything is what somebody gets from every route that can be read.
func (s *source) everything(a *asker) (objects, rest string) {
	s.t.Helper()
	var all, directory strings.Builder
	get := func(to *strings.Builder, method, path string) {
		if got := s.ask(a, method, path, ""); got.status < 300 {
			to.WriteString(got.String())
		}
	}
	for _, shelf := range s.shelves {
		if a.local {
			break
		}
		for _, path := range []string{"objects/?match[version]=all", "manifest/?match[version]=all", "objects/?limit=1", ""} {
			get(&all, http.MethodGet, shelf.path()+path)
		}
		for _, id := range s.public {
			get(&all, http.MethodGet, shelf.path()+"objects/"+id+"/?match[version]=all")
			get(&all, http.MethodGet, shelf.path()+"objects/"+id+"/versions/")
		}
	}
	for _, id := range s.public {
		get(&all, http.MethodGet, "/api/v1/objects/"+id+"?versions=all")
		get(&all, http.MethodGet, "/api/v1/objects/"+id+"/counts")
		get(&all, http.MethodGet, "/api/v1/objects/"+id+"/content")
	}
	for _, q := range []string{"text=seen", "text=quokka", "type=indicator", "marking=green", "value=198.51.100.1", "organisation=gov", "counts=true&limit=1000"} {
		get(&all, http.MethodGet, "/api/v1/search?"+q)
	}
	get(&all, http.MethodGet, "/api/v1/changes?limit=1000")
	get(&all, http.MethodGet, "/api/v1/moderation?limit=1000")
	for _, path := range []string{"/organisations", "/organisations/quokka", "/people", "/groups", "/keys", "/assets", "/assets?organisation=quokka", "/collections", "/me",
		"/settings", "/subscriptions", "/audit?limit=1000", "/audit/verify"} {
		get(&directory, http.MethodGet, "/api/v1"+path)
	}
	get(&directory, http.MethodPost, "/api/v1/audit/export")
	get(&directory, http.MethodGet, "/api/v1/audit?limit=1000&actor="+s.org.ID)
	return strings.ToLower(all.String()), strings.ToLower(directory.String())
}

// TestAnonymity: whatever anybody else reads on any route after an organisation
// contributed without its name tells nothing of it: no name, no id, no address, no
// time of its own, in no answer and in no line of the log.
func TestAnonymity(t *testing.T) {
	s := newSource(t)
	before := map[string]string{}
	for _, a := range s.askers {
		if !a.shut {
			_, before[a.name] = s.everything(a)
		}
	}
	s.contribute()
	if len(s.public) < 7 {
		t.Fatalf("published: %v", s.public)
	}
	// Somebody else sees it too, by its public id.
	alpha := s.asker("alpha-key")
	for i, kind := range []string{"sighting", "opinion"} {
		d := s.about(kind, s.shelves["indicators"], marked("GREEN"), s.public[0])
		if st := s.taxiiPost(alpha, d.shelf, d.text()); st.SuccessCount != 1 {
			t.Errorf("%d: %+v", i, st)
		}
	}
	tells := slices.Clone(s.tells)
	for _, id := range s.originals {
		tells = append(tells, id, strings.ReplaceAll(id, "-", ""))
	}
	named := regexp.MustCompile(`\{"id":"` + openID + `"[^{}]*"organisation":"quokka"`)
	for _, a := range s.askers {
		if a.shut {
			continue
		}
		objects, rest := s.everything(a)
		objects = named.ReplaceAllString(objects, "")
		for _, tell := range tells {
			tell = strings.ToLower(tell)
			n := strings.Count(objects, tell)
			if n > 0 {
				i := strings.Index(objects, tell)
				t.Errorf("%s reads %q: …%s…", a.name, tell, objects[max(0, i-300):min(len(objects), i+200)])
			}
			// The directory and the audit log name members; after the contribution no more often.
			was, is := strings.Count(before[a.name], tell), strings.Count(rest, tell)
			if a.administers() && (tell == "quokka" || tell == s.named.keyID || tell == sourceAddress || strings.HasSuffix(s.org.ID, tell)) {
				was += 3 // what it sent with its name: in the log, in its export, and chosen by actor
			}
			if is > was {
				t.Errorf("%s reads %q %d times, %d before", a.name, tell, is, was)
			}
		}
		if a.member() && !strings.Contains(objects, strings.ToLower(s.public[0])) && a.name != "gov-admin-reads-desk" && len(a.scopes) == 0 && !a.local {
			t.Errorf("%s does not read %s", a.name, s.public[0])
		}
	}
	s.lastUsed()
	s.logTells()
	s.sealedTells()
}

// lastUsed: when an anonymous key was used is told to the day, to its own too.
func (s *source) lastUsed() {
	s.t.Helper()
	var keys apiclient.List[apiclient.Key]
	s.must(http.MethodGet, "/keys", nil, &keys)
	seen := false
	for _, k := range keys.Items {
		if k.ID == s.hidden.keyID {
			seen = true
			if k.LastUsed.IsZero() || !k.LastUsed.Equal(k.LastUsed.Truncate(24*time.Hour)) {
				s.t.Errorf("an anonymous key was last used at %s", k.LastUsed)
			}
		}
	}
	if !seen {
		s.t.Error("the key is not in the list")
	}
}

// logTells: the server's log has no name and no id, and of submissions no address.
func (s *source) logTells() {
	s.t.Helper()
	for line := range strings.Lines(s.log.String()) {
		var e struct{ Method, Route string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.t.Fatalf("the log: %v in %s", err, line)
		}
		for _, tell := range slices.Concat(s.tells, s.originals) {
			if tell == sourceAddress && (e.Method != http.MethodPost || !strings.HasSuffix(e.Route, "objects")) {
				continue
			}
			if strings.Contains(strings.ToLower(line), strings.ToLower(tell)) {
				s.t.Errorf("the log tells %q: %s", tell, line)
			}
		}
	}
}

// sealedTells: administrators open the record, and that they did is audited first.
func (s *source) sealedTells() {
	s.t.Helper()
	path := "/api/v1/objects/" + url.PathEscape(s.public[0]) + "/sealed"
	for _, a := range s.askers {
		got := s.ask(a, http.MethodGet, path, "")
		if a.administers() {
			if got.status != http.StatusOK || !strings.Contains(got.body, `"organisation":"quokka"`) || !strings.Contains(got.body, s.originals[0]) || !strings.Contains(got.body, sourceAddress) {
				s.t.Errorf("%s opens the record: %s", a.name, got)
			}
			var page apiclient.AuditPage
			s.must(http.MethodGet, "/audit?action=sealed.read", nil, &page)
			if len(page.Items) == 0 || page.Items[0].Object != s.public[0] {
				s.t.Errorf("%s opened the record: %+v", a.name, page)
			}
			continue
		}
		if got.status != http.StatusForbidden && got.status != http.StatusUnauthorized {
			s.t.Errorf("%s opens the record: %s", a.name, got)
		}
	}
}
