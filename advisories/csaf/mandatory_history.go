package csaf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Paths of the history, in the tests below.
const (
	atHistory = "document.tracking.revision_history"
	atVersion = "document.tracking.version"
	atStatus  = "document.tracking.status"
)

// revision is an item of the history that could be read.
type revision struct {
	index   int
	date    time.Time
	version version
}

// history returns the items that have a date and a version, sorted by date; of one
// moment, by version. What has none is the schema's matter.
func (r *run) history() []revision {
	var list []revision
	for i, rev := range r.Document.Document.Tracking.RevisionHistory {
		date, err := ReadDate(rev.Date)
		if v, ok := readVersion(rev.Number); ok && err == nil {
			list = append(list, revision{i, date, v})
		}
	}
	slices.SortStableFunc(list, func(a, b revision) int {
		return cmp.Or(a.date.Compare(b.date), a.version.compare(b.version))
	})
	return list
}

func historyPath(i int) string { return fmt.Sprintf("%s[%d].number", atHistory, i) }

func (r *run) number(rev revision) string {
	return quote(r.Document.Document.Tracking.RevisionHistory[rev.index].Number)
}

// released reports whether the document is final or interim.
func (r *run) released() bool {
	s := r.Document.Document.Tracking.Status
	return s == "final" || s == "interim"
}

// unsortedHistory is 6.1.14: a later revision has a higher number.
func unsortedHistory(r *run) {
	list := r.history()
	for i := 1; i < len(list); i++ {
		if list[i].version.compare(list[i-1].version) < 0 {
			r.fail(historyPath(list[i].index), "correct the date or the number", "the version %s has a later date than %s", r.number(list[i]), r.number(list[i-1]))
		}
	}
}

// notLatestVersion is 6.1.16: the document's version is that of its last revision.
func notLatestVersion(r *run) {
	t := &r.Document.Document.Tracking
	list := r.history()
	if len(list) == 0 || t.Version == "" {
		return
	}
	ignored := "+"
	if t.Status == "draft" {
		ignored = "+-"
	}
	plain := func(s string) string {
		if i := strings.IndexAny(s, ignored); i >= 0 {
			return s[:i]
		}
		return s
	}
	last := list[len(list)-1]
	if plain(t.RevisionHistory[last.index].Number) != plain(t.Version) {
		r.fail(atVersion, "give the document the number of its last revision, or add the revision that is missing",
			"the version is %s, and the last revision has the number %s", quote(t.Version), r.number(last))
	}
}

// notDraft is 6.1.17: what has the version of a draft says that it is one.
func notDraft(r *run) {
	t := &r.Document.Document.Tracking
	if v, ok := readVersion(t.Version); ok && (v.unfinished() || v.pre != "") && t.Status != "draft" && t.Status != "" {
		r.fail(atStatus, "use the status draft, or a version from 1 without a pre-release part", "the version %s is one of a draft, and the status is %s", quote(t.Version), quote(t.Status))
	}
}

// draftInHistory is 6.1.18: what is released leaves its drafts out.
func draftInHistory(r *run) {
	if !r.released() {
		return
	}
	for i, rev := range r.Document.Document.Tracking.RevisionHistory {
		if v, ok := readVersion(rev.Number); ok && v.unfinished() {
			r.fail(historyPath(i), "remove the revisions of drafts", "the document is released, and its history has the version %s of a draft", quote(rev.Number))
		}
	}
}

// preReleaseInHistory is 6.1.19.
func preReleaseInHistory(r *run) {
	for i, rev := range r.Document.Document.Tracking.RevisionHistory {
		if v, ok := readVersion(rev.Number); ok && v.pre != "" {
			r.fail(historyPath(i), "remove the revision", "the history has the pre-release version %s", quote(rev.Number))
		}
	}
}

// preReleaseReleased is 6.1.20.
func preReleaseReleased(r *run) {
	t := &r.Document.Document.Tracking
	if v, ok := readVersion(t.Version); ok && v.pre != "" && r.released() {
		r.fail(atVersion, "use a version without a pre-release part, or the status draft", "the document is %s, and its version %s is a pre-release", t.Status, quote(t.Version))
	}
}

// missingRevision is 6.1.21: the history begins with 0 or 1 and leaves no (major)
// version out.
func missingRevision(r *run) {
	list := r.history()
	if len(list) == 0 {
		return
	}
	if list[0].version.number() > 1 {
		r.fail(historyPath(list[0].index), "add the revisions before it, from 1", "the history begins with the version %s", r.number(list[0]))
	}
	highest := list[0].version.number()
	for _, rev := range list[1:] {
		n := rev.version.number()
		if n > highest && n-highest > 1 {
			r.fail(historyPath(rev.index), "add the revisions that are left out, or correct the number", "the version %s follows %d: what is between them is missing", r.number(rev), highest)
		}
		highest = max(highest, n)
	}
}

// multipleRevision is 6.1.22: a number is that of one revision.
func multipleRevision(r *run) {
	first := map[string]int{}
	for i, rev := range r.Document.Document.Tracking.RevisionHistory {
		if before, ok := first[rev.Number]; ok {
			r.fail(historyPath(i), "give each revision a number of its own", "the version %s is already that of revision_history[%d]", quote(rev.Number), before)
		} else if rev.Number != "" {
			first[rev.Number] = i
		}
	}
}

// mixedVersions is 6.1.30: all versions are integers, or all are semantic.
func mixedVersions(r *run) {
	t := &r.Document.Document.Tracking
	semantic, known := false, false
	look := func(path, number string) {
		v, ok := readVersion(number)
		switch {
		case !ok:
		case !known:
			semantic, known = v.semantic, true
		case v.semantic != semantic:
			r.fail(path, "use integers throughout; what the numbers were goes into legacy_version", "the version %s is of another kind than the first one of the history", quote(number))
		}
	}
	for i, rev := range t.RevisionHistory {
		look(historyPath(i), rev.Number)
	}
	look(atVersion, t.Version)
}
