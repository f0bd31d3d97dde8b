// Package checks judges facts: pure functions from scanner.Facts to
// scanner.Finding, one file per family. No network, no clock, no prose: the
// words are in package rules.
//
// Imported by internal/app and tests.
package checks

import (
	"slices"

	"github.com/cybersec-infohub/infohub/rules/technologies"
	"github.com/cybersec-infohub/infohub/scanner"
)

// All returns every check; each judges one rule of the catalogue, and each
// rule has one check.
func All() []scanner.Check { return all(technologies.Shipped) }

// With is All, with another catalogue of technologies than the one that came
// with the program.
func With(c *technologies.Catalogue) []scanner.Check {
	return all(func() (*technologies.Catalogue, error) { return c, nil })
}

func all(known func() (*technologies.Catalogue, error)) []scanner.Check {
	return slices.Concat(webChecks(), technologyChecks(known), tlsChecks(), mailChecks(), dnsChecks(), exposureChecks())
}
