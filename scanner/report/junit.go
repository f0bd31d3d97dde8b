package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/cybersec-infohub/infohub/scanner"
)

// The file around the suites. Totals stand in each suite: the root's would need
// every report before the first is written.
const (
	junitHead = xml.Header + "<testsuites name=\"infohub\">\n"
	junitFoot = "</testsuites>\n"
)

type junitSuite struct {
	XMLName   xml.Name    `xml:"testsuite"`
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"` // seconds
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Time    string     `xml:"time,attr"`
	Failure *junitNote `xml:"failure"`
	Error   *junitNote `xml:"error"`
	Skipped *junitNote `xml:"skipped"`
	Out     string     `xml:"system-out,omitempty"`
}

type junitNote struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// junitSuiteOf writes a report as one suite. Its first case is the scan itself,
// which is an error where a site was not reached, not scanned to the end or has
// no grade. A fault is a failure; a warning passes and says so in its output, as
// it does not change the exit code; what was not tested is skipped.
func junitSuiteOf(w io.Writer, r *scanner.Report, opts Options) error {
	v := newView(r, opts)
	s := junitSuite{
		Name: clean(r.Target.Domain), Time: fmt.Sprintf("%.3f", float64(r.Millis)/1000),
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
	}
	s.add(junitCase{Class: "infohub", Name: "scan", Error: junitScan(v)})
	for _, f := range r.Findings {
		it := newItem(r, f, opts, v.Words)
		c := junitCase{Class: "infohub." + it.Rule.Family, Name: it.Rule.ID + ": " + it.Title}
		switch f.Outcome {
		case scanner.Fail:
			c.Failure = &junitNote{Message: it.Title, Type: string(it.Rule.Severity), Text: it.lines()}
		case scanner.Warn:
			c.Out = it.Label() + "\n" + it.lines()
		case scanner.UnknownResult:
			why := it.whyUnknown()
			c.Skipped = &junitNote{Message: sentences(v.Words, v.T("failure."+string(why.Kind)), clean(why.Detail))}
		case scanner.NotApplicable:
			c.Skipped = &junitNote{Message: notApplicable([]*item{it}, v.Words)[0].Reason}
		}
		s.add(c)
	}
	out, err := xml.MarshalIndent(s, "  ", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", out)
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (s *junitSuite) add(c junitCase) {
	c.Time = "0"
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// junitScan is what is wrong with the scan, nil if nothing is.
func junitScan(v *view) *junitNote {
	switch n := v.Notice; {
	case n != nil:
		kind := ""
		if v.Report.Reason != nil {
			kind = clean(string(v.Report.Reason.Kind))
		}
		return &junitNote{Message: n.Title, Type: kind, Text: sentences(v.Words, append(n.Say, n.Next, n.Detail)...)}
	case v.Verdict.Letter == "":
		return &junitNote{Message: v.Verdict.Spoken, Type: "no-grade", Text: sentences(v.Words, append(v.Verdict.Say, v.Verdict.Next...)...)}
	}
	return nil
}

// lines are what to do and what was seen.
func (it *item) lines() string {
	all := []string{it.Fix}
	for _, e := range it.Evidence {
		all = append(all, e.Subject+": "+e.Observed)
	}
	if it.More > 0 {
		all = append(all, it.T("report.seen.more", "n", it.More))
	}
	return strings.Join(all, "\n")
}
