// Package match finds the advisories that concern an inventory of software: it
// reads inventories (CycloneDX, SPDX, CSV, a scan report's technologies) and
// looks their components up in an Index of publications. What is not certain is
// never said to be: a match is affected, possible or not affected, each with the
// reason, for which internal/i18n has words (match.reason.*).
//
// It compares identities by CPE, package URL or vendor and name, and versions by
// the ranges of package advisories. internal/app and commands may import it; it
// imports package advisories and leaves.
package match
