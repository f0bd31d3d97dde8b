package osv

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// home are the names of vulnerabilities that an OSV record may have: those of the
// databases that the format lists. Others are aliases.
var home = regexp.MustCompile(`^(ASB-A|PUB-A|ALSA|ALBA|ALEA|BIT|CGA|CURL|CVE|DSA|DLA|ELA|DTSA|GHSA|GO|GSD|HSEC|KUBE|LBSEC|LSN|MAL|MGASA|OSV|openSUSE-SU|PHSA|PSF|PYSEC|RHBA|RHEA|RHSA|RLSA|RXSA|RSEC|RUSTSEC|SUSE-[SRFO]U|UBUNTU|USN|V8)-`)

// Export returns a record, in English, for each vulnerability that affects packages
// of an ecosystem that OSV knows, in their order; none where there is no such. A
// vulnerability needs a name that OSV takes: a CVE, or that of a database which it
// lists.
//
// OSV has no open bounds and no exceptions: a range that begins after a version, or
// leaves one out, becomes a little wider. The range as the advisory has it is in
// database_specific of the package.
func Export(p advisories.Publication) ([]Record, error) {
	var records []Record
	for i := range p.Advisory.Vulnerabilities {
		r, err := record(&p, &p.Advisory.Vulnerabilities[i])
		if err != nil {
			return nil, fmt.Errorf("advisory %s as OSV: %w", p.Tracking.ID, err)
		}
		if r != nil {
			records = append(records, *r)
		}
	}
	return records, nil
}

