package scanner

// Outcome is a check's verdict.
type Outcome string

// The five outcomes. Only Fail and Warn cost points; Unknown never does.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	Warn          Outcome = "warn" // half a fault: costs half of the weight
	NotApplicable Outcome = "not-applicable"
	UnknownResult Outcome = "unknown" // could not be tested; Failure says why
)

// Evidence is one thing that was seen, without judgement or prose: Subject is
// where ("https://example.hk/", "ns1.example.hk (192.0.2.1)", a record name),
// Observed is what ("Server: nginx/1.18.0", "v=spf1 +all", "no such header").
type Evidence struct {
	Subject  string `json:"subject"`
	Observed string `json:"observed"`
}

// Finding is one rule judged for one target.
type Finding struct {
	Rule     string     `json:"rule"`
	Outcome  Outcome    `json:"outcome"`
	Evidence []Evidence `json:"evidence,omitempty"` // at most MaxEvidence
	// More counts the evidence that was left out.
	More int `json:"more,omitempty"`
	// Failure says why an unknown is unknown.
	Failure *Failure `json:"failure,omitempty"`
	// Because says why a rule does not apply.
	Because NAReason `json:"because,omitempty"`
	// Params fill the placeholders of the rule's words and remedies beyond
	// those every rule has (see rules.Placeholders): {"mx": "mail.example.hk"}.
	Params map[string]string `json:"params,omitempty"`
}

// MaxEvidence is how many items of evidence one finding keeps.
const MaxEvidence = 12

// NAReason says why a rule does not apply to a target.
type NAReason string

// The reasons; reports have words for each in three languages.
const (
	NANoWeb     NAReason = "no-web"     // the name has no web server
	NANoHTTPS   NAReason = "no-https"   // there is no https to look at
	NANoMail    NAReason = "no-mail"    // the domain receives no mail
	NANoRecord  NAReason = "no-record"  // the record that this rule judges is not there (another rule says so)
	NANotUsed   NAReason = "not-used"   // the site does not use this technique
	NANotSigned NAReason = "not-signed" // the zone is not signed (another rule says so)
	NANotActive NAReason = "not-active" // active checks were not asked for
	NANotGiven  NAReason = "not-given"  // the user handed over no templates of their own
	NAPrivate   NAReason = "private"    // private addresses were allowed in this scan
	NAHidden    NAReason = "hidden"     // the resolver that was asked does not show this
	NANotInDNS  NAReason = "not-in-dns" // the name is not in the DNS: --connect-to stands in for it
	NAElsewhere NAReason = "elsewhere"  // the name only leads on to a site of another domain
	NANotFull   NAReason = "not-full"   // it takes every cipher suite (Options.TLSFull), which was not asked for
	NACovered   NAReason = "covered"    // a graver fault that another rule reports stands before this one
)

// Passed makes a pass.
func Passed(evidence ...Evidence) Finding { return Finding{Outcome: Pass}.with(evidence) }

// Failed makes a fail.
func Failed(evidence ...Evidence) Finding { return Finding{Outcome: Fail}.with(evidence) }

// Warned makes a warning.
func Warned(evidence ...Evidence) Finding { return Finding{Outcome: Warn}.with(evidence) }

// DoesNotApply makes a not-applicable.
func DoesNotApply(why NAReason) Finding { return Finding{Outcome: NotApplicable, Because: why} }

// CannotTell makes an unknown; a nil failure is an internal one, so that an
// unknown always has its reason.
func CannotTell(why *Failure, evidence ...Evidence) Finding {
	if why == nil {
		why = Failf(FailInternal, "no reason was recorded")
	}
	return Finding{Outcome: UnknownResult, Failure: why}.with(evidence)
}

// With sets a placeholder's value and returns the finding.
func (f Finding) With(param, value string) Finding {
	if f.Params == nil {
		f.Params = map[string]string{}
	}
	f.Params[param] = value
	return f
}

func (f Finding) with(evidence []Evidence) Finding {
	if len(evidence) > MaxEvidence {
		f.More = len(evidence) - MaxEvidence
		evidence = evidence[:MaxEvidence]
	}
	for _, e := range evidence {
		f.Evidence = append(f.Evidence, Evidence{Printable(e.Subject, 300), Printable(e.Observed, 500)})
	}
	return f
}

// Check judges one rule. Judge is pure: it reads Facts and nothing else, takes
// Facts.Started for the time, and is only called when every section named in
// Needs is there; otherwise the finding is unknown with the probe's failure.
type Check struct {
	Rule  string
	Needs []string // "dns", "web", "tls", "mail", "active"
	Judge func(*Facts) Finding
}
