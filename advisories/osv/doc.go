// Package osv writes and reads vulnerabilities of packages in the Open Source
// Vulnerability format, version 1.6 (https://ossf.github.io/osv-schema/): one
// Record for each vulnerability that a Publication names packages for, and a
// Publication of a record of others.
//
// internal/app and advisories/sources import it; it imports advisories and leaves.
package osv
