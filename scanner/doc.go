// Package scanner holds the nouns of a scan (Target, Facts, Probe, Check,
// Finding, Outcome, Grade, Report) and the engine that runs one:
//
//	Target -> probes collect Facts -> checks judge Facts -> grade -> Report
//
// It knows no rule's words, no protocol and no output format: probes
// (scanner/probe/...), checks (scanner/checks) and renderers (scanner/report)
// import it, and are handed to it by internal/app. It imports rules and the
// leaves under internal/ only.
package scanner
