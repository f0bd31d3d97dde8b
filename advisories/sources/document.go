package sources

import (
	"net/url"
	"slices"
	"strings"

	"github.com/cybersec-infohub/infohub/advisories"
	"github.com/cybersec-infohub/infohub/advisories/csaf"
	"github.com/cybersec-infohub/infohub/hub/tlp"
)

// large is from what size on documents are read one at a time, because each takes
// many times its size in memory; bytes.
const large = 1 << 20

// document reads a CSAF document and holds it to the schema and to the mandatory
// tests.
func (r *run) document(data []byte, e *entry) (advisories.Publication, *Refusal) {
	refuse := func(id string, code Code, detail string) (advisories.Publication, *Refusal) {
		f := r.refusal(e.url, id, code, detail)
		return advisories.Publication{}, &f
	}
	if len(data) > large {
		r.large.Lock()
		defer r.large.Unlock()
	}
	d, problems, err := csaf.Parse(data)
	if err != nil {
		return refuse(e.id, RefusedFormat, err.Error())
	}
	if wrong := told(problems); wrong != "" {
		return refuse(d.Document.Tracking.ID, RefusedFormat, wrong)
	}
	if wrong := told(csaf.Test(d)); wrong != "" {
		return refuse(d.Document.Tracking.ID, RefusedTest, wrong)
	}
	p, err := csaf.Import(d)
	if err != nil {
		return refuse(d.Document.Tracking.ID, RefusedFormat, err.Error())
	}
	return p, nil
}

// told joins the first problems that are no mere warnings.
func told(problems []advisories.Problem) string {
	var all []string
	for _, p := range problems {
		if !p.Warning && len(all) < 3 {
			all = append(all, p.Rule+" "+p.Path+": "+p.Message)
		}
	}
	return strings.Join(all, "; ")
}

func fileName(trackingID string) string { return csaf.FileName(trackingID) }

// unlabelled is the label of a feed for documents that have none (CSAF 7.1.15).
const unlabelled = "UNLABELED"

// labelled is the marking that the documents of a feed have at most.
func labelled(label string) tlp.Marking {
	switch label {
	case "GREEN":
		return tlp.Green
	case "AMBER":
		return tlp.AmberStrict // of AMBER and AMBER+STRICT, which CSAF 2.0 cannot tell apart
	case "RED":
		return tlp.Red
	}
	return tlp.Clear
}

// strict orders the markings; one that is not known is the strictest.
func strict(m tlp.Marking) int {
	if i := slices.Index(tlp.Labels(), m); i >= 0 {
		return i
	}
	return len(tlp.Labels())
}

// place is what a namespace and another have in common if they are one: host and
// path, without the differences that people make between the two.
func place(namespace string) string {
	u, err := url.Parse(strings.TrimSpace(namespace))
	if err != nil || u.Host == "" {
		return namespace
	}
	return strings.TrimPrefix(strings.ToLower(u.Host), "www.") + strings.TrimRight(u.Path, "/")
}
