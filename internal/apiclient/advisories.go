package apiclient

import (
	"encoding/json"
	"time"
)

// AdvisorySummary is an advisory in a list.
type AdvisorySummary struct {
	ID        string            `json:"id" doc:"Tracking id, such as A26-11-04; absent before the first publication."`
	Title     map[string]string `json:"title" doc:"By language: en, zh-Hant, zh-Hans. One that is not there is missing."`
	Class     string            `json:"class,omitempty" enum:"alert,high-threat,"`
	Risk      string            `json:"risk,omitempty" enum:"low,medium,high,extreme,"`
	TLP       string            `json:"tlp" doc:"Label, such as TLP:CLEAR."`
	State     string            `json:"state" enum:"draft,in-review,approved,published,revised,withdrawn,superseded"`
	Revision  int               `json:"revision,omitempty"`
	Initial   time.Time         `json:"initial,omitzero" doc:"When it was first published."`
	Current   time.Time         `json:"current,omitzero" doc:"When this revision was."`
	Tags      []string          `json:"tags,omitempty" nullable:"false"`
	Sectors   []string          `json:"sectors,omitempty" nullable:"false"`
	CVEs      []string          `json:"cves,omitempty" nullable:"false"`
	Products  []string          `json:"products,omitempty" nullable:"false" doc:"Vendor and name."`
	Severity  string            `json:"severity,omitempty" doc:"Worst of its CVSS vectors: none, low, medium, high or critical."`
	Score     float64           `json:"score,omitempty"`
	Exploited bool              `json:"exploited,omitempty"`
	URL       string            `json:"url,omitempty"`
	Publisher string            `json:"publisher,omitempty"`
	Library   *Provenance       `json:"library,omitempty" doc:"Of what others published: where it comes from."`
}

// Provenance is where something that others published comes from.
type Provenance struct {
	Source   string    `json:"source" doc:"Id of the source."`
	URL      string    `json:"url,omitempty"`
	Fetched  time.Time `json:"fetched"`
	Verified string    `json:"verified,omitempty" doc:"signature, hash or none."`
	Ref      string    `json:"ref" doc:"Its name in the library."`
}

// Revision is a step of an advisory's history.
type Revision struct {
	Number  int               `json:"number"`
	Date    time.Time         `json:"date"`
	Summary map[string]string `json:"summary,omitempty"`
}

// Advisory is one that was published.
type Advisory struct {
	AdvisorySummary
	Revisions    []Revision      `json:"revisions" nullable:"false"`
	SupersededBy string          `json:"superseded_by,omitempty"`
	Advisory     json.RawMessage `json:"advisory" doc:"The record, as docs/schema/advisory-1.json describes it."`
}

// Draft is a record at work, for analysts.
type Draft struct {
	AdvisorySummary
	Record    string            `json:"record" doc:"Id of the record, from its first draft on."`
	Version   int               `json:"version" doc:"Give it with the next change: it is refused if somebody else was faster."`
	Working   string            `json:"working,omitempty" enum:"draft,in-review,approved," doc:"State of what is at work; absent where nothing is."`
	Action    string            `json:"action,omitempty" doc:"What its publication does: publish, withdraw or supersede."`
	Authors   []string          `json:"authors,omitempty" nullable:"false" doc:"Mail addresses or ids; they cannot approve it."`
	Approver  string            `json:"approver,omitempty"`
	PublishAt time.Time         `json:"publish_at,omitzero" doc:"When it is published by itself."`
	Rejected  string            `json:"rejected,omitempty" doc:"Why a reviewer sent it back."`
	Trouble   string            `json:"trouble,omitempty" doc:"Why it could not be published when it was due."`
	Reason    map[string]string `json:"summary,omitempty" doc:"What the revision is about, or why it is withdrawn, by language."`
	Changed   time.Time         `json:"changed,omitzero"`
	Advisory  json.RawMessage   `json:"advisory,omitempty" doc:"What is at work, or else what is published."`
	YAML      string            `json:"yaml,omitempty" doc:"The same as a file."`
	Problems  []LintProblem     `json:"problems,omitempty" nullable:"false"`
}