// record is that of one vulnerability, nil where it can have none.
func record(p *advisories.Publication, v *advisories.Vulnerability) (*Record, error) {
	a := &p.Advisory
	r := &Record{SchemaVersion: Version, Modified: date(p.Tracking.Current), Published: date(p.Tracking.Initial)}
	if !name(r, v) {
		return nil, nil
	}
	ids := affect(r, a, v)
	if len(r.Affected) == 0 {
		return nil, nil
	}
	if p.Tracking.State == advisories.Withdrawn {
		r.Withdrawn = date(p.Tracking.Current)
	}
	if r.Summary = v.Title[i18n.English]; r.Summary == "" {
		r.Summary = a.Title[i18n.English]
	}
	if r.Details = v.About[i18n.English]; r.Details == "" {
		r.Details = a.Description[i18n.English]
	}
	severity(r, v, ids)
	refer(r, p, v)
	for _, ack := range slices.Concat(v.Acknowledgements, a.Acknowledgements) {
		names := ack.Names
		if ack.Organisation != "" {
			names = append(slices.Clone(names), ack.Organisation)
		}
		for _, n := range names {
			r.Credits = append(r.Credits, Credit{Name: n, Contact: ack.URLs})
		}
	}
	var err error
	r.Database, err = json.Marshal(Database{
		Advisory: p.Tracking.ID, Revision: p.Tracking.Number(), Publisher: p.Publisher.Name, TLP: a.TLP.String(), CWE: v.CWE,
		Exploited: v.Exploited != nil && v.Exploited.Known,
	})
	return r, err
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// name sets id and aliases, and reports whether there is an id.
func name(r *Record, v *advisories.Vulnerability) bool {
	names := []string{}
	if v.CVE != "" {
		names = append(names, v.CVE)
	}
	for _, id := range v.IDs {
		names = append(names, id.ID)
	}
	i := slices.IndexFunc(names, home.MatchString)
	if i < 0 {
		return false
	}
	r.ID = names[i]
	for _, n := range names {
		if n != r.ID && !slices.Contains(r.Aliases, n) {
			r.Aliases = append(r.Aliases, n)
		}
	}
	return true
}

// affect lists the packages, and returns the ids of their products.
func affect(r *Record, a *advisories.Advisory, v *advisories.Vulnerability) []string {
	statuses := a.StatusesOf(v)
	affected := slices.Concat(statuses[advisories.Affected], statuses[advisories.FirstAffected], statuses[advisories.LastAffected])
	var ids []string
	for i := range a.Products {
		product := &a.Products[i]
		pkg, eco, version, ok := packageOf(product.PURL)
		if !ok || !slices.Contains(affected, product.ID) {
			continue
		}
		entry := Affected{Package: pkg}
		switch {
		case strings.HasPrefix(product.Versions, "vers:"):
			parsed, err := advisories.ParseRange(product.Versions)
			if err != nil {
				continue
			}
			entry.Ranges, entry.Versions = stretches(parsed, eco)
			entry.Specific = &Specific{Versions: product.Versions}
		case product.Versions != "":
			entry.Versions = []string{product.Versions}
		case version != "":
			entry.Versions = []string{version}
		default:
			entry.Ranges = []Range{{Type: kind(eco), Events: []Event{{Introduced: "0"}}}}
		}
		r.Affected = append(r.Affected, entry)
		ids = append(ids, product.ID)
	}
	return ids
}

var semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`) // SemVer 2.0

func kind(eco ecosystem, bounds ...string) string {
	if !eco.semver || slices.ContainsFunc(bounds, func(b string) bool { return !semver.MatchString(b) }) {
		return "ECOSYSTEM"
	}
	return "SEMVER"
}

// stretches are the parts of a range, and the versions that it names alone.
func stretches(r advisories.Range, eco ecosystem) (ranges []Range, versions []string) {
	from, open := "", false
	end := func(event Event, bound string) {
		events := []Event{{Introduced: "0"}}
		bounds := []string{bound}
		if open {
			events[0].Introduced = from
			bounds = append(bounds, from)
		}
		if bound != "" {
			events = append(events, event)
		} else {
			bounds = bounds[1:]
		}
		ranges = append(ranges, Range{Type: kind(eco, bounds...), Events: events})
		open = false
	}
	exceptions := 0
	for _, c := range r.Constraints {
		switch c.Op {
		case "=":
			versions = append(versions, c.Version)
		case "!=":
			exceptions++
		case ">", ">=":
			from, open = c.Version, true
		case "<":
			end(Event{Fixed: c.Version}, c.Version)
		case "<=":
			end(Event{LastAffected: c.Version}, c.Version)
		case "*":
			end(Event{}, "")
		}
	}
	if open || exceptions == len(r.Constraints) {
		end(Event{}, "")
	}
	return ranges, versions
}

// severity sets the vectors: of the record where each is for all packages, else of
// the packages, whose products are ids. OSV has one vector of each version.
func severity(r *Record, v *advisories.Vulnerability, ids []string) {
	everywhere := true
	for _, s := range v.CVSS {
		everywhere = everywhere && !slices.ContainsFunc(ids, func(id string) bool { return len(s.Products) > 0 && !slices.Contains(s.Products, id) })
	}
	if everywhere {
		r.Severity = vectors(v.CVSS, "")
		return
	}
	for i, id := range ids {
		r.Affected[i].Severity = vectors(v.CVSS, id)
	}
}

// vectors are those for a product, "" for any: of 3.1 and 3.0, the newer.
func vectors(scores []advisories.Score, id string) []Severity {
	by := map[string]string{}
	for _, s := range scores {
		rating, err := advisories.ParseScore(s.Vector)
		if err != nil || id != "" && len(s.Products) > 0 && !slices.Contains(s.Products, id) {
			continue
		}
		if typ := "CVSS_V" + rating.Version[:1]; by[typ] == "" || rating.Version == "3.1" && strings.HasPrefix(by[typ], "CVSS:3.0/") {
			by[typ] = s.Vector
		}
	}
	var list []Severity
	for _, typ := range []string{"CVSS_V2", "CVSS_V3", "CVSS_V4"} {
		if by[typ] != "" {
			list = append(list, Severity{Type: typ, Score: by[typ]})
		}
	}
	return list
}

// refer lists addresses, each once: the advisory first.
func refer(r *Record, p *advisories.Publication, v *advisories.Vulnerability) {
	add := func(typ, url string) {
		url = advisories.URI(url)
		if url != "" && !slices.ContainsFunc(r.References, func(x Reference) bool { return x.URL == url }) {
			r.References = append(r.References, Reference{Type: typ, URL: url})
		}
	}
	add("ADVISORY", p.Tracking.URL)
	for _, remedy := range p.Advisory.RemediesOf(v) {
		if remedy.Kind == "vendor_fix" {
			add("FIX", remedy.URL)
		}
	}
	for _, ref := range slices.Concat(v.References, p.Advisory.References) {
		if ref.Self {
			add("ADVISORY", ref.URL)
		} else {
			add("WEB", ref.URL)
		}
	}
}
