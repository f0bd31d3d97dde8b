package scanner

// ActiveFacts is what the nuclei child process saw. Every template ends for
// every target as matched, not matched or failed with a reason: a result that
// the engine lost is Lost, never "not matched".
type ActiveFacts struct {
	Engine    string         `json:"engine"` // "nuclei v3.10.0"
	Templates []ActiveResult `json:"templates"`
}

// ActiveResult is one template against one target URL.
type ActiveResult struct {
	Template string `json:"template"` // the template's id; of ours the rule's id
	// Given: the template is one that the user handed to this scan.
	Given     bool         `json:"given,omitempty"`
	Target    string       `json:"target"`
	Status    ActiveStatus `json:"status"`
	MatchedAt string       `json:"matched_at,omitempty"` // URL
	Failure   *Failure     `json:"failure,omitempty"`    // status failed or lost: why
}

// ActiveStatus is how one template ended.
type ActiveStatus string

// The ends.
const (
	ActiveMatched ActiveStatus = "matched"
	ActiveClean   ActiveStatus = "not-matched"
	ActiveFailed  ActiveStatus = "failed"
	ActiveLost    ActiveStatus = "lost" // the engine said nothing about it
)