// LintProblem is something that lint found.
type LintProblem struct {
	Rule    string `json:"rule"`
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Warning bool   `json:"warning,omitempty" doc:"It may be published all the same."`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

// DraftEdit makes or changes a draft.
type DraftEdit struct {
	Version int    `json:"version,omitempty" doc:"Of the record that was changed; not of a new one."`
	YAML    string `json:"yaml" maxLength:"1048576" doc:"The advisory as a file (YAML or JSON)."`
}

// Step moves a draft on.
type Step struct {
	Version int               `json:"version" doc:"Of the record, so that nobody decides about what they have not seen."`
	Reason  string            `json:"reason,omitempty" maxLength:"2000" doc:"Of a rejection."`
	Summary map[string]string `json:"summary,omitempty" doc:"By language: what is new in this revision, why it is withdrawn."`
	Interim bool              `json:"interim,omitempty" doc:"It is expected to change soon."`
	At      time.Time         `json:"at,omitzero" doc:"Publish then; absent: now."`
	By      string            `json:"by,omitempty" maxLength:"100" doc:"Tracking id of the successor, to supersede."`
}

// FieldChange is a difference between two revisions.
type FieldChange struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// AdvisoryDiff is what changed between two revisions.
type AdvisoryDiff struct {
	From    int           `json:"from" doc:"0: the draft before, or nothing."`
	To      int           `json:"to" doc:"0: what is at work."`
	Changes []FieldChange `json:"changes" nullable:"false"`
	Text    string        `json:"text"`
}

// AdvisorySettings say how advisories are published.
type AdvisorySettings struct {
	PatternClear string    `json:"pattern_clear" doc:"Of tracking ids for TLP:CLEAR: {yy} {yyyy} {mm} {dd} {seq}."`
	PatternOther string    `json:"pattern_other" doc:"For all other labels, also {tlp}."`
	URL          string    `json:"url,omitempty" doc:"Where this hub is reached: https://hub.example.hk."`
	Publisher    string    `json:"publisher,omitempty"`
	Namespace    string    `json:"namespace,omitempty" doc:"A URL that is the publisher's own."`
	Category     string    `json:"category,omitempty" enum:"coordinator,discoverer,other,translator,user,vendor,"`
	Contact      string    `json:"contact,omitempty"`
	Authority    string    `json:"authority,omitempty"`
	Fingerprint  string    `json:"fingerprint,omitempty" doc:"Of the OpenPGP key that signs."`
	PublicKey    string    `json:"public_key,omitempty" doc:"That key, armored."`
	Updated      time.Time `json:"updated,omitzero"`
}

// AdvisorySettingsEdit changes what is not absent.
type AdvisorySettingsEdit struct {
	PatternClear *string `json:"pattern_clear,omitempty" maxLength:"60"`
	PatternOther *string `json:"pattern_other,omitempty" maxLength:"60"`
	URL          *string `json:"url,omitempty" maxLength:"300"`
	Publisher    *string `json:"publisher,omitempty" maxLength:"200"`
	Namespace    *string `json:"namespace,omitempty" maxLength:"300"`
	Category     *string `json:"category,omitempty" enum:"coordinator,discoverer,other,translator,user,vendor"`
	Contact      *string `json:"contact,omitempty" maxLength:"500"`
	Authority    *string `json:"authority,omitempty" maxLength:"1000"`
}

// Component is a piece of software that somebody has.
type Component struct {
	Name    string `json:"name" maxLength:"300"`
	Vendor  string `json:"vendor,omitempty" maxLength:"300"`
	Version string `json:"version,omitempty" maxLength:"200"`
	CPE     string `json:"cpe,omitempty" maxLength:"500"`
	PURL    string `json:"purl,omitempty" maxLength:"1000"`
	// Distribution is the operating system that ships it.
	Distribution string `json:"distribution,omitempty" maxLength:"100" doc:"Operating system that ships it, and may mend it without another version: debian, ubuntu."`
}

// MatchRequest asks which advisories concern an inventory: its components, or a
// document (CycloneDX, SPDX, CSV, a scan's report).
type MatchRequest struct {
	Components []Component `json:"components,omitempty" nullable:"false" maxItems:"50000"`
	Document   string      `json:"document,omitempty" maxLength:"4194304"`
	Name       string      `json:"name,omitempty" maxLength:"200" doc:"The document's file name or media type; absent: told by what is in it."`
	// Asset records the answer for an asset of the caller's organisation.
	Asset string `json:"asset,omitempty" maxLength:"300" doc:"Id, name or domain of an asset of the caller's: who is concerned is kept, and what is no longer there is marked as fixed."`
	Scan  string `json:"scan,omitempty" maxLength:"300" doc:"Which scan found the components, for the record."`
	All   bool   `json:"all,omitempty" doc:"Also what was looked at and is not affected."`
}

// Match is an advisory that concerns a component.
type Match struct {
	AdvisorySummary
	Component       Component         `json:"component"`
	State           string            `json:"match" enum:"affected,possible,not-affected"`
	Reason          string            `json:"reason" doc:"A word that programs read."`
	Params          map[string]string `json:"params,omitempty" doc:"What the reason is about."`
	Vulnerabilities []string          `json:"vulnerabilities,omitempty" nullable:"false"`
	Remedies        map[string]string `json:"remedies,omitempty" doc:"What to do, by language."`
}

// MatchResult is the answer.
type MatchResult struct {
	Components int      `json:"components" doc:"How many were looked up."`
	Matches    []Match  `json:"matches" nullable:"false"`
	Warnings   []string `json:"warnings,omitempty" nullable:"false" doc:"What could not be read of the document."`
	Recorded   bool     `json:"recorded,omitempty"`
}

// Exposure is an asset that an advisory concerns.
type Exposure struct {
	ID           string    `json:"id"`
	Advisory     string    `json:"advisory" doc:"Tracking id."`
	Organisation string    `json:"organisation" doc:"Handle."`
	Asset        string    `json:"asset"`
	Component    string    `json:"component"`
	Version      string    `json:"version,omitempty"`
	State        string    `json:"state" enum:"affected,possible"`
	Reason       string    `json:"reason,omitempty"`
	Found        time.Time `json:"found"`
	Told         time.Time `json:"told,omitzero"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	By           string    `json:"acknowledged_by,omitempty"`
	Note         string    `json:"note,omitempty"`
	Resolved     time.Time `json:"resolved,omitzero" doc:"When it was seen to be fixed."`
	How          string    `json:"how,omitempty" enum:"scan,inventory,revision,withdrawn,superseded,unreadable," doc:"What closed it: a scan or an inventory in which it is gone or fixed, or what became of the advisory."`
	Verified     string    `json:"verified,omitempty" doc:"By which scan, inventory or revision."`

	AssetID         string            `json:"asset_id"`
	Revision        int               `json:"revision" doc:"Of the advisory, that it was last looked up in."`
	Params          map[string]string `json:"params,omitempty" doc:"What the reason is about."`
	Vulnerabilities []string          `json:"vulnerabilities,omitempty" nullable:"false"`
}

// Acknowledgement is an organisation's word that it has read an advisory.
type Acknowledgement struct {
	Note string `json:"note,omitempty" maxLength:"2000"`
}

// AdvisorySubscription asks for mail or a webhook about advisories.
type AdvisorySubscription struct {
	ID      string    `json:"id"`
	Channel string    `json:"channel" enum:"mail,webhook"`
	To      string    `json:"to"`
	Lang    string    `json:"lang" enum:"en,zh-Hant,zh-Hans"`
	Every   string    `json:"every" enum:"at-once,daily,weekly"`
	Product string    `json:"product,omitempty"`
	Sector  string    `json:"sector,omitempty"`
	Risk    string    `json:"risk,omitempty" doc:"This one and worse."`
	Own     bool      `json:"own,omitempty" doc:"Only what concerns the organisation's own assets."`
	Created time.Time `json:"created"`
	Due     time.Time `json:"due,omitzero" doc:"When the next digest is."`
	Secret  string    `json:"secret,omitempty" doc:"Of a webhook: what its messages are signed with (Standard Webhooks). It is shown when the subscription is made, and not again."`
}

// NewAdvisorySubscription asks for one.
type NewAdvisorySubscription struct {
	Channel string `json:"channel" enum:"mail,webhook"`
	To      string `json:"to,omitempty" maxLength:"2000" doc:"Absent for mail: the caller's own address."`
	Lang    string `json:"lang,omitempty" enum:"en,zh-Hant,zh-Hans"`
	Every   string `json:"every,omitempty" enum:"at-once,daily,weekly"`
	Product string `json:"product,omitempty" maxLength:"200"`
	Sector  string `json:"sector,omitempty" maxLength:"100"`
	Risk    string `json:"risk,omitempty" enum:"low,medium,high,extreme"`
	Own     bool   `json:"own,omitempty" doc:"Only what concerns the organisation's own assets, of imported advisories too."`
}

// AdvisorySource is where others' advisories are fetched from.
type AdvisorySource struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind" enum:"csaf,kev,epss,osv,bulletin"`
	URL       string    `json:"url"`
	Mode      string    `json:"mode" enum:"library,draft"`
	Every     string    `json:"every,omitempty" doc:"How often, such as 6h; absent: only when it is run."`
	Signed    bool      `json:"require_signature,omitempty" doc:"Refuse documents without a good signature."`
	Lang      string    `json:"lang,omitempty"`
	TLP       string    `json:"tlp,omitempty" doc:"Label of what says none itself."`
	Secret    bool      `json:"secret,omitempty" doc:"Something secret is sent along."`
	Paused    bool      `json:"paused,omitempty"`
	Created   time.Time `json:"created"`
	Tried     time.Time `json:"tried,omitzero"`
	Succeeded time.Time `json:"succeeded,omitzero"`
	Error     string    `json:"error,omitempty"`
	New       int       `json:"new"`
	Changed   int       `json:"changed"`
	Unchanged int       `json:"unchanged"`
	Refused   []Refusal `json:"refused,omitempty" nullable:"false" doc:"The last that were refused."`
	Warnings  []string  `json:"warnings,omitempty" nullable:"false" doc:"Of the run that was asked for."`
}

// Refusal is a document that was not taken.
type Refusal struct {
	URL    string    `json:"url"`
	ID     string    `json:"id,omitempty"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
	Time   time.Time `json:"time,omitzero"`
}

// NewAdvisorySource asks for one.
type NewAdvisorySource struct {
	ID     string `json:"id" minLength:"1" maxLength:"60" pattern:"^[a-z0-9][a-z0-9-]*$"`
	Kind   string `json:"kind" enum:"csaf,kev,epss,osv,bulletin"`
	URL    string `json:"url" maxLength:"2000"`
	Mode   string `json:"mode,omitempty" enum:"library,draft"`
	Every  string `json:"every,omitempty" maxLength:"20"`
	Signed bool   `json:"require_signature,omitempty"`
	Lang   string `json:"lang,omitempty" enum:"en,zh-Hant,zh-Hans,"`
	TLP    string `json:"tlp,omitempty" maxLength:"20" doc:"Label of what says none itself, such as bulletins. Absent: CLEAR, or AMBER+STRICT where something secret is sent."`
	// Authorization is sent to the source alone, and never shown.
	Authorization string `json:"authorization,omitempty" maxLength:"2000" doc:"Value of the header Authorization, for a source that asks for one. It is never shown again."`
}

// Imported is what became of a document.
type Imported struct {
	ID       string        `json:"id" doc:"Tracking id, or that of the draft."`
	Ref      string        `json:"ref,omitempty" doc:"Its name in the library."`
	Outcome  string        `json:"outcome" enum:"added,updated,duplicate,older,conflict,refused"`
	Reason   string        `json:"reason,omitempty"`
	Problems []LintProblem `json:"problems,omitempty" nullable:"false"`
}

// ProviderItem is a line of an export: a document as the provider serves it.
type ProviderItem struct {
	ID        string    `json:"id"`
	Revision  int       `json:"revision"`
	TLP       string    `json:"tlp"`
	Title     string    `json:"title"`
	Initial   time.Time `json:"initial"`
	Current   time.Time `json:"current"`
	Tags      []string  `json:"tags,omitempty" nullable:"false"`
	Document  string    `json:"document"`
	SHA256    string    `json:"sha256"`
	SHA512    string    `json:"sha512"`
	Signature string    `json:"signature,omitempty"`
}
