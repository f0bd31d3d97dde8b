package advisories

import (
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/hub/stix/pattern"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

var (
	tagForm       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	handleForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$`) // as the hub has them
	techniqueForm = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
)

// recipients are named exactly where the label asks for them. Names beside a wider
// label would let their author believe that they restrict.
func (l *linter) recipients() {
	organisations, people := len(l.a.Organisations) > 0, len(l.a.People) > 0
	switch l.a.TLP {
	case tlp.Amber, tlp.AmberStrict:
		if !organisations {
			l.problem("tlp.recipients", "organisations", fmt.Sprintf("%s names no organisation: nobody could read it.", l.a.TLP), "Name the handles of the organisations that it is for.")
		}
		if people {
			l.problem("tlp.recipients", "people", fmt.Sprintf("%s is for organisations, and people are named.", l.a.TLP), "Take the people out, or make it TLP:RED.")
		}
	case tlp.Red:
		if !people {
			l.problem("tlp.recipients", "people", "TLP:RED names nobody: nobody could read it.", "Name the mail addresses of the people that it is for.")
		}
		if organisations {
			l.problem("tlp.recipients", "organisations", "TLP:RED is for people, and organisations are named.", "Take the organisations out, or make it TLP:AMBER+STRICT.")
		}
	case tlp.Clear, tlp.Green:
		for _, named := range []struct {
			path string
			yes  bool
		}{{"organisations", organisations}, {"people", people}} {
			if named.yes {
				l.problem("tlp.recipients", named.path, fmt.Sprintf("%s is not restricted to anybody named, and some are.", l.a.TLP), "Take them out, or choose a stricter label.")
			}
		}
	}
	for i, handle := range l.a.Organisations {
		if !handleForm.MatchString(handle) {
			l.problem("tlp.handle", fmt.Sprintf("organisations[%d]", i), fmt.Sprintf("%.60q is no handle of an organisation.", handle), `Write it as the hub has it: 2 to 40 characters of a-z, 0-9 and "-".`)
		}
	}
	for i, address := range l.a.People {
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			l.problem("tlp.person", fmt.Sprintf("people[%d]", i), fmt.Sprintf("%.60q is no mail address.", address), "Write it as name@example.org.")
		}
	}
	l.repeated(l.a.Organisations, "organisations")
	l.repeated(l.a.People, "people")
}

func (l *linter) lists() {
	for i, tag := range l.a.Tags {
		if !tagForm.MatchString(tag) || len(tag) > 50 {
			l.problem("tag.format", fmt.Sprintf("tags[%d]", i), fmt.Sprintf("%.60q is no tag.", tag), `Write up to 50 characters of a-z, 0-9 and "-" between words, such as remote-code-execution.`)
		}
	}
	l.repeated(l.a.Tags, "tags")
	l.repeated(l.a.Sectors, "sectors")
}

func (l *linter) references() { l.referenceList(l.a.References, "references") }

func (l *linter) referenceList(references []Reference, path string) {
	seen := map[string]bool{}
	for i, r := range references {
		where := fmt.Sprintf("%s[%d]", path, i)
		if r.URL != "" {
			l.url(r.URL, where+".url")
			if seen[r.URL] {
				l.problem("list.duplicate", where, "The address is in the list twice.", "Keep one of them.")
			}
			seen[r.URL] = true
		}
		if isEmptyText(r.Summary) {
			l.problem("reference.summary", where+".summary", "Nothing says what the reference is.", "Add a few words, such as Advisory of the vendor.")
		}
	}
}

// url wants an address that every reader can follow.
func (l *linter) url(text, path string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, " \"<>\\^`{|}"):
		l.problem("url.syntax", path, fmt.Sprintf("%.80q is no address of a web page.", text), "Write the whole address: https://, a name, and what follows, without a password and with %20 for spaces.")
	case unreachable(u.Hostname()):
		l.problem("url.private", path, fmt.Sprintf("%.80q cannot be reached from outside.", u.Hostname()), "Name a page that readers can open.")
	case u.Scheme == "http":
		l.problem("url.http", path, "The address begins with http://.", "Try whether it works with https://, so that nobody on the way can change what readers see.")
	}
}

