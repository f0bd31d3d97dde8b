package report

import (
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/scanner"
)

// verdict is the grade in words, or why there is none.
type verdict struct {
	Letter  string // "" without a grade
	Spoken  string // "Grade D: 45 of 100", "No grade"
	Score   string
	Say     []string // sentences
	Next    []string // what to do, where there is no grade
	Percent int
}

// notice is what stands above a report of a scan that did not end well.
type notice struct {
	Title  string
	Say    []string
	Next   string
	Detail string
}

func verdictOf(r *scanner.Report, v *view, w *i18n.Words) verdict {
	if r.Grade.Letter != "" {
		g := verdict{
			Letter: r.Grade.Letter, Spoken: w.T("grade.spoken", "letter", r.Grade.Letter, "score", r.Grade.Score),
			Score: w.T("grade.score", "score", r.Grade.Score), Say: []string{w.T("grade." + r.Grade.Letter)}, Percent: min(max(r.Grade.Score, 0), 100),
		}
		if v.Counts.Unknown > 0 && v.Counts.Failed+v.Counts.Warned == 0 {
			g.Say = []string{w.T("report.all-clean")}
		}
		if r.Grade.Cap != "" {
			g.Say = append(g.Say, w.T("grade.cap."+string(r.Grade.Cap)))
		}
		return g
	}
	g := verdict{Spoken: w.T("grade.none")}
	if r.Status == scanner.Unreachable {
		g.Say = []string{w.T("grade.none.unreachable")}
		return g // the notice says the rest
	}
	var names, reasons []string
	for _, f := range v.Families {
		if f.WhyNone == "" {
			continue
		}
		names = append(names, f.Title)
		if main := largest(f.Unknown); main != nil {
			f.WhyNone = sentences(w, f.WhyNone, w.T("grade.none.family.reason", "reason", main.Reason))
			if !slices.Contains(reasons, main.Reason) {
				reasons = append(reasons, main.Reason)
			}
			if !slices.Contains(g.Next, main.Next) {
				g.Next = append(g.Next, main.Next)
			}
		}
	}
	if len(names) == 0 {
		g.Say = []string{w.T("grade.none.nothing")}
		return g
	}
	g.Say = []string{w.T("grade.none.families", "families", list(w, names...))}
	if len(reasons) > 0 {
		g.Say = append(g.Say, w.T("grade.none.family.reason", "reason", sentences(w, reasons...)))
	}
	return g
}

// largest is the reason that kept the most weight from being judged.
func largest(groups []group) *group {
	var (
		best *group
		most int
	)
	for i := range groups {
		weight := 0
		for _, it := range groups[i].Items {
			weight += it.Rule.Weight
		}
		if best == nil || weight > most {
			best, most = &groups[i], weight
		}
	}
	return best
}

func noticeOf(r *scanner.Report, w *i18n.Words) *notice {
	if r.Status != scanner.Incomplete && r.Status != scanner.Unreachable {
		return nil
	}
	n := &notice{Title: w.T("status." + string(r.Status))}
	key := ""
	if r.Reason != nil {
		n.Detail = clean(r.Reason.Detail)
		key = "status." + string(r.Status) + "." + string(r.Reason.Kind)
	}
	if r.Status == scanner.Incomplete {
		if onlyActive(r) {
			n.Title, n.Next = w.T("status.incomplete.active"), w.T("status.incomplete.active.next")
			return n
		}
		n.Say = []string{w.T("status.incomplete.about")}
	}
	switch {
	case w.Has(key):
		n.Say = append([]string{w.T(key)}, n.Say...)
		n.Next = w.T(key + ".next")
	case r.Reason != nil:
		n.Say = append([]string{w.T("failure." + string(r.Reason.Kind))}, n.Say...)
		n.Next = w.T("failure." + string(r.Reason.Kind) + ".next")
	}
	return n
}

// onlyActive tells whether the active checks alone kept a scan from being
// complete. Another probe that ended by itself, with a failure, did not.
func onlyActive(r *scanner.Report) bool {
	found := false
	for _, p := range r.Probes {
		if p.Name == "active" {
			found = found || p.Failure != nil
		} else if p.Stopped || (p.Failure != nil && p.Failure.Kind == scanner.FailInternal) {
			return false
		}
	}
	return found
}

// list joins words: "a, b"; "甲、乙".
func list(w *i18n.Words, words ...string) string {
	words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
	return strings.Join(words, w.T("report.words.separator"))
}

// joined puts counts and the like into one line.
func joined(w *i18n.Words, words ...string) string {
	words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
	return strings.Join(words, w.T("report.counts.separator"))
}

// sentences joins sentences; Chinese has no space between them.
func sentences(w *i18n.Words, s ...string) string {
	s = slices.DeleteFunc(s, func(s string) bool { return s == "" })
	if w.Lang == i18n.English {
		return strings.Join(s, " ")
	}
	return strings.Join(s, "")
}

// activeWords says what became of the active checks, and why they were allowed.
func activeWords(r *scanner.Report, w *i18n.Words) string {
	say := w.T("active." + string(r.Active))
	if r.Authorisation == nil || r.Active == scanner.ActiveNotAsked {
		return say
	}
	if key := "active.by." + string(r.Authorisation.How); w.Has(key) {
		return sentences(w, say, w.T(key, "where", clean(r.Authorisation.Where)))
	}
	return say
}
