// Package stixout turns a Publication into the STIX 2.1 objects that the hub
// shares: a report, and what it is about. What changes with a revision is a new
// version of the same object; what a revision no longer says is revoked.
//
// internal/app imports it, within the transaction that publishes; it imports
// advisories and leaves.
package stixout
