// Package sources brings in what others publish: CSAF documents from a provider,
// an aggregator or a folder, CISA's catalogue of exploited vulnerabilities (KEV),
// FIRST's estimates (EPSS), OSV records, and the bulletins of RSS, Atom and JSON
// feeds. All of it comes over internal/fetch, only when it changed, and is judged
// before it is handed on: one bad document is refused by name and stops no other.
//
// internal/app imports it; it imports advisories, its packages csaf and osv, and
// leaves. It stores nothing: State is for its caller to keep.
package sources