// unreachable reports whether a host is known to mean another one, or none, to a
// reader somewhere else.
func unreachable(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return inside(ip)
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, suffix := range []string{"localhost", "local", "internal", "intranet", "lan", "home.arpa"} {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return true
		}
	}
	return !strings.Contains(host, ".")
}

func inside(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsMulticast()
}

func (l *linter) indicators() {
	seen := map[string]int{}
	for i := range l.a.Indicators {
		x := &l.a.Indicators[i]
		path := fmt.Sprintf("indicators[%d]", i)
		if x.Pattern != "" {
			l.pattern(x.Pattern, path+".pattern", i, seen)
		}
		for k, word := range x.Types {
			if !slices.Contains(indicatorTypes(), word) {
				l.problem("indicator.type", fmt.Sprintf("%s.types[%d]", path, k), fmt.Sprintf("%.40q is no term of STIX's indicator-type-ov.", word), choose(word, indicatorTypes()))
			}
		}
		l.repeated(x.Types, path+".types")
		switch {
		case !x.Until.IsZero() && !x.From.IsZero() && !x.Until.After(x.From):
			l.problem("date.order", path+".until", "It ends before it begins (STIX 2.1, 4.7).", "Correct one of the dates.")
		case !x.Until.IsZero() && !x.Until.After(l.now):
			l.problem("indicator.expired", path+".until", fmt.Sprintf("It was good until %s.", day(x.Until)), "Take it out, or write a later day.")
		}
	}
}

func (l *linter) pattern(text, path string, i int, seen map[string]int) {
	p, err := pattern.Parse(text)
	if err != nil {
		l.problem("indicator.pattern", path, fmt.Sprintf("This is no STIX pattern: %v.", err), "Write it as [domain-name:value = 'evil.example'].")
		return
	}
	canonical := p.String()
	if first, twice := seen[canonical]; twice {
		l.problem("list.duplicate", path, fmt.Sprintf("indicators[%d] has the same pattern.", first), "Keep one of them.")
		return
	}
	seen[canonical] = i
	for _, atom := range p.Atoms() {
		if atom.Type != "ipv4-addr" && atom.Type != "ipv6-addr" || atom.Negated {
			continue
		}
		ip, err := netip.ParseAddr(atom.Value.Text)
		if prefix, cidr := netip.ParsePrefix(atom.Value.Text); cidr == nil {
			ip, err = prefix.Addr(), nil
		}
		if err == nil && inside(ip) {
			l.problem("indicator.private", path, fmt.Sprintf("%s is an address inside of networks.", atom.Value.Text), "Take it out: whoever blocks it blocks their own.")
			return
		}
	}
}

func (l *linter) techniques() {
	for i, id := range l.a.Techniques {
		if !techniqueForm.MatchString(id) {
			l.problem("technique.format", fmt.Sprintf("techniques[%d]", i), fmt.Sprintf("%.40q is no technique of ATT&CK.", id), "Write it as T1190, or T1059.001 for a sub-technique.")
		}
	}
	l.repeated(l.a.Techniques, "techniques")
}

func (l *linter) acknowledgements() { l.acknowledgementList(l.a.Acknowledgements, "acknowledgements") }

func (l *linter) acknowledgementList(all []Acknowledgement, path string) {
	for i, x := range all {
		where := fmt.Sprintf("%s[%d]", path, i)
		if len(x.Names) == 0 && x.Organisation == "" && isEmptyText(x.Summary) && len(x.URLs) == 0 {
			l.problem("acknowledgement.empty", where, "It thanks nobody (CSAF 3.1.1).", "Name who is thanked, or take it out.")
		}
		for k, name := range x.Names {
			if strings.TrimSpace(name) == "" {
				l.problem("value.missing", fmt.Sprintf("%s.names[%d]", where, k), "The name says nothing.", "Fill it in, or take it out.")
			}
		}
		for k, address := range x.URLs {
			l.url(address, fmt.Sprintf("%s.urls[%d]", where, k))
		}
	}
}

func (l *linter) supersedes() {
	for i, id := range l.a.Supersedes {
		if id != strings.TrimSpace(id) || id == "" || strings.ContainsAny(id, "\n\t") || len(id) > 100 {
			l.problem("supersedes.format", fmt.Sprintf("supersedes[%d]", i), fmt.Sprintf("%.60q is no tracking id.", id), "Write it as A26-11-04.")
		}
	}
	l.repeated(l.a.Supersedes, "supersedes")
}
