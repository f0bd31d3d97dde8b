package scanner

import "net/netip"

// MailFacts is how the domain receives mail and protects its name in mail.
type MailFacts struct {
	// MX is the record set, sorted by preference then name. NullMX is RFC 7505's
	// "no mail here". Implicit: there is no MX and the domain's own address
	// takes its place (RFC 5321 section 5.1); it is not connected to.
	MX        []MXHost `json:"mx,omitempty"`
	NullMX    bool     `json:"null_mx,omitempty"`
	Implicit  bool     `json:"implicit,omitempty"`
	MXFailure *Failure `json:"mx_failure,omitempty"`
	SPF       SPF      `json:"spf"`
	DMARC     DMARC    `json:"dmarc"`
	DKIM      DKIM     `json:"dkim"`
	MTASTS    MTASTS   `json:"mta_sts"`
	TLSRPT    TLSRPT   `json:"tls_rpt"`
	// BIMI is nil where nobody looked for it.
	BIMI *BIMI `json:"bimi,omitempty"`
	// Names are names below the domain that a forger may like as well: www, and
	// the mail servers among them, sorted. Empty: nobody looked.
	Names []SenderName `json:"names,omitempty"`
}

// MXHost is one mail server of the MX set.
type MXHost struct {
	Preference uint16       `json:"preference"`
	Name       string       `json:"name"`
	Addrs      []netip.Addr `json:"addrs,omitempty"`
	Exists     bool         `json:"exists"`             // false: NXDOMAIN
	Failure    *Failure     `json:"failure,omitempty"`  // of the look-up or of the SMTP session (the first address that answered counts)
	Greeting   string       `json:"greeting,omitempty"` // the 220 line, at most 200 bytes
	// STARTTLS is yes or no from the EHLO answer.
	STARTTLS Tristate `json:"starttls"`
	// TLS is the server behind STARTTLS; nil when there was none.
	TLS *TLSHost `json:"tls,omitempty"`
	// Alias is yes where the name is a CNAME, which leads to CNAMEs.
	Alias  Tristate `json:"alias,omitempty"`
	CNAMEs []string `json:"cnames,omitempty"`
	// DANE is nil where nobody asked for it.
	DANE *MailDANE `json:"dane,omitempty"`
}

// MailDANE is what the DNS says of the key of a mail server (RFC 7672).
type MailDANE struct {
	At      string   `json:"at"` // "_25._tcp.mx.example.hk"
	Failure *Failure `json:"failure,omitempty"`
	// Records are the TLSA records, "3 1 1 ab12...", sorted; Security their
	// DNSSEC state, "" where there are none.
	Records  []string     `json:"records,omitempty"`
	Security DNSSECStatus `json:"security,omitempty"`
	// Usable is how many of them mail servers take into account: usage 2 or 3
	// with a selector and a digest that are known (RFC 7672 section 3.1).
	Usable int `json:"usable"`
	// Match is yes where a usable record, By, fits what the server sent, and no
	// where none does. "": the certificate was not seen (MatchFailure says why),
	// or no record is usable.
	Match        Tristate `json:"match,omitempty"`
	By           string   `json:"by,omitempty"`
	MatchFailure *Failure `json:"match_failure,omitempty"`
}

// SenderName is a name below the domain, and whether it says who may send mail
// in its name.
type SenderName struct {
	Name    string   `json:"name"`
	Address Tristate `json:"address,omitempty"` // it has an address
	SPF     Tristate `json:"spf,omitempty"`     // asked only where it has one
	Failure *Failure `json:"failure,omitempty"` // why either is not known
}

// SPF is the policy of RFC 7208.
type SPF struct {
	Failure *Failure `json:"failure,omitempty"`
	// Records are the SPF records. Where there is none but a TXT that somebody
	// meant as one ("v=spf1;..."), it stands here and Error says what is wrong.
	Records []string `json:"records,omitempty"`
	// Error is a permanent error of grammar or evaluation ("unknown mechanism
	// \"ip5\"", "include:... has no SPF record", "loop"), "" if none.
	Error string `json:"error,omitempty"`
	// Lookups counts the terms that query the DNS, includes and redirect
	// followed (section 4.6.4: at most 10); Voids those without an answer (at
	// most 2).
	Lookups int `json:"lookups"`
	Voids   int `json:"voids"`
	// Unresolved is set when a term could not be looked up for now (or a
	// redirect depends on each message), so that Lookups and Voids are only
	// lower bounds and All may be missing.
	Unresolved *Failure `json:"unresolved,omitempty"`
	// All is the qualifier of the effective "all", redirect followed: "-", "~",
	// "?", "+", or "" if there is none (which reads as "?"). What lets everybody
	// pass by other means (ip4:0.0.0.0/0, the include of a +all) counts as "+".
	All      string   `json:"all"`
	PTR      bool     `json:"ptr,omitempty"` // uses the deprecated ptr mechanism
	Includes []string `json:"includes,omitempty"`
}

