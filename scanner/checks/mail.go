package checks

import (
	"slices"

	"github.com/cybersec-infohub/infohub/scanner"
)

// mailChecks are the checks of the family mail, in the order of mail.yaml.
func mailChecks() []scanner.Check {
	return slices.Concat(spfChecks(), dmarcChecks(), dkimChecks(), mxChecks(), starttlsChecks(), mailPolicyChecks())
}

// records is the evidence of a record set.
func records(at string, texts []string, extra ...string) []scanner.Evidence {
	var seen []scanner.Evidence
	for _, t := range texts {
		seen = append(seen, saw(at, "TXT "+t))
	}
	for _, x := range extra {
		seen = append(seen, saw(at, x))
	}
	return seen
}
