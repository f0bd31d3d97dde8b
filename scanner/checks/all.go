// Package checks judges facts: pure functions from scanner.Facts to
// scanner.Finding, one file per family. No network, no clock, no prose: the
// words are in package rules.
//
// Imported by internal/app and tests.
package checks

import (
	"slices"

	"github.com/cybersec-infohub/infohub/scanner"
)

// All returns every check; each judges one rule of the catalogue, and each
// rule has one check.
func All() []scanner.Check {
	return slices.Concat(webChecks(), tlsChecks(), mailChecks(), dnsChecks(), exposureChecks())
}