// DMARC is the policy of RFC 7489 and RFC 9989.
type DMARC struct {
	Failure *Failure `json:"failure,omitempty"`
	At      string   `json:"at,omitempty"` // the name that holds it ("_dmarc.example.hk")
	// Records are the DMARC records at that name. Where there is none but a TXT
	// that somebody meant as one ("v=dmarc1;..."), it stands here and Error
	// says what is wrong.
	Records []string `json:"records,omitempty"`
	Error   string   `json:"error,omitempty"` // a fault of syntax, "" if none
	// Policy is what applies to the target itself: p, or sp when the record
	// was found at a parent. "none", "quarantine", "reject".
	Policy    string   `json:"policy,omitempty"`
	Subdomain string   `json:"subdomain,omitempty"` // sp as written
	Percent   int      `json:"percent"`             // pct, 100 if absent; 0 for t=y, which replaces pct=0 (RFC 9989)
	RUA       []string `json:"rua,omitempty"`
	RUF       []string `json:"ruf,omitempty"`
	// NonExistent is np as written (RFC 9989 section 4.7).
	NonExistent string `json:"non_existent,omitempty"`
	// AtApex is yes where DMARC records (ApexRecords) stand at the domain itself,
	// where nobody looks for them. "": not looked at.
	AtApex      Tristate `json:"at_apex,omitempty"`
	ApexRecords []string `json:"apex_records,omitempty"`
	// Reports are the mail addresses of rua and ruf. Empty beside an RUA: nobody
	// looked.
	Reports []ReportAddress `json:"reports,omitempty"`
}

// ReportAddress is where reports on the domain's mail are to be sent.
type ReportAddress struct {
	Tag    string `json:"tag"` // "rua" or "ruf"
	URI    string `json:"uri"`
	Domain string `json:"domain"`
	// Outside: it is of another organisation, which has to agree in a record at
	// AgreesAt (RFC 9990 section 4, RFC 7489 section 7.1).
	Outside       bool     `json:"outside,omitempty"`
	AgreesAt      string   `json:"agrees_at,omitempty"`
	Agrees        Tristate `json:"agrees,omitempty"`
	AgreesFailure *Failure `json:"agrees_failure,omitempty"`
	// Receives: the domain takes mail, by an MX or an address.
	Receives        Tristate `json:"receives,omitempty"`
	ReceivesFailure *Failure `json:"receives_failure,omitempty"`
}

// DKIM is what was found under the selectors that were tried.
type DKIM struct {
	Tried   int       `json:"tried"` // how many selectors got an answer
	Keys    []DKIMKey `json:"keys,omitempty"`
	Failure *Failure  `json:"failure,omitempty"`
}

// DKIMKey is one key record (RFC 6376 section 3.6.1).
type DKIMKey struct {
	Selector string `json:"selector"`
	Type     string `json:"type"`              // "rsa", "ed25519"
	Bits     int    `json:"bits"`              // of an RSA key; 256 for ed25519
	Revoked  bool   `json:"revoked,omitempty"` // empty p=
	Testing  bool   `json:"testing,omitempty"` // t=y
	Error    string `json:"error,omitempty"`   // the record cannot be used: why
}

// MTASTS is RFC 8461.
type MTASTS struct {
	Failure *Failure `json:"failure,omitempty"` // of the record's look-up
	Records []string `json:"records,omitempty"` // TXT at _mta-sts that start with v=STSv1
	URL     string   `json:"url,omitempty"`
	// PolicyFailure is how fetching the policy failed; PolicyError a fault in
	// the record, the HTTP status or the policy.
	PolicyFailure *Failure `json:"policy_failure,omitempty"`
	PolicyError   string   `json:"policy_error,omitempty"`
	Mode          string   `json:"mode,omitempty"` // "enforce", "testing", "none"
	MX            []string `json:"mx,omitempty"`
	MaxAge        int64    `json:"max_age,omitempty"` // seconds
	// Unmatched are MX names of the domain that the policy does not cover.
	Unmatched []string `json:"unmatched,omitempty"`
}

// TLSRPT is RFC 8460.
type TLSRPT struct {
	Failure *Failure `json:"failure,omitempty"`
	Records []string `json:"records,omitempty"`
	Error   string   `json:"error,omitempty"`
	RUA     []string `json:"rua,omitempty"`
}

// BIMI is a logo for mail (draft-brand-indicators-for-message-identification).
type BIMI struct {
	Failure *Failure `json:"failure,omitempty"`
	At      string   `json:"at,omitempty"` // the name that holds the record, "default._bimi.example.hk"
	Records []string `json:"records,omitempty"`
	Error   string   `json:"error,omitempty"` // a fault of the record
	// Declined: the record says that there shall be no logo.
	Declined bool `json:"declined,omitempty"`
	// Logo is the address of the picture (l=), Mark that of the certificate for
	// it (a=). Each has its failure, or what is wrong with what was fetched.
	Logo        string   `json:"logo,omitempty"`
	LogoFailure *Failure `json:"logo_failure,omitempty"`
	LogoError   string   `json:"logo_error,omitempty"`
	Mark        string   `json:"mark,omitempty"`
	MarkFailure *Failure `json:"mark_failure,omitempty"`
	MarkError   string   `json:"mark_error,omitempty"`
}
