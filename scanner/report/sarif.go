package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/cybersec-infohub/infohub/internal/i18n"
	"github.com/cybersec-infohub/infohub/rules"
	"github.com/cybersec-infohub/infohub/scanner"
)

// sarifHead begins a log of OASIS SARIF 2.1.0; the runs follow, one a report.
const sarifHead = `{"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json","version":"2.1.0","runs":[
`

// The parts of SARIF that we write; the clauses are those of the standard.
type (
	sarifRun struct { // 3.14
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Automation  sarifID           `json:"automationDetails"`
		Language    string            `json:"language"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		Properties  map[string]any    `json:"properties"`
	}
	sarifID struct {
		ID string `json:"id"`
	}
	sarifDriver struct { // 3.19
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct { // 3.49
		ID         string         `json:"id"`
		Short      sarifText      `json:"shortDescription"`
		Full       *sarifText     `json:"fullDescription,omitempty"`
		Help       *sarifText     `json:"help,omitempty"`
		HelpURI    string         `json:"helpUri,omitempty"`
		Default    sarifDefault   `json:"defaultConfiguration"`
		Properties map[string]any `json:"properties"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct { // 3.20
		Successful    bool                `json:"executionSuccessful"`
		Start         string              `json:"startTimeUtc"`
		End           string              `json:"endTimeUtc"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct { // 3.58
		Level   string        `json:"level"`
		Message sarifText     `json:"message"`
		Rule    *sarifRuleRef `json:"associatedRule,omitempty"`
	}
	sarifRuleRef struct {
		ID    string `json:"id"`
		Index int    `json:"index"`
	}
	sarifResult struct { // 3.27
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   map[string]any    `json:"properties"`
	}
	sarifLocation struct { // 3.28
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine int `json:"startLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	}
)

// sarifRunOf writes a report as one run. Faults and warnings are results: code
// hosts show every result as an alert, whatever its kind. What could not be
// tested is a notification of the tool, and a scan that did not end well was
// not successful.
func sarifRunOf(w io.Writer, r *scanner.Report, opts Options) error {
	words := opts.words()
	var run sarifRun
	_, version, _ := strings.Cut(clean(r.Program), " ")
	run.Tool.Driver = sarifDriver{Name: "Infohub", Version: version, URI: "https://github.com/cybersec-infohub/infohub", Rules: []sarifRule{}}
	domain := clean(r.Target.Domain)
	run.Automation.ID = "infohub/" + domain + "/"
	run.Language = sarifLanguage(words.Lang)
	run.Results = []sarifResult{}
	run.Properties = map[string]any{"domain": domain, "status": r.Status, "grade": r.Grade.Letter}
	if r.Grade.Letter != "" {
		run.Properties["score"] = r.Grade.Score
	}
	inv := sarifInvocation{
		Successful: r.Status == scanner.Complete && r.Grade.Letter != "", Start: r.Started.UTC().Format(time.RFC3339),
		End: r.Started.Add(time.Duration(r.Millis) * time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z"), Notifications: []sarifNotification{},
	}
	if n := noticeOf(r, words); n != nil {
		inv.Notifications = append(inv.Notifications, sarifNotification{
			Level: "error", Message: sarifMessage(append(append([]string{n.Title}, n.Say...), n.Next, n.Detail)...),
		})
	}
	index := map[string]int{}
	for _, f := range r.Findings {
		it := newItem(r, f, opts, words)
		at, known := index[it.Rule.ID]
		if !known {
			at = len(run.Tool.Driver.Rules)
			index[it.Rule.ID] = at
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(it))
		}
		switch f.Outcome {
		case scanner.Fail, scanner.Warn:
			run.Results = append(run.Results, sarifResultOf(it, at, domain))
		case scanner.UnknownResult:
			why := it.whyUnknown()
			inv.Notifications = append(inv.Notifications, sarifNotification{
				Level: "note", Rule: &sarifRuleRef{it.Rule.ID, at},
				Message: sarifMessage(it.Title, words.T("failure."+string(why.Kind)), clean(why.Detail)),
			})
		}
	}
	run.Invocations = []sarifInvocation{inv}
	out, err := json.MarshalIndent(run, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", out)
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func sarifRuleOf(it *item) sarifRule {
	rule := sarifRule{
		ID: it.Rule.ID, Short: sarifMessage(it.Title), Default: sarifDefault{sarifLevel(it.Rule.Severity, scanner.Fail)},
		Properties: map[string]any{"tags": []string{"security", it.Rule.Family}},
	}
	if !it.Known() {
		return rule
	}
	full, help := sarifMessage(it.Why), sarifMessage(it.Why, it.Fix)
	rule.Full, rule.Help = &full, &help
	if len(it.Rule.References) > 0 {
		rule.HelpURI = it.Rule.References[0].URL
	}
	rule.Properties["security-severity"] = sarifScore(it.Rule.Severity)
	return rule
}

func sarifResultOf(it *item, index int, domain string) sarifResult {
	res := sarifResult{
		RuleID: it.Rule.ID, RuleIndex: index, Level: sarifLevel(it.Rule.Severity, it.Outcome),
		Message: sarifMessage(it.Title, it.lines()), Fingerprints: map[string]string{"infohub/v1": domain + "/" + it.Rule.ID},
		Properties: map[string]any{"outcome": it.Outcome, "severity": it.Rule.Severity, "owner": it.Rule.Owner, "effortMinutes": it.Rule.Effort},
	}
	// Code hosts want a file and a line; a site is neither, so its name stands
	// for the file.
	var loc sarifLocation
	loc.Physical.Artifact.URI = (&url.URL{Path: domain}).String()
	loc.Physical.Region.StartLine = 1
	res.Locations = []sarifLocation{loc}
	return res
}

// sarifMessage joins lines into plain text. Braces are doubled (3.11.5), and no
// stranger's text becomes a link (3.11.6).
func sarifMessage(lines ...string) sarifText {
	var all []string
	for _, s := range lines {
		if s != "" {
			all = append(all, s)
		}
	}
	return sarifText{strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(strings.Join(all, "\n"))}
}

func sarifLevel(s rules.Severity, o scanner.Outcome) string {
	switch {
	case s == rules.Low, s == rules.Info:
		return "note"
	case s == rules.Medium, o == scanner.Warn:
		return "warning"
	}
	return "error"
}

// sarifScore is the severity as code hosts read it, in the bands of CVSS.
func sarifScore(s rules.Severity) string {
	switch s {
	case rules.Critical:
		return "9.5"
	case rules.High:
		return "8.0"
	case rules.Medium:
		return "5.5"
	case rules.Low:
		return "2.5"
	}
	return "0.0"
}

// sarifLanguage is a language and a region: the standard's schema takes no
// script.
func sarifLanguage(l i18n.Lang) string {
	switch l {
	case i18n.Traditional:
		return "zh-HK"
	case i18n.Simplified:
		return "zh-CN"
	}
	return "en"
}
