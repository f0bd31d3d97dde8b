package advisories

import (
	"fmt"
	"slices"
	"strings"
)

// maxCrossed bounds what is compared of products, vulnerabilities and remedies:
// the product of their numbers. Above it, what remedies do not help is not told.
const maxCrossed = 2_000_000

func (l *linter) remedies() {
	names := l.names()
	cross := len(l.a.Products)*len(l.a.Vulnerabilities)*len(l.a.Remedies) <= maxCrossed
	for i := range l.a.Remedies {
		r := &l.a.Remedies[i]
		path := fmt.Sprintf("remedies[%d]", i)
		l.defined(r.Products, path+".products")
		l.repeated(r.Vulnerabilities, path+".vulnerabilities")
		for k, id := range r.Vulnerabilities {
			if _, known := slices.BinarySearch(names, id); !known && !l.full() {
				remedy := "Add it to vulnerabilities, or correct the id."
				if near := nearest(id, names); near != "" {
					remedy = fmt.Sprintf("Did you mean %q?", near)
				}
				l.problem("remedy.vulnerability", fmt.Sprintf("%s.vulnerabilities[%d]", path, k), fmt.Sprintf("There is no vulnerability %.60q.", id), remedy)
			}
		}
		if r.URL != "" {
			l.url(r.URL, path+".url")
		} else if r.Kind == "vendor_fix" {
			l.problem("remedy.url", path+".url", "A vendor's fix has no address.", "Add where readers get it, or read how.")
		}
		if len(l.a.Vulnerabilities) > 0 && cross && !l.concerns(r) {
			l.problem("remedy.unconcerned", path, "It concerns none of the vulnerabilities: none of its products has a status there.", "Name products that the vulnerabilities name.")
		}
	}
	for i := range l.a.Vulnerabilities {
		if !cross {
			return
		}
		v := &l.a.Vulnerabilities[i]
		path := fmt.Sprintf("vulnerabilities[%d]", i)
		if alone := l.unremedied(v); len(alone) > 0 {
			l.problem("remedy.missing", path, fmt.Sprintf("Nothing helps %s.", strings.Join(alone[:min(len(alone), 5)], ", ")), "Add a remedy, or one of the kind no_fix_planned or none_available, so that readers know.")
		}
		l.contradictions(v, path)
	}
}

// concerns reports whether a remedy is one of some vulnerability.
func (l *linter) concerns(r *Remedy) bool {
	one := Advisory{Products: l.a.Products, Remedies: []Remedy{*r}}
	for i := range l.a.Vulnerabilities {
		if len(one.RemediesOf(&l.a.Vulnerabilities[i])) > 0 {
			return true
		}
	}
	return false
}

// contradictions are remedies that say of one product that there is a fix, and
// that there is none (CSAF 2.1, 6.1.35).
func (l *linter) contradictions(v *Vulnerability, path string) {
	has := map[string]map[string]bool{} // kinds by product
	for _, r := range l.a.RemediesOf(v) {
		for _, id := range r.Products {
			if has[id] == nil {
				has[id] = map[string]bool{}
			}
			has[id][r.Kind] = true
		}
	}
	for i := range l.a.Products {
		id := l.a.Products[i].ID
		kinds := has[id]
		if kinds["vendor_fix"] && (kinds["none_available"] || kinds["no_fix_planned"]) {
			l.problem("remedy.contradiction", path, fmt.Sprintf("Of product %q the remedies say both that there is a fix and that there is none.", id), "Keep what is true now.")
			return
		}
	}
}

// exploitation wants of what attackers use that it is dealt with as such.
func (l *linter) exploitation() {
	for i := range l.a.Vulnerabilities {
		v := &l.a.Vulnerabilities[i]
		path := fmt.Sprintf("vulnerabilities[%d].exploited", i)
		if e := v.EPSS; e != nil {
			l.epss(e, fmt.Sprintf("vulnerabilities[%d].epss", i))
		}
		x := v.Exploited
		if x == nil {
			continue
		}
		l.past(x.Since, path+".since")
		if strings.Contains(x.Source, "://") {
			l.url(x.Source, path+".source")
		}
		switch {
		case !x.Known && (x.Ransomware || !x.Since.IsZero() || !x.Due.IsZero()):
			l.problem("exploited.contradiction", path+".known", "It is not exploited, and a date or the use by ransomware is given all the same.", "Write known: true, or take the others out.")
		case !x.Since.IsZero() && !x.Due.IsZero() && x.Due.Before(x.Since):
			l.problem("date.order", path+".due", "It was due before it was exploited.", "Correct one of the dates.")
		}
		if x.Known && isEmptyText(l.a.Recommendation) && len(l.a.RemediesOf(v)) == 0 {
			l.problem("exploited.recommendation", path, "Attackers use it, and readers are not told what to do.", "Write a recommendation, or add a remedy.")
		}
		if x.Known && x.Source == "" {
			l.problem("exploited.source", path+".source", "Nothing says who knows that it is exploited.", "Add a source, such as CISA KEV or an address.")
		}
		if x.Known && (l.a.Risk == RiskLow || l.a.Risk == RiskMedium) {
			l.problem("risk.low", "risk", fmt.Sprintf("The risk is %s, and attackers use %s.", l.a.Risk, orThis(v.Key())), "Think of high or extreme.")
		}
	}
	if worst := l.a.Severity(); l.a.Risk == RiskLow && (worst.Severity == "HIGH" || worst.Severity == "CRITICAL") {
		l.problem("risk.low", "risk", fmt.Sprintf("The risk is low, and the worst CVSS score is %.1f.", worst.Score), "Think of a higher one.")
	}
	if l.a.Class == HighThreat && (l.a.Risk == RiskLow || l.a.Risk == RiskMedium) {
		l.problem("risk.class", "class", fmt.Sprintf("It is a High Threat alert of %s risk.", l.a.Risk), "Make it an alert, or give it a higher risk.")
	}
}

func orThis(key string) string {
	if key == "" {
		return "one of the vulnerabilities"
	}
	return key
}

func (l *linter) epss(e *EPSS, path string) {
	for name, x := range map[string]float64{"score": e.Score, "percentile": e.Percentile} {
		if !(x >= 0 && x <= 1) { // not a number is neither
			l.problem("epss.range", join(path, name), fmt.Sprintf("%v is not between 0 and 1.", x), "Write 0.5 for 50 percent.")
		}
	}
	l.past(e.Date, path+".date")
}
