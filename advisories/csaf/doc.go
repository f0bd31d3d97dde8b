// Package csaf reads and checks advisories of the Common Security Advisory
// Framework, version 2.0 (OASIS standard of 18 November 2022): the document as
// plain structs, its parser for input from strangers, and the mandatory tests of
// clause 6.1, each named by its number. It also turns a Publication into such a
// document and back.
//
// internal/app, advisories/provider, advisories/sources and the edges import it;
// it imports advisories and leaves.
package csaf
